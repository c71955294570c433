#include "record/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "record/stories_test.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

Time at(int64_t seconds) { return Time(Duration(1'770'000'000'000 + seconds * 1000)); }

Event event(std::string kind, std::string incident, std::string target, Json body,
            Time when = at(0)) {
    Event made;
    made.at = when;
    made.kind = std::move(kind);
    made.incident = std::move(incident);
    made.target = std::move(target);
    made.body = std::move(body);
    return made;
}

Event opened(const std::string& id, const std::string& target, Time when) {
    return event("incident.opened", id, target, Json::object({{"title", target + " is down"}}),
                 when);
}

class StoreTest : public testing::Test {
protected:
    StoreTest() : disk_("store_test_disk") { reopen(); }
    void reopen() {
        store_.reset();
        auto opened = Store::open("/d", {.vfs = disk_.name()});
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        store_ = std::move(opened).value();
    }
    void append(Event one) {
        const auto done = store_->append(std::move(one));
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    std::vector<std::string> kinds(const EventQuery& query) {
        const auto found = store_->events(query);
        EXPECT_TRUE(found.ok());
        std::vector<std::string> names;
        for (const Event& one : found.value()) names.push_back(one.kind);
        return names;
    }
    std::vector<std::string> incident_ids(const IncidentQuery& query) {
        const auto found = store_->incidents(query);
        EXPECT_TRUE(found.ok()) << found.error().message;
        std::vector<std::string> ids;
        for (const Incident& one : found.value()) ids.push_back(one.id);
        return ids;
    }

    sim::SimDisk disk_;
    std::unique_ptr<Store> store_;
};

using Names = std::vector<std::string>;

TEST_F(StoreTest, GivesEventsBackAsTheyWere) {
    Event sent = event("event.outside", "", "api", Json::object({{"n", 1.0}, {"text", "ä\n"}}));
    const auto appended = store_->append(sent);
    ASSERT_TRUE(appended.ok());
    EXPECT_EQ(appended.value().seq, 1U);
    EXPECT_EQ(appended.value().hash.size(), 64U);
    reopen();
    const auto found = store_->events({});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found.value().size(), 1U);
    const Event& read = found.value()[0];
    EXPECT_EQ(read.seq, 1U);
    EXPECT_EQ(read.hash, appended.value().hash);
    EXPECT_EQ(read.at, sent.at);
    EXPECT_EQ(read.kind, sent.kind);
    EXPECT_EQ(read.incident, "");
    EXPECT_EQ(read.target, "api");
    EXPECT_EQ(read.body, sent.body);
    EXPECT_EQ(store_->head().seq, 1U);
}

TEST_F(StoreTest, NumbersGoOnAfterABreak) {
    append(event("agent.started", "", "", Json::object()));
    reopen();
    append(event("agent.stopped", "", "", Json::object()));
    EXPECT_EQ(store_->head().seq, 2U);
}

TEST_F(StoreTest, RefusesWhatIsNoEvent) {
    const struct {
        Event event;
        const char* why;
    } rows[] = {
        {event("", "", "", Json::object()), "no kind"},
        {event("Agent.Started", "", "", Json::object()), "a kind of capital letters"},
        {event("a b", "", "", Json::object()), "a kind with a blank"},
        {event("agent.started", "", "", Json(3)), "a body that is no object"},
        {event("agent.started", "inc\n", "", Json::object()), "a control character in an id"},
        {event("agent.started", "", std::string(600, 'x'), Json::object()), "a long target"},
        {event("agent.started", "", "", Json::object({{"x", std::string(1 << 20, 'x')}})),
         "a body over 1 MiB"},
    };
    for (const auto& row : rows) {
        const auto refused = store_->append(row.event);
        ASSERT_FALSE(refused.ok()) << row.why;
        EXPECT_EQ(refused.error().fault, Fault::invalid) << row.why;
    }
    // One bad event refuses its whole batch, and harms nothing.
    std::vector<Event> batch{event("agent.started", "", "", Json::object()),
                             event("", "", "", Json::object())};
    EXPECT_FALSE(store_->append(batch).ok());
    EXPECT_FALSE(store_->poisoned().has_value());
    append(event("agent.started", "", "", Json::object()));
    EXPECT_EQ(store_->head().seq, 1U);
}

