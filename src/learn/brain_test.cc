#include "learn/brain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "learn/terms.h"

namespace ops {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

constexpr Time kNow{Duration(1'770'000'000'000)};

Memory memory(const std::string& id, const std::string& title, const std::string& text) {
    Memory made;
    made.id = id;
    made.title = title;
    made.text = text;
    made.at = kNow - 24h;
    return made;
}

// As the store counts.
TermStatistics count(const std::vector<StoredMemory>& all, const Strings& terms) {
    TermStatistics about;
    about.memories = all.size();
    for (const StoredMemory& one : all) {
        about.mean_length += static_cast<double>(one.terms.title.size() + one.terms.text.size()) /
                             static_cast<double>(all.size());
    }
    for (const std::string& term : terms) {
        about.memories_of.push_back(static_cast<uint64_t>(
            std::count_if(all.begin(), all.end(), [&](const StoredMemory& one) {
                const auto has = [&](const Strings& in) {
                    return std::find(in.begin(), in.end(), term) != in.end();
                };
                return has(one.terms.title) || has(one.terms.text);
            })));
    }
    return about;
}

std::vector<Recalled> rank_all(const Likeness& question, const std::vector<Memory>& memories) {
    std::vector<StoredMemory> all;
    for (const Memory& one : memories) all.push_back(with_terms(one));
    const Strings terms = terms_of(question.text);
    return rank(question, all, count(all, terms), terms, 10);
}

Strings ids_of(const std::vector<Recalled>& ranked) {
    Strings ids;
    for (const Recalled& one : ranked) ids.push_back(one.memory.id);
    return ids;
}

Story story() {
    Story told;
    told.incident.id = "inc-0a1b2c3d4e";
    told.incident.title = "worker_3 is down";
    told.incident.target = "worker_3";
    told.incident.host = "pc";
    told.incident.rule = "down";
    told.incident.state = IncidentState::resolved;
    told.incident.resolved_by = "auto";
    told.incident.entry = "Worker stopped responding";
    told.group = "worker";
    told.signature = {"process_status=dead"};
    told.now = kNow;
    told.life = 24h;
    Action done;
    done.state = "verified";
    done.argv = {"ssh", "-o", "BatchMode=yes", "--", "pc", "supervisorctl restart worker_3"};
    Action failed = done;
    failed.state = "failed";
    told.actions = {failed, done};
    return told;
}

TEST(MemoryOf, AVerifiedRepairIsAnExample) {
    const auto made = memory_of(story());
    ASSERT_TRUE(made);
    EXPECT_EQ(made->id, "mem-0a1b2c3d4e");
    EXPECT_EQ(made->provenance, Provenance::checks);
    EXPECT_EQ(made->outcome, MemoryOutcome::verified);
    EXPECT_EQ(made->commands, Strings{"ssh pc 'supervisorctl restart worker_3'"})
        << "only what was verified";
    EXPECT_EQ(made->expires_at, kNow + 24h);
    EXPECT_NE(made->text.find("process_status=dead"), std::string::npos) << made->text;
    const auto again = read_memory(made->to_json());
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again.value().to_json(), made->to_json());
}

TEST(MemoryOf, OnlyWhatTeachesSomethingIsKept) {
    struct Row {
        const char* by;
        const char* note;
        std::optional<MemoryOutcome> expected;
        const char* why;
    };
    for (const Row& row : std::to_array<Row>({
             {"auto", "", MemoryOutcome::verified, "verified by the checks"},
             {"human", "replaced the cable", MemoryOutcome::human, "a person says what was done"},
             {"human", " ", std::nullopt, "a person said nothing"},
             {"self", "", std::nullopt, "nobody knows why it is well"},
             {"", "", std::nullopt, "not over"},
         })) {
        Story told = story();
        told.incident.resolved_by = row.by;
        told.note = row.note;
        const auto made = memory_of(told);
        ASSERT_EQ(made.has_value(), row.expected.has_value()) << row.why;
        if (made) EXPECT_EQ(made->outcome, *row.expected) << row.why;
    }
}

TEST(MemoryOf, ForeignTextMakesItUntrusted) {
    Story told = story();
    told.foreign = "<word> says <word>";
    EXPECT_EQ(memory_of(told)->provenance, Provenance::untrusted);
    told.incident.resolved_by = "human";
    told.note = "restarted the router";
    EXPECT_EQ(memory_of(told)->provenance, Provenance::untrusted);
    told.foreign.clear();
    EXPECT_EQ(memory_of(told)->provenance, Provenance::person);
}

