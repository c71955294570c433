#include "resolve/executor.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/hash.h"
#include "resolve/rig_for_test.h"
#include "runbook/diagnostics.h"

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Status = TicketReply::Status;
using What = Seen::What;

TEST(Executor, RunsWhatTheOperatorWroteAndRemembers) {
    Rig rig;
    rig.processes.on_run = [](const Command&) {
        Exit exit;
        exit.code = 3;
        exit.output = "no";
        return exit;
    };
    const Ticket ticket = rig.ticket("restart");
    EXPECT_EQ(rig.must_look(ticket).what, What::never);
    const TicketReply reply = rig.must_execute(ticket);
    ASSERT_EQ(reply.status, Status::done) << reply.reason;
    EXPECT_EQ(reply.exit->code, 3);
    ASSERT_EQ(rig.processes.ledger.size(), 1U);
    EXPECT_EQ(rig.processes.ledger[0].argv,
              (std::vector<std::string>{"systemctl", "restart", "web"}));
    const TicketReply again = rig.must_execute(ticket);
    EXPECT_EQ(again.refusal, Refusal::seen);
    rig.open();
    EXPECT_EQ(rig.must_execute(ticket).refusal, Refusal::seen) << "after a restart, too";
    const Seen seen = rig.must_look(ticket);
    ASSERT_EQ(seen.what, What::done);
    EXPECT_EQ(seen.exit->output, "no");
    EXPECT_EQ(rig.processes.ledger.size(), 1U);
}

TEST(Executor, RefusesWhatItMust) {
    struct Row {
        const char* why;
        std::function<Ticket(Rig&)> prepare;
        Refusal refusal;
    };
    const Row rows[] = {
        {"an older core",
         [](Rig& r) {
             EXPECT_EQ(r.must_execute(r.ticket("restart", "api")).status, Status::done);
             r.processes.ledger.clear();
             Ticket t = r.ticket("restart");
             t.epoch = 4;
             return t;
         },
         Refusal::epoch},
        {"an older core, told by a look",
         [](Rig& r) {
             EXPECT_TRUE(r.executor->look({std::string(64, 'a'), 9}).ok());
             r.open();
             return r.ticket("restart");
         },
         Refusal::epoch},
        {"expired",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             r.clock.at = t.not_after;
             return t;
         },
         Refusal::expired},
        {"good for too long",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.not_after = r.clock.at + hours(1);
             return t;
         },
         Refusal::expired},
        {"paused",
         [](Rig& r) {
             EXPECT_TRUE(r.executor->set_paused(true, "ann").ok());
             return r.ticket("restart");
         },
         Refusal::paused},
        {"paused by touch",
         [](Rig& r) {
             r.files.contents["/data/pause"] = "";
             return r.ticket("restart");
         },
         Refusal::paused},
        {"the kill switch cannot be read",
         [](Rig& r) {
             r.files.unreadable = "/data";
             return r.ticket("restart");
         },
         Refusal::paused},
        {"the entry was changed",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             r.rules.rules.runbook.entries[0].sha256 = sha256_hex("changed");
             r.rules.changed = true;
             return t;
         },
         Refusal::entry},
        {"no such entry",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.entry = "invented";
             return t;
         },
         Refusal::entry},
        {"a disabled entry", [](Rig& r) { return r.ticket("off"); }, Refusal::entry},
        {"no runbook could ever be read",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             r.rules.failing = true;
             r.executor =
                 std::move(Executor::open(r.files, r.processes, r.clock, r.rules, r.config))
                     .value();
             return t;
         },
         Refusal::entry},
        {"no such step", [](Rig& r) { return r.ticket("restart", "web", 9); }, Refusal::step},
        {"a negative step",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.step = -1;
             return t;
         },
         Refusal::step},
        {"a step that runs nothing", [](Rig& r) { return r.ticket("restart", "web", 2); },
         Refusal::step},
        {"a step that runs once, again",
         [](Rig& r) { return r.ticket("restart", "web", 0, TicketKind::run, 1); }, Refusal::step},
        {"a step of another kind",
         [](Rig& r) { return r.ticket("restart", "web", 0, TicketKind::collect); }, Refusal::step},
        {"an http step", [](Rig& r) { return r.ticket("restart", "web", 3); }, Refusal::step},
        {"an undo of what was not done",
         [](Rig& r) { return r.ticket("restart", "web", 0, TicketKind::undo); }, Refusal::step},
        {"a target outside",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.target = "elsewhere";
             return t;
         },
         Refusal::target},
        {"a target like an option",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.target = "-rf";
             return t;
         },
         Refusal::target},
        {"other words than were journaled",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.argv_sha256 = sha256_hex("rm -rf /");
             return t;
         },
         Refusal::argv},
        {"observe",
         [](Rig& r) {
             r.rules.rules.settings.agent.mode = Mode::observe;
             r.rules.changed = true;
             return r.ticket("restart");
         },
         Refusal::policy},
        {"a member of a systemic incident",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.systemic = true;
             return t;
         },
         Refusal::policy},
        {"too many attempts",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.attempt = 4;
             return t;
         },
         Refusal::budget},
        {"no approval", [](Rig& r) { return r.ticket("risky"); }, Refusal::approval},
        {"proposed by a model, without a yes",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             t.proposed = true;
             return t;
         },
         Refusal::approval},
        {"an approval of other words",
         [](Rig& r) {
             Ticket t = r.ticket("risky");
             t.approval = r.approval(r.ticket("risky", "api"), {"ann"});
             return t;
         },
         Refusal::approval},
        {"one approver of two",
         [](Rig& r) {
             Ticket t = r.ticket("fatal");
             t.approval = r.approval(t, {"ann"});
             return t;
         },
         Refusal::approval},
        {"an old approval",
         [](Rig& r) {
             Ticket t = r.ticket("risky");
             t.approval = r.approval(t, {"ann"});
             t.approval->at = r.clock.at - minutes(11);
             return t;
         },
         Refusal::approval},
        {"an approval used before, by another attempt",
         [](Rig& r) {
             Ticket t = r.ticket("risky");
             t.approval = r.approval(t, {"ann"});
             EXPECT_EQ(r.must_execute(t).status, Status::done);
             r.processes.ledger.clear();
             r.open();
             t.attempt = 2;
             return t;
         },
         Refusal::approval},
        {"the epoch cannot be written",
         [](Rig& r) {
             r.files.fail_write_after = 0;
             return r.ticket("restart");
         },
         Refusal::disk},
        {"the marker cannot be written",
         [](Rig& r) {
             r.files.fail_write_after = 1;
             return r.ticket("restart");
         },
         Refusal::disk},
        {"the marker cannot be looked for",
         [](Rig& r) {
             Ticket t = r.ticket("restart");
             r.files.unreadable = "/data/executor/" + step_key(t) + ".seen";
             return t;
         },
         Refusal::disk},
        {"it is about to end",
         [](Rig& r) {
             r.executor->drain();
             return r.ticket("restart");
         },
         Refusal::stopping},
    };
    for (const Row& row : rows) {
        Rig rig;
        const Ticket ticket = row.prepare(rig);
        const TicketReply reply = rig.must_execute(ticket);
        EXPECT_EQ(reply.status, Status::refused) << row.why;
        EXPECT_EQ(name_of(reply.refusal), name_of(row.refusal)) << row.why << ": " << reply.reason;
        EXPECT_TRUE(rig.processes.ledger.empty()) << row.why;
        EXPECT_FALSE(rig.files.contents.contains("/data/executor/" + step_key(ticket) + ".seen"))
            << row.why;
    }
}