TEST_F(StoreTest, FindsEvents) {
    append(opened("inc-1", "api", at(1)));
    append(event("action.intent", "inc-1", "api", Json::object({{"action", "a1"}}), at(2)));
    append(opened("inc-2", "db", at(3)));
    append(event("action.outcome", "inc-1", "api", Json::object({{"action", "a1"}}), at(4)));
    append(event("actionable.not", "", "", Json::object(), at(5)));
    using Order = EventQuery::Order;
    const struct {
        EventQuery query;
        Names kinds;
        const char* why;
    } rows[] = {
        {{.incident = "inc-1"},
         {"incident.opened", "action.intent", "action.outcome"},
         "of one incident"},
        {{.target = "db"}, {"incident.opened"}, "of one target"},
        {{.kind_prefix = "action."}, {"action.intent", "action.outcome"}, "of a family"},
        {{.kind_prefix = "action.outcome"}, {"action.outcome"}, "of one kind"},
        {{.kind = "action.outcome"}, {"action.outcome"}, "of exactly one kind"},
        {{.kind = "action."}, {}, "a family is no kind"},
        {{.from_seq = 4}, {"action.outcome", "actionable.not"}, "from a place"},
        {{.since = at(4)}, {"action.outcome", "actionable.not"}, "from a time"},
        {{.order = Order::newest_first, .limit = 2},
         {"actionable.not", "action.outcome"},
         "the newest two"},
        {{.incident = "inc-1", .kind_prefix = "action.", .from_seq = 3},
         {"action.outcome"},
         "all at once"},
        {{.incident = "inc-9"}, {}, "of nobody"},
    };
    for (const auto& row : rows) EXPECT_EQ(kinds(row.query), row.kinds) << row.why;
}

TEST_F(StoreTest, FindsIncidents) {
    for (int i = 1; i <= 5; ++i) {
        append(opened("inc-" + std::to_string(i), i % 2 == 0 ? "db" : "api", at(i)));
    }
    append(event("incident.resolved", "inc-2", "db", Json::object({{"by", "auto"}}), at(9)));
    append(event("incident.state", "inc-3", "api", Json::object({{"state", "escalated"}}), at(9)));
    using State = IncidentState;
    const struct {
        IncidentQuery query;
        Names ids;
        const char* why;
    } rows[] = {
        {{}, {"inc-5", "inc-4", "inc-3", "inc-2", "inc-1"}, "newest first"},
        {{.states = {State::resolved}}, {"inc-2"}, "by state"},
        {{.states = {State::resolved, State::escalated}}, {"inc-3", "inc-2"}, "by states"},
        {{.target = "db"}, {"inc-4", "inc-2"}, "by service"},
        {{.since = at(4)}, {"inc-5", "inc-4"}, "by time"},
        {{.limit = 2}, {"inc-5", "inc-4"}, "a page"},
    };
    for (const auto& row : rows) EXPECT_EQ(incident_ids(row.query), row.ids) << row.why;

    const auto page = store_->incidents({.limit = 2});
    EXPECT_EQ(incident_ids({.cursor = cursor_after(page.value().back()), .limit = 2}),
              (Names{"inc-3", "inc-2"}));
    EXPECT_EQ(store_->incidents({.cursor = "rubbish"}).error().fault, Fault::invalid);
    EXPECT_EQ(store_->incidents({.cursor = "12x.inc-1"}).error().fault, Fault::invalid);
}

TEST_F(StoreTest, PagesDoNotSkipIncidentsOfOneMoment) {
    for (int i = 1; i <= 4; ++i) append(opened("inc-" + std::to_string(i), "api", at(1)));
    Names seen;
    std::string cursor;
    for (int page = 0; page < 4; ++page) {
        const auto found = store_->incidents({.cursor = cursor, .limit = 1});
        ASSERT_EQ(found.value().size(), 1U);
        seen.push_back(found.value()[0].id);
        cursor = cursor_after(found.value()[0]);
    }
    EXPECT_EQ(seen, (Names{"inc-4", "inc-3", "inc-2", "inc-1"}));
}

TEST_F(StoreTest, FindsAnIncidentByItsBeginning) {
    append(opened("inc-abc", "api", at(1)));
    append(opened("inc-abd", "api", at(2)));
    append(opened("inc-ab", "api", at(2)));
    const struct {
        const char* asked;
        const char* found;  // null: nothing
        const char* why;
    } rows[] = {
        {"inc-abc", "inc-abc", "the whole id"},
        {"abc", "inc-abc", "without the word before it"},
        {"inc-abd", "inc-abd", "another"},
        {"inc-ab", "inc-ab", "exact beats beginning"},
        {"inc-x", nullptr, "nobody"},
        {"", nullptr, "nothing asked"},
        {"inc-abcd", nullptr, "longer than any"},
        {"abd", "inc-abd", "without the word, another"},
    };
    for (const auto& row : rows) {
        const auto found = store_->incident(row.asked);
        ASSERT_TRUE(found.ok()) << row.why;
        ASSERT_EQ(found.value().has_value(), row.found != nullptr) << row.why;
        if (row.found != nullptr) {
            EXPECT_EQ(found.value()->id, row.found) << row.why;
        }
    }
    const auto several = store_->incident("inc-a");
    ASSERT_FALSE(several.ok());
    EXPECT_EQ(several.error().fault, Fault::invalid);
    EXPECT_EQ(several.error().message,
              "'inc-a' is the beginning of several: 'inc-ab', 'inc-abc' ...");
}

