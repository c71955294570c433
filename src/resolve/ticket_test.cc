#include "resolve/ticket.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/hash.h"

namespace ops {
namespace {

Ticket a_ticket() {
    Ticket ticket;
    ticket.incident = "inc-1";
    ticket.entry = "Worker stopped";
    ticket.entry_sha256 = sha256_hex("entry");
    ticket.step = 2;
    ticket.target = "worker_3";
    ticket.attempt = 2;
    ticket.epoch = 7;
    ticket.not_after = Time(std::chrono::seconds(1'800'000'000));
    ticket.argv_sha256 = sha256_hex("argv");
    ticket.approval = Approval{"q", {"ann", "bob"}, sha256_hex("plan"), ticket.not_after};
    return ticket;
}

TEST(Ticket, ReadsBackTheSame) {
    const Ticket ticket = a_ticket();
    const Result<Ticket> back = Ticket::from_json(Json::parse(ticket.to_json().dump()).value());
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back.value().to_json(), ticket.to_json());
    EXPECT_EQ(step_key(back.value()), step_key(ticket));
}

TEST(Ticket, IsRefusedUnlessItIsExactlyOne) {
    struct Row {
        const char* key;
        Json value;
        const char* why;
    };
    const Row rows[] = {
        {"argv", Json::of_strings({"rm", "-rf", "/"}), "a ticket carries no command"},
        {"kind", "shell", "only the four kinds"},
        {"kind", 1, "an enum is not a number"},
        {"incident", "", "whose is it?"},
        {"entry_sha256", "abc", "a hash is 64 hex digits"},
        {"entry_sha256", std::string(64, 'G'), "of hex digits"},
        {"step", -2, "only -1 stands for the entry's undo"},
        {"step", 1.5, "whole numbers"},
        {"step", "1", "numbers, not text"},
        {"attempt", 0, "attempts count from 1"},
        {"epoch", -1, "an epoch is no less than 0"},
        {"not_after", "soon", "a time"},
        {"systemic", "no", "true or false"},
        {"approval", "yes", "an approval names people and a plan"},
        {"target", std::string(257, 'x'), "names are bounded"},
    };
    for (const Row& row : rows) {
        Json json = a_ticket().to_json();
        json.set(row.key, row.value);
        EXPECT_FALSE(Ticket::from_json(json).ok()) << row.key << ": " << row.why;
    }
    const Json whole = a_ticket().to_json();
    for (const auto& [key, value] : whole.members()) {
        Json without = Json::object();
        for (const auto& [name, kept] : whole.members()) {
            if (name != key) without.set(name, kept);
        }
        EXPECT_FALSE(Ticket::from_json(without).ok()) << "without '" << key << "'";
    }
}

TEST(StepKey, NamesOneEffect) {
    const std::function<void(Ticket&)> changes[] = {
        [](Ticket&) {},
        [](Ticket& t) { t.incident = "inc-2"; },
        [](Ticket& t) { t.entry = "Worker stoppe"; },
        [](Ticket& t) { t.entry_sha256 = sha256_hex("entry, changed"); },
        [](Ticket& t) { t.kind = TicketKind::undo; },
        [](Ticket& t) { t.step = 3; },
        [](Ticket& t) { t.sub = 1; },
        [](Ticket& t) { t.target = "worker_4"; },
        [](Ticket& t) { t.attempt = 3; },
        // Parts must not run into one another.
        [](Ticket& t) { t.incident = "inc-1\",\"Worker stopped"; },
        [](Ticket& t) {
            t.step = 21;
            t.sub = 0;
        },
        [](Ticket& t) {
            t.step = 2;
            t.sub = 10;
        },
    };
    std::set<std::string> keys;
    for (const auto& change : changes) {
        Ticket ticket = a_ticket();
        change(ticket);
        EXPECT_TRUE(is_step_key(step_key(ticket)));
        keys.insert(step_key(ticket));
    }
    EXPECT_EQ(keys.size(), std::size(changes));
}

TEST(StepKey, DoesNotKnowWhoSendsItOrWhen) {
    Ticket ticket = a_ticket();
    const std::string key = step_key(ticket);
    ticket.epoch = 8;
    ticket.not_after += std::chrono::hours(1);
    ticket.approval.reset();
    ticket.systemic = true;
    ticket.argv_sha256 = sha256_hex("other");
    EXPECT_EQ(step_key(ticket), key) << "a restarted core must ask for the same effect";
}

TEST(Ticket, RepliesReadBackTheSame) {
    Exit exit;
    exit.how = Exit::How::timed_out;
    exit.code = 15;
    exit.output = std::string("caf\xc3\xa9\n\x01");
    exit.output_bytes = 70000;
    exit.took = std::chrono::seconds(60);
    exit.time_limit = exit.took;
    const TicketReply reply{sha256_hex("k"), TicketReply::Status::done, Refusal::none, "", exit};
    const auto back = TicketReply::from_json(Json::parse(reply.to_json().dump()).value());
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back.value().to_json(), reply.to_json());
    Json without = reply.to_json();
    without.set("exit", nullptr);
    EXPECT_FALSE(TicketReply::from_json(without).ok()) << "done without an exit";
    const Seen never{Seen::What::never, "", std::nullopt};
    Json lying = never.to_json();
    lying.set("exit", to_json(exit));
    EXPECT_FALSE(Seen::from_json(lying).ok()) << "never, with an exit";
    for (int i = 0; i <= static_cast<int>(Refusal::stopping); ++i) {
        const auto refusal = static_cast<Refusal>(i);
        EXPECT_EQ(parse_refusal(name_of(refusal)), refusal);
    }
}

}  // namespace
}  // namespace ops
