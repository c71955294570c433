#include "record/journal.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>

#include "record/stories_test.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;
using sim::SimDisk;

class JournalTest : public testing::Test {
protected:
    JournalTest() : disk_("journal_test_disk") {}
    std::unique_ptr<Store> open() {
        auto opened = Store::open("/d", {.vfs = disk_.name()});
        EXPECT_TRUE(opened.ok()) << opened.error().message;
        return opened.ok() ? std::move(opened).value() : nullptr;
    }
    void tell(uint64_t seed, int count) {
        Storyteller story(seed);
        const auto store = open();
        for (int i = 0; i < count; ++i) {
            auto events = story.batch(1 + static_cast<size_t>(i % 3));
            ASSERT_TRUE(store->append(events).ok());
            last_at_ = events.back().at;
        }
    }
    // As somebody who wants another past, with the sqlite3 shell.
    void tamper(const std::string& sql) {
        sqlite3* connection = nullptr;
        ASSERT_EQ(sqlite3_open_v2("/d/state.db", &connection, SQLITE_OPEN_READWRITE,
                                  disk_.name().c_str()),
                  SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(connection);
        sqlite3_close(connection);
    }
    ChainReport verify(std::string_view head = "") {
        const auto report = verify_journal("/d", head, {.vfs = disk_.name()});
        EXPECT_TRUE(report.ok()) << report.error().message;
        return report.ok() ? report.value() : ChainReport{};
    }
    std::vector<std::string> differences(Rebuild mode = Rebuild::compare) {
        const auto report = rebuild_projections("/d", mode, {.vfs = disk_.name()});
        EXPECT_TRUE(report.ok()) << report.error().message;
        return report.ok() ? report.value().differences : std::vector<std::string>{"error"};
    }

    SimDisk disk_;
    Time last_at_{};
};

using Lines = std::vector<std::string>;

// docs/formats/journal.md gives this example: whoever changes a byte of it breaks every journal.
TEST(ChainHash, IsAsDocumented) {
    Event event;
    event.seq = 1;
    event.at = Time(Duration(1'769'697'000'123));
    event.kind = "incident.opened";
    event.incident = "inc-1";
    event.target = "api";
    const std::string hash = chain_hash(first_hash(), event, R"({"title":"api is down"})");
    EXPECT_EQ(hash, "0d6cb15c639ebf28437394203ddea6b8467fd035ce9c6204d0ed86f0135f30b0");
}

TEST(ChainHash, ChangesWithEveryField) {
    Event event;
    event.seq = 7;
    event.kind = "a.b";
    const std::string plain = chain_hash(first_hash(), event, "{}");
    std::vector<std::string> hashes{plain, chain_hash(plain, event, "{}"),
                                    chain_hash(first_hash(), event, "{ }")};
    const auto with = [&](auto change) {
        Event other = event;
        change(other);
        hashes.push_back(chain_hash(first_hash(), other, "{}"));
    };
    with([](Event& other) { other.seq = 8; });
    with([](Event& other) { other.at = Time(1ms); });
    with([](Event& other) { other.kind = "a.c"; });
    with([](Event& other) { other.incident = "x"; });
    with([](Event& other) { other.target = "x"; });  // what is in one field is not in the next
    std::sort(hashes.begin(), hashes.end());
    EXPECT_EQ(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

TEST_F(JournalTest, AWholeChainVerifies) {
    tell(1, 40);
    const ChainReport report = verify();
    EXPECT_TRUE(report.ok) << report.problems[0];
    EXPECT_EQ(report.events, report.head.seq);
    EXPECT_EQ(report.head.hash, open()->head().hash);
    EXPECT_TRUE(verify(open()->events({.from_seq = 9}).value()[0].hash).ok) << "any noted head";
    EXPECT_FALSE(verify(std::string(64, 'a')).ok) << "a head that never was";
}

TEST_F(JournalTest, TamperingIsFound) {
    const struct {
        const char* sql;
        const char* problem;  // begins so
        const char* why;
    } rows[] = {
        {"UPDATE event SET body = '{}' WHERE seq = 5", "event 5 (", "another body"},
        {"UPDATE event SET at = at + 1 WHERE seq = 6", "event 6 (", "another time"},
        {"UPDATE event SET target = 'x' WHERE seq = 7", "event 7 (", "another target"},
        {"UPDATE event SET target = '' WHERE seq = (SELECT min(seq) FROM event WHERE kind = "
         "'event.outside')",
         "", "NULL or empty is the same: no other past"},
        {"DELETE FROM event WHERE seq = 8", "events 8 to 8 are missing", "one removed"},
        {"DELETE FROM event WHERE seq < 4", "events 1 to 3 are missing", "the beginning removed"},
        {"DELETE FROM event WHERE seq > 30", "no event has the hash", "the end removed"},
        {"UPDATE event SET seq = 1000 WHERE seq = 40", "", "moved to the end"},
        {"INSERT INTO pruned VALUES (3, 'x'); DELETE FROM event WHERE seq < 4", "event 4 (",
         "a made-up retention"},
        {"DELETE FROM incident", "incident '", "a projection emptied"},
        {"UPDATE action SET state = 'verified', body = replace(body, 'failed', 'verified')",
         "action '", "a failure made a success"},
        {"UPDATE delivery SET sent_at = 5", "delivery '", "alerts said to be told"},
        {"INSERT INTO state VALUES ('epoch', '7', 'x')", "state 'epoch'", "state without its sum"},
    };
    for (const auto& row : rows) {
        for (const std::string& path : disk_.files()) disk_.remove(path);
        tell(2, 30);
        const std::string head = open()->head().hash;
        tamper(row.sql);
        const ChainReport report = verify(head);
        if (std::string_view(row.why).starts_with("NULL")) {
            EXPECT_TRUE(report.ok) << report.problems[0];
            continue;
        }
        ASSERT_FALSE(report.ok) << row.why;
        bool is_told = false;
        for (const std::string& problem : report.problems) {
            is_told |= problem.starts_with(row.problem);
        }
        EXPECT_TRUE(is_told) << row.why << ": " << report.problems[0];
    }
}

TEST_F(JournalTest, SaysWhetherTheChainIsBrokenOrOnlyWhatIsMadeOfIt) {
    tell(2, 30);
    const std::string head = open()->head().hash;
    tamper("DELETE FROM incident");
    const ChainReport differs = verify(head);
    EXPECT_FALSE(differs.ok);
    EXPECT_TRUE(differs.only_projections_differ);
    EXPECT_EQ(differs.broken_at, 0U);
    ASSERT_TRUE(rebuild_projections("/d", Rebuild::replace, {.vfs = disk_.name()}).ok());
    EXPECT_TRUE(verify(head).ok);

    // Cut off at the end: to rebuild would throw away what the rows still know.
    tamper("DELETE FROM event WHERE seq > 30");
    const ChainReport cut = verify();
    EXPECT_FALSE(cut.only_projections_differ);
    EXPECT_EQ(cut.broken_at, 31U);
    ASSERT_EQ(cut.problems.size(), 1U);
    EXPECT_TRUE(cut.problems[0].starts_with("events after 30 are missing")) << cut.problems[0];
}

TEST_F(JournalTest, AHeadThatRetentionTookIsNoProofOfTampering) {
    tell(2, 30);
    const auto store = open();
    const std::string noted = store->events({.limit = 1}).value()[0].hash;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->prune(last_at_, last_at_, 7).ok());
    const ChainReport report = verify(noted);
    ASSERT_GT(report.pruned_through, 1U);
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_NE(report.problems[0].find("removed by retention, which took events up to " +
                                      std::to_string(report.pruned_through)),
              std::string::npos)
        << report.problems[0];
}

TEST_F(JournalTest, AStoreWhoseEndWasChangedDoesNotOpen) {
    tell(3, 20);
    tamper("UPDATE event SET body = '{}' WHERE seq = (SELECT max(seq) - 2 FROM event)");
    const auto store = Store::open("/d", {.vfs = disk_.name()});
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().fault, Fault::corrupt);
    EXPECT_NE(store.error().message.find("audit verify"), std::string::npos);
}

TEST_F(JournalTest, ProjectionsAreWhatARebuildMakes) {
    for (uint64_t seed = 1; seed <= 4; ++seed) {
        for (const std::string& path : disk_.files()) disk_.remove(path);
        tell(seed, 60);
        ASSERT_EQ(differences(), Lines{}) << "seed " << seed;
    }
}

TEST_F(JournalTest, ARebuildMendsProjections) {
    tell(4, 40);
    tamper(
        "DELETE FROM incident WHERE id LIKE '%1'; UPDATE action SET progress = 1;"
        "INSERT INTO alert VALUES ('nobody', 1, 1, NULL, 1)");
    EXPECT_FALSE(differences().empty());
    EXPECT_FALSE(differences(Rebuild::replace).empty()) << "says what it mended";
    EXPECT_EQ(differences(), Lines{});
    EXPECT_TRUE(verify().ok);
    tell(5, 5);  // and it goes on from there
    EXPECT_EQ(differences(), Lines{});
}

TEST_F(JournalTest, ARebuildNeedsTheAgentStopped) {
    const auto store = open();
    const auto refused = rebuild_projections("/d", Rebuild::replace, {.vfs = disk_.name()});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().fault, Fault::denied);
    EXPECT_TRUE(rebuild_projections("/d", Rebuild::compare, {.vfs = disk_.name()}).ok());
}

