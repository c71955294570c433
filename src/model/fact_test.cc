#include "model/fact.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

namespace ops {
namespace {

TEST(Facts, KeepTheNewestValueOfEachName) {
    Facts facts;
    EXPECT_EQ(facts.find("up"), nullptr);
    facts.set("up", Value::boolean(true));
    facts.set("http_status", Value::number(200));
    facts.set("up", Value::boolean(false));
    ASSERT_NE(facts.find("up"), nullptr);
    EXPECT_FALSE(facts.find("up")->truth());
    EXPECT_EQ(facts.to_plain_json().dump(), R"({"http_status":200,"up":false})");
    facts.erase("up");
    facts.erase("never_there");
    EXPECT_EQ(facts.find("up"), nullptr);
    EXPECT_EQ(facts.size(), 1u);
    EXPECT_EQ(Facts().to_plain_json().dump(), "{}");
}

TEST(Facts, CopiesStandForThemselves) {
    Facts facts;
    facts.set("latency_first_byte", Value::number(1));  // a name of the catalogue
    facts.set("queue_length", Value::number(2));        // a name that somebody pushed
    const Facts copy = facts;
    facts.set("queue_length", Value::number(3));
    facts = Facts();
    EXPECT_EQ(copy.to_plain_json().dump(), R"({"latency_first_byte":1,"queue_length":2})");
}

TEST(Facts, AnEventHoldsWhatFits) {
    Facts facts;
    facts.set("up", Value::boolean(true));
    for (const char* name : {"a", "b", "c", "d"}) {
        facts.set(name, Value::string(std::string(size_t{60} * 1024, '"')));
    }
    facts.set("pid", Value::number(7));
    EXPECT_EQ(facts.to_event_json().dump().size() / 1024, 240u) << "two of them, of two bytes each";
    EXPECT_TRUE(facts.to_event_json().has("up"));
    EXPECT_TRUE(facts.to_event_json().has("b"));
    EXPECT_FALSE(facts.to_event_json().has("c"));
    facts.set("process_status", Value::string(std::string(size_t{200} * 1024, 'x')));
    EXPECT_TRUE(facts.to_event_json().has("process_status"))
        << "of the catalogue: before those of others";
    EXPECT_FALSE(facts.to_event_json().has("a"));
    facts = Facts();
    facts.set("small", Value::number(1));
    EXPECT_EQ(facts.to_event_json().dump(), facts.to_plain_json().dump());
}

TEST(Facts, AreAMapByName) {
    EXPECT_TRUE(rc::check([](const std::vector<std::pair<uint8_t, bool>>& changes) {
        Facts facts;
        std::map<std::string, double> expected;
        for (const auto& [number, is_set] : changes) {
            const std::string name = std::to_string(number);
            if (is_set) {
                facts.set(name, Value::number(number));
                expected[name] = number;
            } else {
                facts.erase(name);
                expected.erase(name);
            }
        }
        RC_ASSERT(facts.all().size() == expected.size());
        auto next = expected.begin();
        for (const Fact& fact : facts.all()) {
            RC_ASSERT(fact.name == next->first);
            RC_ASSERT(facts.find(fact.name)->amount() == next->second);
            ++next;
        }
    }));
}

// The lists of product.md 4.5, word for word.
TEST(FactKinds, AreThoseThatUsersWerePromised) {
    const std::set<std::string> of_services{"service",
                                            "host",
                                            "group",
                                            "status",
                                            "up",
                                            "down_for",
                                            "process_status",
                                            "last_heartbeat",
                                            "restarts",
                                            "crash",
                                            "uptime",
                                            "cpu_usage",
                                            "memory_usage",
                                            "rss",
                                            "http_status",
                                            "latency",
                                            "tls_expires_in",
                                            "error_rate",
                                            "new_error_pattern"};
    const std::set<std::string> of_hosts{"disk_usage",   "disk_free",  "inode_usage",
                                         "memory_usage", "swap_usage", "load",
                                         "cpu_usage",    "uptime",     "clock_skew"};
    for (const auto& [names, scope] :
         {std::pair{of_services, Scope::service}, {of_hosts, Scope::host}}) {
        for (const std::string& name : names) {
            const FactKind* const kind = find_fact_kind(name);
            ASSERT_NE(kind, nullptr) << name;
            const bool in_both = of_services.contains(name) && of_hosts.contains(name);
            EXPECT_EQ(kind->scope, in_both ? Scope::both : scope) << name;
        }
    }
    for (const FactKind& kind : fact_kinds()) {
        if (kind.scope != Scope::host) continue;
        EXPECT_TRUE(of_hosts.contains(std::string(kind.name))) << kind.name;
    }
}

TEST(FactKinds, HaveTheTypesThatTheDefaultRulesCompareWith) {
    EXPECT_EQ(find_fact_kind("last_heartbeat")->type, Type::duration);
    EXPECT_EQ(find_fact_kind("memory_usage")->type, Type::percentage);
    EXPECT_EQ(find_fact_kind("disk_usage")->type, Type::percentage);
    EXPECT_EQ(find_fact_kind("disk_free")->type, Type::size);
    EXPECT_EQ(find_fact_kind("process_status")->type, Type::string);
    EXPECT_EQ(find_fact_kind("down_for")->type, Type::duration);
    EXPECT_EQ(find_fact_kind("security_incident")->type, Type::boolean);
    EXPECT_EQ(find_fact_kind("new_error_pattern")->type, Type::boolean);
    EXPECT_EQ(find_fact_kind("review_state")->type, Type::string);
    EXPECT_EQ(find_fact_kind("revenue_mrr")->scope, Scope::signal);
    EXPECT_EQ(find_fact_kind("worker_up"), nullptr) << "groups are the language's business";
}

TEST(FactKinds, AreNamedOnceAndExplained) {
    std::set<std::string_view> names;
    for (const FactKind& kind : fact_kinds()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_FALSE(kind.help.empty()) << kind.name;
        EXPECT_LE(kind.help.size(), 100u) << kind.name;
        EXPECT_NE(kind.type, Type::unknown) << kind.name;
    }
}

}  // namespace
}  // namespace ops
