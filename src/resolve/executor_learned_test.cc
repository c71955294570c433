// What a core that is taken over gains by writing its data folder: nothing. The executor reads the
// learned file against the operator's own runbook.
#include <gtest/gtest.h>

#include "base/text.h"
#include "resolve/kit_for_test.h"
#include "resolve/plan.h"

namespace ops {
namespace {

using std::chrono::seconds;

constexpr const char* kLearned =
    "common_issues:\n"
    "  - name: taught\n"
    "    learned: true\n"
    "    autonomy: auto\n"
    "    symptoms: [service == \"web\", memory_usage > 90%]\n"
    "    auto_resolve:\n"
    "      - command: systemctl reload web\n";

struct Tampered {
    Power power;
    HandClock clock;
    MemoryFiles files{power};
    LedgerProcesses processes{power, clock};
    RuleFiles rules{files, "/etc/ops/ops-agent.yaml",
                    [](const std::string&) { return std::nullopt; }};
    ExecutorConfig config{"/own/executor", "/etc/ops/var", {}, false, "", "", {}};
    std::unique_ptr<Executor> executor;
    uint64_t tickets = 0;

    Tampered() {
        files.contents["/etc/ops/ops-agent.yaml"] =
            "hosts: [{name: here, local: true}]\n"
            "services:\n"
            "  - {name: web, host: here, check: {http: \"http://127.0.0.1/\"}}\n"
            "  - {name: api, host: here, check: {http: \"http://127.0.0.1/\"}}\n";
        files.contents["/etc/ops/runbook.yaml"] =
            "common_issues:\n"
            "  - name: reload\n"
            "    symptoms: [service == \"web\", http_status == 500]\n"
            "    auto_resolve:\n"
            "      - command: systemctl reload web\n";
        files.contents["/etc/ops/var/state.db"] = "x";
        auto opened = Executor::open(files, processes, clock, rules, config);
        EXPECT_TRUE(opened.ok());
        executor = std::move(opened).value();
    }
    void learned(const std::string& text) {
        files.contents["/etc/ops/var/runbook.learned.yaml"] = text;
    }
    // A ticket as somebody makes it who knows what the learned file says, and believes all of it.
    TicketReply execute(const std::string& text, const std::string& target = "web") {
        Problems problems;
        const Settings settings = read_settings_leniently(
            {{"x", files.contents["/etc/ops/ops-agent.yaml"]}}, {}, problems);
        const auto believed = read_runbook({"x", text}, settings, problems);
        EXPECT_TRUE(believed.has_value()) << problems.print();
        const Entry& entry = believed->entries.at(0);
        Ticket ticket;
        ticket.kind = TicketKind::run;
        ticket.incident = "inc-" + std::to_string(++tickets);
        ticket.entry = entry.name;
        ticket.entry_sha256 = entry.sha256;
        const auto own =
            read_runbook({"y", files.contents["/etc/ops/runbook.yaml"]}, settings, problems);
        const auto derived = derive_learned(entry, *own, settings);
        if (derived.ok()) ticket.entry_sha256 = derived.value().sha256;
        ticket.target = target;
        ticket.epoch = 1;
        ticket.not_after = clock.at + seconds(60);
        const auto planned = plan_command(entry, TicketKind::run, 0, 0, target, settings.inventory);
        if (planned.ok()) ticket.argv_sha256 = planned.value().argv_sha256;
        const auto reply = executor->execute(ticket);
        EXPECT_TRUE(reply.ok());
        return reply.ok() ? reply.value() : TicketReply{};
    }
};

TEST(ExecutorLearned, RunsAStepThatTheOperatorWrote) {
    Tampered rig;
    rig.learned(kLearned);
    const TicketReply reply = rig.execute(kLearned);
    EXPECT_EQ(reply.status, TicketReply::Status::done) << reply.reason;
    ASSERT_EQ(rig.processes.ledger.size(), 1u);
    EXPECT_EQ(rig.processes.ledger[0].argv,
              (std::vector<std::string>{"systemctl", "reload", "web"}));
}

TEST(ExecutorLearned, RunsNothingElseWhateverTheFileSays) {
    struct Row {
        const char* why;
        std::string from, to;
        const char* target = "web";
    };
    const Row rows[] = {
        {"words of its own", "systemctl reload web", "rm -rf /srv"},
        {"one word more", "systemctl reload web", "systemctl reload web api"},
        {"another program of that name", "systemctl reload web", "/tmp/systemctl reload web"},
        {"a shell", "systemctl reload web", "systemctl reload web\n        shell: true"},
        {"another user", "systemctl reload web", "systemctl reload web\n        as: root"},
        {"an undo", "systemctl reload web", "systemctl reload web\n        undo: rm -rf /srv"},
        {"a target that the operator's entry is not about", "\"web\"", "\"api\"", "api"},
        {"any target", "service == \"web\", ", ""},
        {"the name of the operator's entry, with other words", "taught", "reload"},
        {"no rung, which would be the highest", "    autonomy: auto\n", ""},
        {"in shadow", "autonomy: auto", "autonomy: shadow"},
        {"asked, and nobody said yes", "autonomy: auto", "autonomy: ask"},
    };
    for (const Row& row : rows) {
        Tampered rig;
        std::string text = replace_all(kLearned, row.from, row.to);
        if (row.to == "reload") text = replace_all(text, "systemctl reload web", "reboot");
        ASSERT_NE(text, kLearned) << row.why;
        rig.learned(text);
        const TicketReply reply = rig.execute(text, row.target);
        EXPECT_EQ(reply.status, TicketReply::Status::refused) << row.why;
        EXPECT_TRUE(rig.processes.ledger.empty()) << row.why;
    }
}

// The file is looked at for each ticket: what was good before is worth nothing.
TEST(ExecutorLearned, SeesAChangeOfTheFileAndOfTheRunbook) {
    Tampered rig;
    rig.learned(kLearned);
    EXPECT_EQ(rig.execute(kLearned).status, TicketReply::Status::done);
    std::string& runbook = rig.files.contents["/etc/ops/runbook.yaml"];
    const std::string before = runbook;
    runbook = replace_all(runbook, "systemctl reload web", "systemctl restart web");
    EXPECT_EQ(rig.execute(kLearned).status, TicketReply::Status::refused)
        << "the operator took the step out of his own entry";
    runbook = before;
    rig.clock.at += std::chrono::hours(2);
    EXPECT_EQ(rig.execute(kLearned).status, TicketReply::Status::done);
    rig.learned("common_issues: [");
    EXPECT_EQ(rig.execute(kLearned).status, TicketReply::Status::refused);
    EXPECT_EQ(rig.processes.ledger.size(), 2u);
}

// A learned file of rubbish takes nothing from the operator.
TEST(ExecutorLearned, DoesNotStandInTheWayOfTheRunbook) {
    Tampered rig;
    for (const char* const text : {"common_issues: [", "- a", "\xff\xfe", ""}) {
        rig.learned(text);
        const std::string own = replace_all(
            replace_all(rig.files.contents["/etc/ops/runbook.yaml"], "\r", ""), "\t", "");
        EXPECT_EQ(rig.execute(own).status, TicketReply::Status::done) << text;
        rig.clock.at += std::chrono::hours(2);
    }
}

}  // namespace
}  // namespace ops