TEST_F(StoreTest, FollowsAnActionThroughItsLife) {
    using Only = ActionQuery::Only;
    const auto count = [&](Only only) {
        const auto found = store_->actions({.only = only});
        EXPECT_TRUE(found.ok());
        return found.ok() ? found.value().size() : 99;
    };
    const Json body = Json::object({{"action", "a1"}, {"argv", Json::of_strings({"reboot"})}});
    const struct {
        const char* kind;
        Json body;
        const char* state;
        size_t awaiting, unsettled, unverified;
    } rows[] = {
        {"action.awaiting", body, "awaiting_approval", 1, 0, 0},
        {"action.approved", Json::object({{"action", "a1"}, {"by", "ann"}}), "awaiting_approval", 1,
         0, 0},
        {"action.intent", body, "intent", 0, 1, 0},
        {"action.outcome", Json::object({{"action", "a1"}, {"code", 3}, {"output", "no"}}),
         "running", 0, 0, 1},
        {"action.failed", Json::object({{"action", "a1"}, {"reason", "still bad"}}), "failed", 0, 0,
         0},
    };
    int64_t second = 0;
    for (const auto& row : rows) {
        append(event(row.kind, "inc-1", "api", row.body, at(++second)));
        EXPECT_EQ(store_->action("a1").value()->state, row.state) << row.kind;
        EXPECT_EQ(count(Only::awaiting), row.awaiting) << row.kind;
        EXPECT_EQ(count(Only::unsettled), row.unsettled) << row.kind;
        EXPECT_EQ(count(Only::unverified), row.unverified) << row.kind;
    }
    const auto action = store_->action("a1").value();
    EXPECT_EQ(action->intent, body);
    EXPECT_EQ(action->output, "no");
    EXPECT_EQ(action->exit, 3);
    EXPECT_EQ(action->approved_by, "ann");
    EXPECT_EQ(action->reason, "still bad");
    EXPECT_EQ(action->started_at, at(3));
    EXPECT_EQ(action->ended_at, at(4));
    EXPECT_EQ(store_->actions({.incident = "inc-1"}).value().size(), 1U);
    EXPECT_EQ(store_->actions({.target = "db"}).value().size(), 0U);
    EXPECT_EQ(store_->actions({.since = at(4)}).value().size(), 0U);
}

TEST_F(StoreTest, TheOutboxTellsOnceAndTriesAgain) {
    const Json alert = Json::object({{"key", "inc-1/open"},
                                     {"title", "down"},
                                     {"channels", Json::of_strings({"mail", "phone"})}});
    append(event("alert.queued", "inc-1", "api", alert, at(0)));
    auto due = store_->outbox_due(at(0), 10).value();
    ASSERT_EQ(due.size(), 2U);
    EXPECT_EQ(due[0].channel, "mail");
    EXPECT_EQ(due[0].alert, alert);
    EXPECT_EQ(due[0].incident, "inc-1");
    EXPECT_EQ(store_->outbox_due(at(-1), 10).value().size(), 2U) << "the clock was set back";
    EXPECT_EQ(store_->outbox_due(at(0), 1).value().size(), 1U);

    const Json mail = Json::object({{"key", "inc-1/open"}, {"channel", "mail"}});
    append(event("alert.sent", "inc-1", "api", mail, at(1)));
    append(event("alert.queued", "inc-1", "api", alert, at(2)));
    due = store_->outbox_due(at(99), 10).value();
    ASSERT_EQ(due.size(), 1U) << "mail was told already, however often it is queued";
    EXPECT_EQ(due[0].channel, "phone");

    Json phone = Json::object({{"key", "inc-1/open"}, {"channel", "phone"}, {"error", "no net"}});
    const int64_t waits[] = {5, 600, 1};  // whoever sends decides, the store only keeps it
    int64_t now = 10;
    for (const int64_t wait : waits) {
        phone.set("next_try", format_rfc3339(at(now + wait)));
        append(event("alert.failed", "inc-1", "api", phone, at(now)));
        EXPECT_EQ(store_->outbox_due(at(now + wait - 1), 10).value().size(), 0U) << wait;
        EXPECT_EQ(store_->outbox_due(at(now - 7200), 10).value().size(), 1U)
            << "put off longer than anything is: the clock was set back";
        due = store_->outbox_due(at(now + wait), 10).value();
        ASSERT_EQ(due.size(), 1U) << wait;
        now += wait;
    }
    EXPECT_EQ(due[0].attempts, 3);
    EXPECT_TRUE(store_->alerts({.target = "shop"}).value().empty()) << "told of another target";
    EXPECT_EQ(store_->alerts({.target = "api"}).value().size(), 1U);
    auto told = store_->alerts({}).value();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].sent, Names{"mail"});
    EXPECT_EQ(told[0].waiting, Names{"phone"});
    EXPECT_EQ(told[0].error, "no net");

    append(event("alert.sent", "inc-1", "api", phone, at(now)));
    append(event("alert.failed", "inc-1", "api", phone, at(now)));
    EXPECT_EQ(store_->outbox_due(at(now + 1000), 10).value().size(), 0U);
}

