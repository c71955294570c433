#include "resolve/limiter.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <set>

#include "resolve/kit_for_test.h"

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Verdict = BudgetAnswer::Verdict;

const Time kStart = Time(hours(24 * 365 * 50));

// A journal and the limiter that was fed with it.
struct Book {
    Limits limits;
    Inventory inventory = make_inventory();
    Entry entry = make_entry("restart", {});
    Limiter limiter{limits};
    std::vector<Event> journal;
    Time now = kStart;
    int made = 0;

    void add(Event event) {
        limiter.apply(event);
        journal.push_back(std::move(event));
    }
    void restart() {
        limiter = Limiter(limits);
        for (const Event& event : journal) limiter.apply(event);
    }
    std::string intent(const std::string& target, const std::string& incident, int attempt = 1,
                       bool undo = false) {
        const std::string key = "key-" + std::to_string(made++);
        Event event;
        event.at = now;
        event.kind = "action.intent";
        event.incident = incident;
        event.target = target;
        event.body = Json::object({{"action", key},
                                   {"entry", entry.name},
                                   {"attempt", attempt},
                                   {"kind", undo ? "undo" : "run"},
                                   {"undo", undo},
                                   {"risk", name_of(entry.risk)}});
        add(std::move(event));
        return key;
    }
    void settle(const std::string& key, const std::string& kind) {
        Event event;
        event.at = now;
        event.kind = kind;
        event.body = Json::object({{"action", key}});
        add(std::move(event));
    }
    void health(const std::string& target, const std::string& status) {
        Event event;
        event.at = now;
        event.kind = "target.changed";
        event.target = target;
        event.body = Json::object({{"status", status}});
        add(std::move(event));
    }
    BudgetAnswer ask(const std::string& target, const std::string& incident, int attempt = 1,
                     int actions = 1, bool undo = false) const {
        return limiter.ask({.entry = entry,
                            .incident = incident,
                            .target = target,
                            .attempt = attempt,
                            .actions = actions,
                            .undo = undo,
                            .now = now},
                           inventory);
    }
    void repair(const std::string& target, const std::string& incident, int attempt = 1,
                const std::string& verdict = "action.verified") {
        settle(intent(target, incident, attempt), verdict);
    }
};

TEST(Limiter, CountsActionsAnHourAndADay) {
    Book book;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(book.ask("web", "i" + std::to_string(i)).verdict, Verdict::room) << i;
        book.repair("web", "i" + std::to_string(i));
        book.now += minutes(5);
    }
    const BudgetAnswer spent = book.ask("web", "i5");
    EXPECT_EQ(spent.verdict, Verdict::spent);
    EXPECT_EQ(spent.again_at, kStart + hours(1)) << "when the first is an hour old";
    EXPECT_NE(spent.reason.find("actions_per_hour"), std::string::npos) << spent.reason;
    EXPECT_EQ(book.ask("api", "i5").verdict, Verdict::room) << "each target has its own";
    book.now = kStart + hours(1);
    EXPECT_EQ(book.ask("web", "i5").verdict, Verdict::room);
    EXPECT_EQ(book.ask("web", "i5", 1, 2).verdict, Verdict::spent) << "not for two";
    for (int i = 5; i < 10; ++i) {
        book.now += hours(1);
        book.repair("web", "i" + std::to_string(i));
    }
    book.now += hours(2);
    const BudgetAnswer day = book.ask("web", "i10");
    EXPECT_EQ(day.verdict, Verdict::spent);
    EXPECT_EQ(day.again_at, kStart + hours(24));
    EXPECT_EQ(book.ask("web", "i11", 1, 6).again_at, std::nullopt) << "six can never be made";
}

TEST(Limiter, CountsWhatRanOnly) {
    Book book;
    for (int i = 0; i < 20; ++i) {
        book.repair("web", "i" + std::to_string(i), 1, "action.denied");
    }
    EXPECT_EQ(book.ask("web", "j").verdict, Verdict::room) << "nothing ran";
    // The same key again after a refusal is one action.
    const std::string key = book.intent("web", "j");
    book.settle(key, "action.denied");
    Event again = book.journal[book.journal.size() - 2];
    book.add(again);
    EXPECT_EQ(book.ask("web", "k").verdict, Verdict::wait) << "it is open again";
    book.add(again);
    book.settle(key, "action.verified");
    EXPECT_EQ(book.ask("web", "k", 1, 4).verdict, Verdict::room) << "counted once";
    EXPECT_EQ(book.ask("web", "k", 1, 5).verdict, Verdict::spent);
}

