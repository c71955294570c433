#include "resolve/recover.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Recover, IsTheTableOfTheSafetyPage) {
    struct Row {
        Found found;
        Effect effect;
        bool approval_stands;
        RecoverAct act;
        const char* why;
    };
    using enum Found;
    using enum RecoverAct;
    const Row rows[] = {
        {never_seen, Effect::read, true, run, "it never happened"},
        {never_seen, Effect::idempotent, true, run, "the same attempt"},
        {never_seen, Effect::once, true, run, "its approval still stands"},
        {never_seen, Effect::read, false, ask_again, "nothing runs on a yes that is gone"},
        {never_seen, Effect::idempotent, false, ask_again, "nothing runs on a yes that is gone"},
        {never_seen, Effect::once, false, ask_again, "run only if approval still stands"},
        {outcome, Effect::read, true, use_outcome, "known"},
        {outcome, Effect::idempotent, true, use_outcome, "known"},
        {outcome, Effect::once, true, use_outcome, "known"},
        {outcome, Effect::read, false, use_outcome, "what has happened needs no approval"},
        {outcome, Effect::idempotent, false, use_outcome, "what has happened needs no approval"},
        {outcome, Effect::once, false, use_outcome, "what has happened needs no approval"},
        {seen_unknown, Effect::read, true, run_again, "reading twice does no harm"},
        {seen_unknown, Effect::idempotent, true, verify_else_retry, "one more attempt at most"},
        {seen_unknown, Effect::once, true, verify_else_escalate, "never again"},
        {seen_unknown, Effect::read, false, run_again, "reads need no approval"},
        {seen_unknown, Effect::idempotent, false, verify_else_retry, "looking needs no approval"},
        {seen_unknown, Effect::once, false, verify_else_escalate, "never again"},
        {still_running, Effect::read, true, wait, "it will end"},
        {still_running, Effect::idempotent, true, wait, "it will end"},
        {still_running, Effect::once, true, wait, "it will end"},
        {still_running, Effect::read, false, wait, "it will end"},
        {still_running, Effect::idempotent, false, wait, "it will end"},
        {still_running, Effect::once, false, wait, "it will end"},
    };
    EXPECT_EQ(std::size(rows), 4U * 3U * 2U) << "every cell";
    for (const Row& row : rows) {
        EXPECT_EQ(name_of(recover(row.found, row.effect, row.approval_stands)), name_of(row.act))
            << name_of(row.found) << ", " << name_of(row.effect) << ": " << row.why;
    }
}

TEST(Recover, LooksUpEveryIntentWithoutOutcome) {
    const auto action = [](const char* id, const char* state, bool http) {
        Action one;
        one.id = id;
        one.incident = "inc-1";
        one.state = state;
        one.intent = Json::object({{"http", http}});
        return one;
    };
    const auto list = unsettled({action("a", "verified", false), action("b", "intent", false),
                                 action("c", "running", false), action("d", "intent", true),
                                 action("e", "denied", false), action("f", "unknown", false)});
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].step_key, "b");
    EXPECT_FALSE(list[0].http);
    EXPECT_EQ(list[1].step_key, "d");
    EXPECT_TRUE(list[1].http) << "nobody else saw it";
}

}  // namespace
}  // namespace ops