TEST(Executor, GoesOnUnderOneApprovalForOneAttempt) {
    Rig rig;
    rig.rules.rules.runbook.entries[0].risk = Risk::high;
    rig.open();
    Ticket first = rig.ticket("restart"), second = rig.ticket("restart", "web", 1);
    first.approval = second.approval = rig.approval(first, {"ann"});
    EXPECT_EQ(rig.must_execute(first).status, Status::done);
    rig.clock.at += minutes(15);
    rig.open();
    second.not_after = rig.clock.at + seconds(30);
    EXPECT_EQ(rig.must_execute(second).status, Status::done) << "the plan was begun in time";
}

TEST(Executor, UndoesOnlyWhatWasDone) {
    Rig rig;
    EXPECT_EQ(rig.must_execute(rig.ticket("restart")).status, Status::done);
    EXPECT_EQ(rig.must_execute(rig.ticket("restart", "web", 0, TicketKind::undo)).status,
              Status::done);
    Ticket other = rig.ticket("restart", "web", 0, TicketKind::undo);
    other.attempt = 2;
    EXPECT_EQ(rig.must_execute(other).refusal, Refusal::step) << "of this attempt";
    ASSERT_EQ(rig.processes.ledger.size(), 2U);
    EXPECT_EQ(rig.processes.ledger[1].argv[1], "start");
}

TEST(Executor, CollectsEvidenceInAnyOrder) {
    Rig rig;
    rig.rules.rules.settings.agent.mode = Mode::ask;
    rig.open();
    for (const int sub : {1, 0}) {
        EXPECT_EQ(
            rig.must_execute(rig.ticket("restart", "web", 2, TicketKind::collect, sub)).status,
            Status::done);
    }
    EXPECT_EQ(rig.processes.ledger[0].argv[0], "free");
}