TEST(Limiter, AClockThatGoesBackFreesNothing) {
    Book book;
    for (int i = 0; i < 5; ++i) book.repair("web", "i" + std::to_string(i));
    book.now -= hours(3);
    EXPECT_EQ(book.ask("web", "j").verdict, Verdict::spent);
}

TEST(Limiter, OneActionAtATimeOnATarget) {
    Book book;
    const std::string key = book.intent("web", "i1");
    EXPECT_EQ(book.ask("web", "i2").verdict, Verdict::wait);
    EXPECT_EQ(book.ask("web", "i1").verdict, Verdict::room) << "the next step of the same repair";
    book.settle(key, "action.outcome");
    EXPECT_EQ(book.ask("web", "i2").verdict, Verdict::wait) << "an outcome is no verdict";
    book.settle(key, "action.unknown");
    EXPECT_EQ(book.ask("web", "i2").verdict, Verdict::wait) << "unknown is no verdict";
    book.restart();
    EXPECT_EQ(book.ask("web", "i2").verdict, Verdict::wait);
    Event resolved;
    resolved.kind = "incident.resolved";
    resolved.incident = "i1";
    book.add(resolved);
    EXPECT_EQ(book.ask("web", "i2").verdict, Verdict::room) << "a person has looked at it";
    const std::string undo = book.intent("web", "i3", 1, true);
    EXPECT_EQ(book.ask("web", "i4").verdict, Verdict::wait);
    EXPECT_EQ(book.ask("web", "i4", 1, 1, true).verdict, Verdict::wait) << "an undo waits too";
    book.settle(undo, "action.outcome");
    EXPECT_EQ(book.ask("web", "i4").verdict, Verdict::room) << "an undo ends with its outcome";
}

TEST(Limiter, OneDestructiveActionInTheFleet) {
    Book book;
    book.entry.risk = Risk::destructive;
    const std::string key = book.intent("web", "i1");
    EXPECT_EQ(book.ask("api", "i2").verdict, Verdict::wait);
    book.entry.risk = Risk::high;
    EXPECT_EQ(book.ask("api", "i2").verdict, Verdict::room) << "it is about destructive ones";
    book.entry.risk = Risk::destructive;
    book.settle(key, "action.verified");
    EXPECT_EQ(book.ask("api", "i2").verdict, Verdict::room);
}

TEST(Limiter, AGroupOneAfterAnotherAndAtMostHalf) {
    Book book;
    const std::string key = book.intent("worker_1", "i1");
    EXPECT_EQ(book.ask("worker_2", "i2").verdict, Verdict::wait);
    EXPECT_EQ(book.ask("web", "i3").verdict, Verdict::room) << "of no group";
    book.settle(key, "action.failed");
    const BudgetAnswer failed = book.ask("worker_2", "i2");
    EXPECT_EQ(failed.verdict, Verdict::wait) << "each verified before the next";
    EXPECT_EQ(failed.again_at, kStart + minutes(10));
    EXPECT_EQ(book.ask("worker_1", "i1", 2).verdict, Verdict::room) << "its own next attempt";
    book.repair("worker_1", "i1", 2);
    EXPECT_EQ(book.ask("worker_2", "i2").verdict, Verdict::room);
    book.repair("worker_2", "i2");
    book.now += minutes(1);
    book.repair("worker_3", "i3");
    EXPECT_EQ(book.ask("worker_3", "i9").verdict, Verdict::room) << "one of the three";
    const BudgetAnswer half = book.ask("worker_4", "i4");
    EXPECT_EQ(half.verdict, Verdict::spent) << "three of six";
    EXPECT_EQ(half.again_at, kStart + minutes(10));
    book.restart();
    EXPECT_EQ(book.ask("worker_4", "i4").verdict, Verdict::spent);
    book.now = kStart + minutes(10);
    EXPECT_EQ(book.ask("worker_4", "i4").verdict, Verdict::room);
}