TEST_F(StoreTest, ARecoveryDoesNotOvertakeItsProblem) {
    const auto queue = [this](const char* key, const char* incident) {
        append(event("alert.queued", incident, "api",
                     Json::object({{"key", key}, {"channels", Json::of_strings({"mail", "tg"})}}),
                     at(0)));
    };
    const auto due = [this](int64_t now) {
        Names keys;
        const std::vector<OutboxRow> rows = store_->outbox_due(at(now), 10).value();
        for (const OutboxRow& row : rows) {
            keys.push_back(row.key + " " + row.channel);
        }
        return keys;
    };
    const auto answer = [](const char* channel) {
        return Json::object({{"key", "1/raised"}, {"channel", channel}, {"error", "no net"}});
    };
    queue("1/raised", "inc-1");
    queue("1/recovered", "inc-1");
    queue("2/raised", "inc-2");
    queue("storm", "");
    queue("storm again", "");
    EXPECT_EQ(due(0), (Names{"1/raised mail", "1/raised tg", "2/raised mail", "2/raised tg",
                             "storm mail", "storm tg", "storm again mail", "storm again tg"}));
    Json later = answer("mail");
    append(event("alert.failed", "inc-1", "api", later.set("next_try", format_rfc3339(at(60))),
                 at(1)));
    append(event("alert.sent", "inc-1", "api", answer("tg"), at(1)));
    Names now = due(1);
    EXPECT_EQ(std::count(now.begin(), now.end(), "1/recovered mail"), 0) << "its problem waits";
    EXPECT_EQ(std::count(now.begin(), now.end(), "1/recovered tg"), 1);
    append(event("alert.failed", "inc-1", "api", answer("mail"), at(60)));
    now = due(60);
    EXPECT_EQ(std::count(now.begin(), now.end(), "1/recovered mail"), 1)
        << "what is refused for good holds nothing up";
}

TEST_F(StoreTest, WhatAChannelRefusedForGoodWaitsForNothing) {
    const Json alert = Json::object({{"key", "k"}, {"channels", Json::of_strings({"mail", "tg"})}});
    append(event("alert.queued", "", "api", alert, at(0)));
    append(event("alert.failed", "", "api",
                 Json::object({{"key", "k"}, {"channel", "mail"}, {"error", "no such user"}}),
                 at(1)));
    append(event("alert.sent", "", "api", Json::object({{"key", "k"}, {"channel", "tg"}}), at(2)));
    EXPECT_EQ(store_->outbox_due(at(100'000'000), 10).value().size(), 0U);
    const auto told = store_->alerts({}).value();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].sent, Names{"tg"});
    EXPECT_EQ(told[0].waiting, Names{});
    EXPECT_EQ(told[0].given_up, Names{"mail"});
    const PruneReport pruned = store_->prune(at(1000), at(1000)).value();
    EXPECT_EQ(pruned.events, 2U) << "all but the newest; held by '" << pruned.held_by << "'";
}

TEST_F(StoreTest, KeepsSmallState) {
    EXPECT_EQ(store_->state("epoch").value(), std::nullopt);
    ASSERT_TRUE(store_->set_state("epoch", "1").ok());
    ASSERT_TRUE(store_->set_state("epoch", "2").ok());
    ASSERT_TRUE(store_->set_state("empty", "").ok());
    reopen();
    EXPECT_EQ(store_->state("epoch").value(), "2");
    EXPECT_EQ(store_->state("empty").value(), "");
    ASSERT_TRUE(store_->erase_state("epoch").ok());
    EXPECT_EQ(store_->state("epoch").value(), std::nullopt);
}