TEST_F(JournalTest, RetentionKeepsTheChainAndTheProjectionsTrue) {
    for (uint64_t seed = 1; seed <= 2; ++seed) {
        for (const std::string& path : disk_.files()) disk_.remove(path);
        tell(seed, 60);
        const std::string head = open()->head().hash;
        uint64_t removed = 0;
        Storyteller more(seed + 100);
        for (const auto age : {60s, 40s, 20s, 0s}) {
            const auto store = open();
            for (int step = 0; step < 4; ++step) {
                const auto report = store->prune(last_at_ - age, last_at_, 7);
                ASSERT_TRUE(report.ok()) << report.error().message;
                removed += report.value().events;
            }
            ASSERT_EQ(differences(), Lines{}) << "seed " << seed << " after " << removed;
            auto events = more.batch(3);
            ASSERT_TRUE(store->append(events).ok());
            const ChainReport report = verify(head);
            ASSERT_TRUE(report.ok) << "seed " << seed << ": " << report.problems[0];
            EXPECT_EQ(report.pruned_through, removed);
        }
    }
}

TEST_F(JournalTest, RetentionWaitsForWhatIsUnfinished) {
    const auto store = open();
    const auto add = [&](const char* kind, const char* incident, Json body, int64_t second) {
        Event event;
        event.at = Time(Duration(second * 1000));
        event.kind = kind;
        event.incident = incident;
        event.body = std::move(body);
        ASSERT_TRUE(store->append(std::move(event)).ok());
    };
    const auto prune = [&](int64_t before) {
        return store->prune(Time(Duration(before * 1000)), Time(Duration(99'000))).value();
    };
    const Json action = Json::object({{"action", "a1"}});
    const Json mail =
        Json::object({{"key", "k"}, {"channel", "mail"}, {"channels", Json::of_strings({"mail"})}});
    add("agent.started", "", Json::object(), 1);
    add("incident.opened", "inc-1", Json::object(), 2);
    add("action.intent", "", action, 3);
    add("alert.queued", "", mail, 4);
    EXPECT_EQ(prune(50).events, 1U);
    EXPECT_EQ(prune(50).held_by, "incident inc-1");
    add("incident.resolved", "inc-1", Json::object(), 60);
    EXPECT_EQ(prune(50).held_by, "incident inc-1") << "resolved too lately";
    EXPECT_EQ(prune(61).events, 1U);
    EXPECT_EQ(prune(61).held_by, "action a1") << "may have happened";
    add("action.unknown", "", action, 62);
    EXPECT_EQ(prune(63).held_by, "alert k") << "not told yet";
    add("alert.sent", "", mail, 64);
    EXPECT_EQ(prune(65).held_by, "");
    EXPECT_TRUE(store->incidents({}).value().empty());
    EXPECT_TRUE(store->actions({}).value().empty());
    EXPECT_TRUE(store->alerts({}).value().empty());
    EXPECT_TRUE(verify().ok);
    // Of a closed incident: what it did is known, and nobody will say any more whether it helped.
    add("incident.opened", "inc-2", Json::object(), 110);
    add("action.intent", "inc-2", Json::object({{"action", "a2"}}), 111);
    add("action.outcome", "inc-2", Json::object({{"action", "a2"}}), 112);
    EXPECT_EQ(prune(120).held_by, "incident inc-2");
    EXPECT_EQ(prune(120).held_since, Time(110s)) << "open";
    add("incident.resolved", "inc-2", Json::object(), 113);
    EXPECT_EQ(prune(112).held_by, "incident inc-2");
    EXPECT_EQ(prune(112).held_since, std::nullopt) << "has ended, only lately";
    EXPECT_EQ(prune(120).held_by, "");
    EXPECT_TRUE(store->actions({}).value().empty());
}

}  // namespace
}  // namespace ops