TEST(Limiter, OfAGroupWhatDidNotRunAndWhatWasTakenBackAreNoRepairs) {
    Book refused;
    refused.settle(refused.intent("worker_1", "i1"), "action.denied");
    EXPECT_EQ(refused.ask("worker_2", "i2").verdict, Verdict::room);
    Book undone;
    undone.repair("worker_1", "i1");
    undone.settle(undone.intent("worker_1", "i1", 1, true), "action.failed");
    EXPECT_EQ(undone.ask("worker_2", "i2").verdict, Verdict::room) << "the verdict was before";
}

TEST(Limiter, WhoseRepairBeganInAGroupGoesOnThoughTheShareIsLessNow) {
    Book book;
    for (const char* const worker : {"worker_1", "worker_2", "worker_3"}) {
        book.repair(worker, std::string("of ") + worker);
    }
    book.limits.group_share_percent = 1;
    book.limiter.set_limits(book.limits);
    EXPECT_EQ(book.ask("worker_3", "of worker_3").verdict, Verdict::room);
    EXPECT_EQ(book.ask("worker_4", "i4").verdict, Verdict::spent);
    book.now += minutes(10);
    EXPECT_EQ(book.ask("worker_4", "i4").verdict, Verdict::room) << "one at least";
}

TEST(Limiter, APersonWhoClosesAnIncidentLetsItsGroupGoOn) {
    for (const char* const by : {"human", "self"}) {
        Book book;
        book.settle(book.intent("worker_1", "i1"), "action.failed");
        const BudgetAnswer held = book.ask("worker_2", "i2");
        EXPECT_EQ(held.verdict, Verdict::wait);
        EXPECT_NE(held.reason.find("resolve i1"), std::string::npos) << "says what ends it";
        Event resolved;
        resolved.kind = "incident.resolved";
        resolved.incident = "i1";
        resolved.body = Json::object({{"by", by}});
        book.add(resolved);
        const bool is_person = resolved.body["by"].as_string() == "human";
        EXPECT_EQ(book.ask("worker_2", "i2").verdict, is_person ? Verdict::room : Verdict::wait);
        book.restart();
        EXPECT_EQ(book.ask("worker_2", "i2").verdict, is_person ? Verdict::room : Verdict::wait);
    }
}

TEST(Limiter, WhatAnEntrySaysOfItself) {
    Book book;
    book.entry.cooldown = minutes(30);
    book.entry.max_per_hour = 2;
    book.entry.max_per_day = 3;
    book.repair("web", "i1");
    EXPECT_EQ(book.ask("web", "i1", 2).verdict, Verdict::room) << "back-off is for attempts";
    const BudgetAnswer cooling = book.ask("web", "i2");
    EXPECT_EQ(cooling.verdict, Verdict::spent);
    EXPECT_EQ(cooling.again_at, kStart + minutes(30));
    EXPECT_EQ(book.ask("api", "i3").verdict, Verdict::room) << "another target";
    book.repair("api", "i3");
    EXPECT_EQ(book.ask("api", "i3").verdict, Verdict::room) << "a later step of that attempt";
    EXPECT_EQ(book.ask("worker_1", "i4").verdict, Verdict::room) << "what others took is theirs";
    book.now += minutes(40);
    book.repair("web", "i4");
    EXPECT_EQ(book.ask("web", "i4", 2).verdict, Verdict::spent) << "two an hour";
    EXPECT_EQ(book.ask("worker_1", "i5").verdict, Verdict::room) << "on one target";
    book.now += hours(2);
    book.repair("web", "i6");
    book.now += hours(2);
    const BudgetAnswer day = book.ask("web", "i7");
    EXPECT_EQ(day.verdict, Verdict::spent) << "three a day";
    EXPECT_EQ(day.again_at, kStart + hours(24));
}

