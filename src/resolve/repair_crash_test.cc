// The core is killed at every point of a repair, and again at every point of what follows. The
// executor, its disk and the services live on. Whatever happens: no step key has two effects, none
// without an intent (the theatre looks), and the repair comes to an end that is true.
#include <gtest/gtest.h>

#include <set>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::seconds;

enum class Fix { works, fails, works_at_second, breaks_another };

Entry entry_for(Effect effect, Fix fix) {
    Step collect;
    collect.kind = Step::Kind::collect;
    collect.collect = {command_text({"uptime"})};
    Step wait;
    wait.kind = Step::Kind::wait;
    wait.wait = seconds(10);
    Step verify;
    verify.kind = Step::Kind::verify;
    Entry entry = make_entry("restart", {collect, command_step({"fix", "{service}"}, effect), wait,
                                         command_step({"second"}, Effect::idempotent), verify});
    if (fix == Fix::breaks_another) entry.steps[1].undo = {command_text({"back"})};
    return entry;
}

struct Ending {
    int points = 0;
    std::string ending;
};

Ending play_with_kills(Effect effect, Fix fix, int first, int second) {
    Theatre t(entry_for(effect, fix));
    t.limits.attempts = 2;
    t.limits.soak = seconds(6);  // short, so that many can be tried
    t.limits.verify_timeout = seconds(8);
    int calls = 0;
    t.programs["fix"] = [&] {
        ++calls;
        t.well["web"] = fix == Fix::works || fix == Fix::breaks_another || calls > 1;
        if (fix == Fix::fails) t.well["web"] = false;
        if (fix == Fix::breaks_another) t.well["api"] = false;
        return Exit{};
    };
    t.programs["back"] = [&] {
        t.well["api"] = true;
        return Exit{};
    };
    int kills = 0;
    const int cuts[] = {first, second};
    t.points_left = cuts[0];
    bool begun = false;
    while (true) {
        try {
            if (!std::exchange(begun, true)) {
                t.begin();
            } else {
                t.play();
                break;
            }
        } catch (const CoreKilled&) {
            // Only the last thing may have been the end itself; then the journal must lead there
            // again.
            t.finished.reset();
            ++kills;
            t.points_left = kills < 2 ? cuts[kills] : -1;
            while (true) {
                try {
                    t.restart_core();
                    break;
                } catch (const CoreKilled&) {
                    t.finished.reset();
                    t.points_left = -1;
                    kills = 2;
                }
            }
        }
    }
    const std::string where = "effect " + std::string(name_of(effect)) + ", fix " +
                              std::to_string(static_cast<int>(fix)) + ", killed at " +
                              std::to_string(first) + " and " + std::to_string(second);
    std::set<std::string> keys;
    for (const LedgerLine& line : t.processes.ledger) {
        EXPECT_TRUE(keys.insert(line.step_key).second)
            << "twice: " << line.argv[0] << ", " << where;
    }
    EXPECT_TRUE(t.finished.has_value()) << where;
    const bool verified = t.ending() == "verified";
    EXPECT_EQ(verified, t.well["web"] && t.well["api"]) << where << ": " << t.ending();
    EXPECT_LE(t.ran("fix"), 2U) << where;
    for (const Action& action : t.actions()) {
        EXPECT_NE(action.state, "intent") << "left unsettled: " << where;
    }
    return {t.points, t.ending()};
}

class RepairCrash : public testing::TestWithParam<std::pair<Effect, Fix>> {};