TEST_F(StoreTest, HasOneWriterAndAnyNumberOfReaders) {
    append(event("agent.started", "", "", Json::object()));
    const auto second = Store::open("/d", {.vfs = disk_.name()});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().fault, Fault::denied);
    EXPECT_EQ(second.error().message, "'/d': another ops-agent is using it");
    EXPECT_EQ(check_unused("/d", {.vfs = disk_.name()}).error().message, second.error().message);
    EXPECT_TRUE(check_unused("/other", {.vfs = disk_.name()}).ok()) << "nobody was there";

    auto reader = Store::open("/d", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    Store& reading = *reader.value();
    append(event("agent.stopped", "", "", Json::object()));
    EXPECT_EQ(reading.events({}).value().size(), 2U) << "sees what is written meanwhile";
    EXPECT_EQ(reading.append(event("agent.started", "", "", Json::object())).error().fault,
              Fault::denied);
    EXPECT_EQ(reading.set_state("a", "b").error().fault, Fault::denied);
}

TEST_F(StoreTest, AReaderOfNothingSaysSo) {
    const auto reader = Store::open("/empty", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(disk_.bytes("/empty/state.db"), "");
}

TEST_F(StoreTest, TheLogDoesNotGrowForEver) {
    Storyteller story(7);
    for (int i = 0; i < 700; ++i) append(story.next());  // some 20 MB of log without a checkpoint
    EXPECT_LT(disk_.bytes("/d/state.db-wal").size(), size_t{12} << 20U);
}

TEST(StoreFile, IsPrivateAndOfOneKind) {
    const std::string folder = testing::TempDir() + "ops_store_file";
    for (const char* file : {"state.db", "state.db-wal", "state.db-shm", "writer.lock"}) {
        (void)std::remove((folder + "/" + file).c_str());  // of an earlier run
    }
    {
        auto store = Store::open(folder);
        ASSERT_TRUE(store.ok()) << store.error().message;
        ASSERT_TRUE(store.value()->append(event("agent.started", "", "", Json::object())).ok());
        // Another process would see it too: another connection to the real file.
        auto reader = Store::open(folder, {.access = Access::read});
        ASSERT_TRUE(reader.ok()) << reader.error().message;
        EXPECT_EQ(reader.value()->events({}).value().size(), 1U);
        EXPECT_EQ(Store::open(folder).error().fault, Fault::denied);
    }
    struct stat status {};
    ASSERT_EQ(stat(folder.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    ASSERT_EQ(stat((folder + "/state.db").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_TRUE(Store::open(folder).ok()) << "the lock went with its holder";
}

// What is written to a file that nobody will find again is not recorded.
TEST(StoreFolder, OneThatGoesAwayIsAWriteThatFailed) {
    struct Row {
        const char* why;
        void (*happens)(const std::string& folder);
    };
    const Row rows[] = {
        {"moved", [](const std::string& f) { std::filesystem::rename(f, f + ".away"); }},
        {"removed", [](const std::string& f) { std::filesystem::remove_all(f); }},
        {"an empty one in its place",
         [](const std::string& f) {
             std::filesystem::rename(f, f + ".away");
             std::filesystem::create_directory(f);
         }},
    };
    for (const Row& row : rows) {
        std::string name = (std::filesystem::temp_directory_path() / "ops-store-XXXXXX").string();
        const std::string base = ::mkdtemp(name.data()), folder = base + "/var";
        {
            auto opened_store = Store::open(folder);
            ASSERT_TRUE(opened_store.ok()) << opened_store.error().message;
            Store& store = *opened_store.value();
            ASSERT_TRUE(store.append(opened("inc-1", "web", at(0))).ok());
            EXPECT_TRUE(store.is_writable().ok());
            row.happens(folder);
            EXPECT_EQ(store.is_writable().error().fault, Fault::unavailable) << row.why;
            EXPECT_FALSE(store.append(opened("inc-2", "web", at(1))).ok()) << row.why;
        }
        const auto again = Store::open(folder, {.must_exist = true});
        ASSERT_FALSE(again.ok()) << row.why;
        EXPECT_EQ(again.error().fault, Fault::not_found) << row.why;
        EXPECT_FALSE(std::filesystem::exists(folder + "/state.db")) << row.why;
        std::filesystem::remove_all(base);
    }
}

}  // namespace
}  // namespace ops