TEST(Limiter, AttemptsAreForgottenAfterHealth) {
    Book book;
    book.repair("web", "i1", 1, "action.failed");
    book.repair("web", "i1", 2, "action.failed");
    book.repair("web", "i1", 3, "action.denied");
    EXPECT_EQ(book.limiter.attempts("web", "i2", book.now), 2);
    EXPECT_EQ(book.limiter.attempts("web", "i1", book.now), 0) << "its own count itself";
    book.now += minutes(1);
    book.health("web", "up");
    book.now += minutes(9);
    EXPECT_EQ(book.limiter.attempts("web", "i2", book.now), 2) << "not well for long enough";
    book.health("web", "down");
    book.now += minutes(1);
    book.health("web", "up");
    book.now += minutes(10);
    EXPECT_EQ(book.limiter.attempts("web", "i2", book.now), 0);
    book.health("web", "down");
    EXPECT_EQ(book.limiter.attempts("web", "i2", book.now), 0) << "that health counts for good";
    book.repair("web", "i3");
    book.restart();
    EXPECT_EQ(book.limiter.attempts("web", "i4", book.now), 1);
}

// --- the property: whatever happens, and however often it is restarted, no bound is exceeded ---

struct Ran {
    std::string key, incident, target;
    int attempt;
    Time at;
    bool open = true, refused = false;
};

// The bounds, said once more in the plainest way, over all that ran.
void check_bounds(const Book& book, const std::vector<Ran>& all, const Ran& newest) {
    int hour = 0, day = 0;
    std::set<std::string> members;
    for (const Ran& ran : all) {
        if (ran.refused) continue;
        const Duration age = newest.at - ran.at;
        if (ran.target == newest.target) {
            hour += age < hours(1) ? 1 : 0;
            day += age < hours(24) ? 1 : 0;
            if (ran.key != newest.key && ran.open) {
                RC_ASSERT(ran.incident == newest.incident);
            }
        }
        const bool worker = ran.target.starts_with("worker") && newest.target.starts_with("worker");
        if (worker && age < minutes(10)) members.insert(ran.target);
        if (worker && ran.open) {
            RC_ASSERT(ran.target == newest.target);
        }
    }
    RC_ASSERT(hour <= book.limits.actions_per_hour);
    RC_ASSERT(day <= book.limits.actions_per_day);
    RC_ASSERT(members.size() <= 3U);
}

void any_life() {
    Book book;
    std::vector<Ran> all;
    const std::vector<std::string> targets{"web",      "api",      "worker_1", "worker_2",
                                           "worker_3", "worker_4", "worker_5", "worker_6"};
    const int steps = *rc::gen::inRange(1, 250);
    for (int i = 0; i < steps; ++i) {
        const int what = *rc::gen::inRange(0, 12);
        if (what < 6) {
            const std::string target = *rc::gen::elementOf(targets);
            const int number = *rc::gen::inRange(0, 4);
            const std::string incident = "inc-" + target + std::to_string(number);
            const int attempt = *rc::gen::inRange(1, 4);
            if (book.ask(target, incident, attempt).verdict != Verdict::room) continue;
            all.push_back(
                {book.intent(target, incident, attempt), incident, target, attempt, book.now});
            check_bounds(book, all, all.back());
        } else if (what < 10) {
            for (Ran& ran : all) {
                if (!ran.open || *rc::gen::inRange(0, 3) == 0) continue;
                const int verdict = *rc::gen::inRange(0, 4);
                ran.open = false;
                ran.refused = verdict == 3;
                const char* kinds[] = {"action.verified", "action.verified", "action.failed",
                                       "action.denied"};
                book.settle(ran.key, kinds[verdict]);
            }
        } else if (what == 10) {
            const int jump = *rc::gen::inRange(0, 4);
            const Duration jumps[] = {seconds(10), minutes(3), minutes(30), hours(5)};
            book.now += jumps[jump];
            book.limiter.forget_old(book.now);
        } else {
            std::vector<Verdict> before, after;
            for (const std::string& target : targets) {
                before.push_back(book.ask(target, "x").verdict);
            }
            book.restart();
            for (const std::string& target : targets)
                after.push_back(book.ask(target, "x").verdict);
            RC_ASSERT(before == after);
        }
    }
}

TEST(Limiter, NoBoundIsExceededAcrossRestarts) {
    EXPECT_TRUE(rc::check("no bound is exceeded across restarts", any_life));
}

}  // namespace
}  // namespace ops