TEST(Executor, KeepsItsOwnBudgetOverRestarts) {
    Rig rig;
    int done = 0;
    for (int i = 0; i < 40; ++i) {
        Ticket ticket = rig.ticket("restart");
        ticket.incident = "inc-" + std::to_string(i);  // a core that invents incidents
        const TicketReply reply = rig.must_execute(ticket);
        if (reply.status == Status::done) {
            ++done;
        } else {
            EXPECT_EQ(reply.refusal, Refusal::budget);
        }
        if (i % 3 == 0) rig.open();
        rig.clock.at += minutes(1);
    }
    EXPECT_EQ(done, 5) << "an hour";
    for (int i = 100; i < 200; ++i) {
        Ticket ticket = rig.ticket("restart");
        ticket.incident = "inc-" + std::to_string(i);
        if (rig.must_execute(ticket).status == Status::done) ++done;
        rig.clock.at += minutes(10);
        if (i % 7 == 0) rig.open();
    }
    EXPECT_EQ(done, 10) << "a day";
}

TEST(Executor, DoesOneThingAtATimeOnATarget) {
    Rig rig;
    std::vector<Refusal> inside;
    rig.processes.on_run = [&](const Command&) {
        // While this step runs, others come.
        if (inside.empty()) {
            Ticket same = rig.ticket("restart", "web", 1);
            inside.push_back(rig.must_execute(same).refusal);
            inside.push_back(rig.must_execute(rig.ticket("restart", "api")).refusal);
            inside.push_back(rig.must_look(rig.ticket("restart")).what == What::running
                                 ? Refusal::none
                                 : Refusal::disk);
        }
        return Exit{};
    };
    EXPECT_EQ(rig.must_execute(rig.ticket("restart")).status, Status::done);
    EXPECT_EQ(inside, (std::vector<Refusal>{Refusal::busy, Refusal::none, Refusal::none}));
}

TEST(Executor, DoesOneDestructiveThingInTheFleet) {
    Rig rig;
    Refusal inside = Refusal::none;
    rig.processes.on_run = [&](const Command& command) {
        if (command.argv.back() == "/dev/web") {
            Ticket other = rig.ticket("fatal", "api");
            other.approval = rig.approval(other, {"ann", "bob"}, "asked-2");
            inside = rig.must_execute(other).refusal;
        }
        return Exit{};
    };
    Ticket ticket = rig.ticket("fatal");
    ticket.approval = rig.approval(ticket, {"ann", "bob"});
    EXPECT_EQ(rig.must_execute(ticket).status, Status::done);
    EXPECT_EQ(inside, Refusal::busy);
}

// `ops-agent` in the words of a diagnostic is this very program with its own configuration,
// wherever it stands; of an entry that the operator wrote it is a program like others.
TEST(Executor, RunsItsOwnProgramForDiagnosticsOnly) {
    Rig rig;
    rig.config.own_program = "/opt/ops/ops-agent";
    rig.config.config_file = "/etc/ops/ops-agent.yaml";
    Step look;
    look.kind = Step::Kind::collect;
    look.collect = {command_text({"ops-agent", "inspect", "dns", "{service}"})};
    rig.rules.rules.runbook.entries.push_back(make_entry("written", {look}));
    rig.open();
    const Entry entry = *diagnostic_entry("dns", "web", rig.rules.rules.settings.inventory);
    Ticket ticket = rig.ticket("written", "web", 0, TicketKind::collect);
    EXPECT_EQ(rig.must_execute(ticket).status, Status::done);
    ticket.entry = entry.name;
    ticket.entry_sha256 = entry.sha256;
    ticket.argv_sha256 =
        plan_command(entry, TicketKind::collect, 0, 0, "web", rig.rules.rules.settings.inventory)
            .value()
            .argv_sha256;
    const TicketReply reply = rig.must_execute(ticket);
    EXPECT_EQ(reply.status, Status::done) << reply.reason;
    ASSERT_EQ(rig.processes.ledger.size(), 2U);
    using Argv = std::vector<std::string>;
    EXPECT_EQ(rig.processes.ledger[0].argv, (Argv{"ops-agent", "inspect", "dns", "web"}));
    EXPECT_EQ(rig.processes.ledger[1].argv, (Argv{"/opt/ops/ops-agent", "inspect", "dns", "web",
                                                  "--config", "/etc/ops/ops-agent.yaml"}));
}

}  // namespace
}  // namespace ops