TEST(Rank, ByWordsTheTitleCountsMore) {
    const Likeness question{.text = "disk full", .now = kNow};
    EXPECT_EQ(ids_of(rank_all(question, {memory("a", "Queue too long", "the disk was full once"),
                                         memory("b", "Disk full", "vacuum the journal"),
                                         memory("c", "Worker dead", "restart it")})),
              (Strings{"b", "a"}));
}

TEST(Rank, WhatIsAskedOftenCountsMore) {
    Likeness question{.text = "replicas of the deployment mismatch, replicas missing, replicas",
                      .now = kNow};
    const auto ranked = rank_all(question, {memory("a", "Deployment", "deployment rollout"),
                                            memory("b", "Replicas", "replicas")});
    ASSERT_EQ(ranked.size(), 2U);
    EXPECT_EQ(ranked[0].memory.id, "b");
}

TEST(Rank, StructureComesToTheWords) {
    Likeness question{.text = "worker_5 is down",
                      .target = "worker_5",
                      .group = "worker",
                      .host = "pc",
                      .rule = "down",
                      .signature = {"process_status=dead"},
                      .now = kNow};
    Memory sibling = memory("sibling", "worker_3 is down", "restarted");
    sibling.target = "worker_3";
    sibling.group = "worker";
    sibling.rule = "down";
    sibling.signature = {"process_status=dead"};
    Memory other = sibling;
    other.id = "other";
    other.signature = {"http_status=500"};
    Memory stranger = memory("stranger", "grafana is down", "restarted");
    stranger.target = "grafana";
    const auto ranked = rank_all(question, {stranger, other, sibling});
    EXPECT_EQ(ids_of(ranked), (Strings{"sibling", "other", "stranger"}));
    EXPECT_EQ(ranked[0].why, (Strings{"alike in words", "same group", "same kind: down",
                                      "same symptoms: process_status=dead"}));
    EXPECT_TRUE(is_alike(ranked[0]));
    EXPECT_FALSE(is_alike(ranked[2])) << "that both are down is not enough: " << ranked[2].score;
}

TEST(Rank, OutcomeProvenanceAndWhatWasSeenSince) {
    const Likeness question{.text = "worker is dead", .now = kNow};
    const auto of = [](const std::string& id, MemoryOutcome outcome) {
        Memory made = memory(id, "worker is dead", "restart");
        made.outcome = outcome;
        return made;
    };
    Memory wrong = of("wrong", MemoryOutcome::verified);
    wrong.confirmed = 1;
    wrong.contradicted = 2;
    Memory doubted = of("doubted", MemoryOutcome::verified);
    doubted.confirmed = 2;
    doubted.contradicted = 3;
    Memory outside = of("outside", MemoryOutcome::none);
    outside.provenance = Provenance::outside;
    Memory expired = of("expired", MemoryOutcome::verified);
    expired.expires_at = kNow;
    const auto ranked = rank_all(question, {wrong, outside, of("failed", MemoryOutcome::failed),
                                            of("none", MemoryOutcome::none),
                                            of("human", MemoryOutcome::human), doubted, expired});
    EXPECT_EQ(ids_of(ranked), (Strings{"doubted", "human", "none", "failed", "outside", "wrong"}));
    EXPECT_FALSE(is_demoted(doubted));
    EXPECT_TRUE(is_demoted(wrong));
}

TEST(Rank, OfEqualOnesTheNewestStandsFirst) {
    Memory older = memory("a", "worker is dead", "restart"), newer = older;
    newer.id = "b";
    newer.at = kNow;
    EXPECT_EQ(ids_of(rank_all({.text = "worker", .now = kNow}, {older, newer})),
              (Strings{"b", "a"}));
}

TEST(ReadAdded, SaysWhatIsWrong) {
    struct Row {
        const char* json;
        const char* expected;  // empty: fine
    };
    for (const Row& row : std::to_array<Row>({
             {R"({"title":"a","text":"b","meta":{"x":1}})", ""},
             {R"({"text":"b"})", "'title' is missing"},
             {R"({"title":" "})", "'title' is missing"},
             {R"([])", "a memory is a JSON object"},
             {R"({"title":"a","id":"a b"})", "'id' is made of letters, digits, '.', '_' and '-'"},
             {R"({"title":"a","outcome":"great"})",
              "unknown outcome 'great' (there are none, verified, human, self and failed)"},
         })) {
        const auto json = Json::parse(row.json);
        ASSERT_TRUE(json.ok());
        const auto read = read_added(json.value(), "mem-new", kNow);
        EXPECT_EQ(read.ok() ? "" : read.error().message, row.expected) << row.json;
        if (!read.ok()) continue;
        EXPECT_EQ(read.value().id, "mem-new");
        EXPECT_EQ(read.value().at, kNow);
    }
}

}  // namespace
}  // namespace ops
