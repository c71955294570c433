// An executor on a disk that survives it, and tickets for it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "resolve/kit_for_test.h"
#include "resolve/plan.h"

namespace ops {

struct Rig {
    Power power;
    HandClock clock;
    MemoryFiles files{power};
    LedgerProcesses processes{power, clock};
    HandRules rules;
    ExecutorConfig config{"/data/executor", "/data", {}, false, "", "", {}};
    std::unique_ptr<Executor> executor;

    Rig() {
        files.contents["/data/state.db"] = "x";
        rules.rules.settings.inventory = make_inventory();
        rules.rules.settings.agent.mode = Mode::automatic;
        Entry restart = make_entry("restart", {command_step({"systemctl", "restart", "{service}"}),
                                               command_step({"logger", "{service}"})});
        restart.steps[0].undo = {command_text({"systemctl", "start", "{service}"})};
        Step look;
        look.kind = Step::Kind::collect;
        look.collect = {command_text({"uptime"}), command_text({"free"})};
        restart.steps.push_back(look);
        Step http;
        http.kind = Step::Kind::http;
        http.http_method = "POST";
        http.http_url = "http://127.0.0.1:1/";
        restart.steps.push_back(http);
        Entry risky = make_entry("risky", {command_step({"rm", "-rf", "/tmp/cache-{service}"})});
        risky.risk = Risk::high;
        Entry fatal = make_entry("fatal", {command_step({"mkfs", "/dev/{service}"})});
        fatal.risk = Risk::destructive;
        Entry off = make_entry("off", {command_step({"true"})});
        off.enabled = false;
        rules.rules.runbook.entries = {restart, risky, fatal, off};
        open();
    }
    void open() {
        executor.reset();
        rules.changed = true;
        auto opened = Executor::open(files, processes, clock, rules, config);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        executor = std::move(opened).value();
    }
    Ticket ticket(const std::string& entry, const std::string& target = "web", int step = 0,
                  TicketKind kind = TicketKind::run, int sub = 0) const {
        Ticket one;
        one.kind = kind;
        one.incident = "inc-" + target;
        one.entry = entry;
        one.step = step;
        one.sub = sub;
        one.target = target;
        one.epoch = 5;
        one.not_after = clock.at + std::chrono::seconds(60);
        const Entry& found = *rules.rules.runbook.find(entry);
        one.entry_sha256 = found.sha256;
        const auto planned =
            plan_command(found, kind, step, sub, target, rules.rules.settings.inventory);
        one.argv_sha256 = planned.ok() ? planned.value().argv_sha256 : sha256_hex("");
        return one;
    }
    Approval approval(const Ticket& ticket, std::vector<std::string> by,
                      const std::string& id = "asked-1") const {
        const Entry& entry = *rules.rules.runbook.find(ticket.entry);
        const auto plan =
            plan_effects(entry, ticket.target, rules.rules.settings.inventory).value();
        return {id, std::move(by), plan_sha256(entry, ticket.target, plan), clock.at};
    }
    TicketReply must_execute(const Ticket& ticket) {
        Result<TicketReply> reply = executor->execute(ticket);
        EXPECT_TRUE(reply.ok());
        EXPECT_EQ(reply.value().step_key, step_key(ticket));
        return std::move(reply).value();
    }
    Seen must_look(const Ticket& ticket, uint64_t epoch = 5) {
        Result<Seen> seen = executor->look({step_key(ticket), epoch});
        EXPECT_TRUE(seen.ok()) << seen.error().message;
        return seen.ok() ? std::move(seen).value() : Seen{};
    }
};

}  // namespace ops
