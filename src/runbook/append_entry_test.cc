#include "runbook/append_entry.h"

#include <gtest/gtest.h>

#include <ostream>

namespace ops {
namespace {

const std::string kBlock = "  - name: New\n    symptoms:\n      - up == false\n";

struct Case {
    std::string why, runbook, want;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.why; }

class AppendEntry : public testing::TestWithParam<Case> {};

TEST_P(AppendEntry, LeavesEveryOtherByte) {
    const Result<std::string> made = append_entry(GetParam().runbook, kBlock);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, AppendEntry,
    testing::Values(
        Case{"at the end of the file", "common_issues:\n  - name: Old\n    x: 1\n",
             "common_issues:\n  - name: Old\n    x: 1\n" + kBlock},
        Case{"before what follows, with its comment",
             "# mine\ncommon_issues:  # all\n  - name: Old\n\n# who is told\nescalation: []\n",
             "# mine\ncommon_issues:  # all\n  - name: Old\n" + kBlock +
                 "\n# who is told\nescalation: []\n"},
        Case{"no newline at the end", "common_issues:\n  - name: Old",
             "common_issues:\n  - name: Old\n" + kBlock},
        Case{"items at the margin", "common_issues:\n- name: Old\n  x: 1\ntests:\n- name: t\n",
             "common_issues:\n- name: Old\n  x: 1\n- name: New\n  symptoms:\n    - up == false\n"
             "tests:\n- name: t\n"},
        Case{"items far in", "common_issues:\n    - name: Old\n",
             "common_issues:\n    - name: Old\n    - name: New\n      symptoms:\n        - up == "
             "false\n"},
        Case{"an empty list", "common_issues:\nescalation: []\n",
             "common_issues:\n" + kBlock + "escalation: []\n"},
        Case{"an empty list in brackets", "common_issues: []  # none yet\nescalation: []\n",
             "common_issues:  # none yet\n" + kBlock + "escalation: []\n"},
        Case{"a comment within the list", "common_issues:\n  - name: A\n# note\n  - name: B\n",
             "common_issues:\n  - name: A\n# note\n  - name: B\n" + kBlock}));

TEST(AppendEntry, RefusesWhatItCannotKeep) {
    for (const char* text :
         {"", "tests: []\n", "common_issues: [{name: a}]\n", "common_issues: [] x"}) {
        EXPECT_FALSE(append_entry(text, kBlock).ok()) << text;
    }
}

}  // namespace
}  // namespace ops