TEST_P(RepairCrash, EndsTrulyWhereverTheCoreIsKilled) {
    const auto [effect, fix] = GetParam();
    const Ending calm = play_with_kills(effect, fix, -1, -1);
    ASSERT_GT(calm.points, 20);
    for (int first = 0; first < calm.points; ++first) {
        for (int second = -1; second < 30; second += 10) {
            play_with_kills(effect, fix, first, second + first % 10);
            if (HasFailure()) return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, RepairCrash,
                         testing::Values(std::pair(Effect::idempotent, Fix::works),
                                         std::pair(Effect::once, Fix::works),
                                         std::pair(Effect::once, Fix::fails),
                                         std::pair(Effect::idempotent, Fix::works_at_second),
                                         std::pair(Effect::once, Fix::works_at_second)));

// So that no budget stands in for what is to be shown.
void allow_many(Theatre& t) {
    t.limits.actions_per_hour = t.rules.rules.settings.limits.actions_per_hour = 100;
    t.limiter.set_limits(t.limits);
    t.open_executor();
}

// Nobody knows how things are then, whoever asks: no attempt is begun on top of it.
TEST(RepairCrash, AnUndoThatIsUnknownIsTheLastWordAfterARestartToo) {
    for (const bool restarts : {false, true}) {
        Entry entry = restart_entry();
        entry.undo = {command_text({"back"}), command_text({"back2"})};
        Theatre t(entry);
        allow_many(t);
        t.instead_of_executor = [&t](const Ticket& ticket) -> Result<TicketReply> {
            if (ticket.kind != TicketKind::undo || ticket.sub != 0) {
                return t.executor->execute(ticket);
            }
            TicketReply reply;
            reply.status = TicketReply::Status::unknown;
            reply.reason = "nobody saw how it ended";
            return reply;
        };
        t.programs["back2"] = [&t, restarts] {
            if (restarts) t.at(Duration(1), [&t] { t.restart_core(); });
            return Exit{};
        };
        t.begin();
        t.play();
        EXPECT_EQ(t.ending(), "gave up") << restarts;
        EXPECT_EQ(t.ran("back2"), 1U) << restarts;
        EXPECT_EQ(t.ran("fix"), 1U) << restarts;
    }
}

// As little is known of what was taken back in part.
TEST(RepairCrash, AnUndoThatFailedIsTheLastWordAfterARestartToo) {
    for (const bool restarts : {false, true}) {
        Entry entry = restart_entry();
        entry.undo = {command_text({"back"}), command_text({"back2"})};
        Theatre t(entry);
        allow_many(t);
        t.programs["back"] = [] { return exit_of(4); };
        t.programs["back2"] = [&t, restarts] {
            if (restarts) t.at(Duration(1), [&t] { t.restart_core(); });
            return Exit{};
        };
        t.begin();
        t.play();
        EXPECT_EQ(t.ending(), "gave up") << restarts;
        EXPECT_NE(t.finished->reason.find("it could not be undone"), std::string::npos)
            << t.finished->reason;
        EXPECT_EQ(t.ran("back2"), 1U) << restarts;
        EXPECT_EQ(t.ran("fix"), 1U) << restarts;
    }
}

// After an undo the world is as before: verified means well, and it is not.
TEST(RepairCrash, UndoesOnceWhereverTheCoreIsKilled) {
    const auto play = [](int first) {
        Theatre t(entry_for(Effect::idempotent, Fix::breaks_another));
        t.limits.attempts = 1;
        t.programs["fix"] = [&t] {
            t.well["web"] = true;
            t.well["api"] = false;
            return Exit{};
        };
        t.points_left = first;
        t.play_over_kills();
        EXPECT_EQ(t.ending(), "gave up") << first << ": " << t.finished->reason;
        EXPECT_EQ(t.ran("fix"), 1U) << first;
        EXPECT_EQ(t.ran("back"), 1U) << first;
        EXPECT_EQ(t.state_of("fix"), "undone") << first;
        return t.points;
    };
    const int points = play(-1);
    for (int first = 0; first < points; ++first) {
        play(first);
        if (HasFailure()) return;
    }
}

// One incident may see a second entry, proposed when the attempts of the first are spent. Where the
// first one stands says nothing about the second.
TEST(RepairCrash, GoesOnWithTheEntryThatIsUnderWayAndNoOther) {
    const auto second_of = [](Theatre& t) {
        t.begin();
        t.play();
        EXPECT_EQ(t.ending(), "gave up");
        EXPECT_EQ(t.ran("fix"), 3U);
        t.finished.reset();
        t.the_case.entry = make_entry("second", {command_step({"clear"}, Effect::once)});
        t.the_case.proposed = true;
        t.rules.rules.runbook.entries.push_back(t.the_case.entry);
        t.open_executor();
        t.programs["clear"] = [&t] {
            t.well["web"] = true;
            return Exit{};
        };
        t.begin();
        ASSERT_EQ(t.journal.back().body["state"].as_string(), "awaiting_approval");
    };
    const auto say_yes = [](Theatre& t) {
        for (auto event = t.journal.rbegin(); event != t.journal.rend(); ++event) {
            if (event->kind != "action.awaiting") continue;
            return t.give(RepairApproved{"ann", event->body["argv_sha256"].as_string()});
        }
    };
    const Entry first = make_entry("restart", {command_step({"fix", "{service}"})});
    Theatre waits(first);
    second_of(waits);
    waits.restart_core();
    EXPECT_EQ(waits.repair->phase(), "waiting for approval");
    say_yes(waits);
    waits.play();
    EXPECT_EQ(waits.ending(), "verified");
    EXPECT_EQ(waits.ran("clear"), 1U);

    Theatre ran(first);
    second_of(ran);
    say_yes(ran);
    ran.play(seconds(2));
    EXPECT_EQ(ran.ran("clear"), 1U);
    ran.restart_core();
    ran.play();
    EXPECT_EQ(ran.ending(), "verified");
    EXPECT_EQ(ran.ran("clear"), 1U);
    EXPECT_EQ(ran.state_of("clear"), "verified");
}

// Markers do not last for ever: that the executor does not know a step of long ago proves nothing.
TEST(RepairCrash, DoesNothingTwiceHoweverLateItIsLookedUp) {
    for (const int days : {5, 7, 8, 400}) {
        for (const bool sent : {true, false}) {
            Theatre t(make_entry("pay", {command_step({"pay"}, Effect::once)}));
            t.limits.attempts = 1;
            if (!sent) {
                t.instead_of_executor = [](const Ticket&) -> Result<TicketReply> {
                    return Error{Fault::timeout, "the core died"};
                };
            }
            t.begin();
            t.play(Duration(100));
            t.instead_of_executor = nullptr;
            t.clock.at += std::chrono::hours(24) * days + seconds(1);
            t.open_executor();
            t.restart_core();
            t.play();
            if (days == 5) {
                EXPECT_EQ(t.ran("pay"), 1U) << "its outcome is on disk, or it never ran";
                EXPECT_EQ(t.ending(), "gave up");
            } else {
                EXPECT_EQ(t.ran("pay"), sent ? 1U : 0U) << days;
                EXPECT_EQ(t.ending(), "unknown") << days;
            }
        }
    }
}

TEST(RepairCrash, TriesOnceMoreAfterAnUnknownOutcomeWhereverTheCoreIsKilled) {
    const auto play = [](int first) {
        Theatre t(make_entry("restart", {command_step({"fix", "{service}"})}));
        t.limits.verify_timeout = seconds(8);
        t.instead_of_executor = [&t, lost = true](const Ticket& ticket) mutable {
            if (!std::exchange(lost, false)) return t.executor->execute(ticket);
            // An executor of before the machine went down had begun it.
            t.mark_seen(ticket, "boot-0");
            return Result<TicketReply>(Error{Fault::timeout, "the executor went away"});
        };
        t.points_left = first;
        t.play_over_kills();
        EXPECT_EQ(t.ending(), "gave up") << first;
        EXPECT_EQ(t.ran("fix"), 1U) << first;
        EXPECT_EQ(t.repair->attempt(), 2) << first;
        return t.points;
    };
    const int points = play(-1);
    ASSERT_GT(points, 20);
    for (int first = 0; first < points; ++first) {
        play(first);
        if (HasFailure()) return;
    }
}

// Nobody but the core sees an http step, so the journal alone must keep it from being sent again.
TEST(RepairCrash, SendsAnHttpStepOnceWhereverTheCoreIsKilled) {
    Step http;
    http.kind = Step::Kind::http;
    http.http_method = "POST";
    http.http_url = "http://127.0.0.1:8080/gc";
    http.effect = Effect::once;
    const auto play = [&http](int first) {
        Theatre t(make_entry("post", {http}));
        int sent = 0;
        t.on_http = [&](const HttpRequest&) {
            ++sent;
            t.well["web"] = true;
            return HttpReply{204, {}, ""};
        };
        t.points_left = first;
        t.play_over_kills();
        EXPECT_LE(sent, 1) << first;
        EXPECT_EQ(t.ending(), sent == 1 ? "verified" : "unknown") << first;
        return t.points;
    };
    const int points = play(-1);
    ASSERT_GT(points, 5);
    for (int first = 0; first < points; ++first) {
        play(first);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace ops
