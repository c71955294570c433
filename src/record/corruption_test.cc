// Bytes that change behind our back, anywhere: found when the store is opened or when it is
// verified, or they were bytes that mean nothing. Never a crash, never another story.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "record/journal.h"
#include "record/store.h"
#include "record/workload_test.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using sim::SimDisk;

// All that a reader can learn, as one text.
std::string whole_story(Store& store) {
    std::string story;
    const auto add = [&](const auto& found, const auto& print) {
        if (!found.ok()) {
            story += "error: " + found.error().message + "\n";
            return;
        }
        for (const auto& one : found.value()) story += print(one) + "\n";
    };
    add(store.events({.limit = 100'000}), [](const Event& event) {
        return std::to_string(event.seq) + event.kind + event.incident + event.target +
               format_rfc3339(event.at) + event.body.dump() + event.hash;
    });
    add(store.incidents({.limit = 100'000}),
        [](const Incident& incident) { return incident.to_json().dump(); });
    add(store.actions({.limit = 100'000}),
        [](const Action& action) { return action.to_json().dump() + action.intent.dump(); });
    add(store.outbox_due(Time::max(), 100'000),
        [](const OutboxRow& row) { return row.key + row.channel + row.alert.dump(); });
    const auto state = store.state("k");
    story += state.ok() ? state.value().value_or("none") : state.error().message;
    return story;
}

void fill(const SimDisk& disk) {
    Promise promise;
    run_workload([&] { return Store::open("/d", options_of(disk, Durability::full)); }, promise);
    ASSERT_FALSE(promise.failed) << promise.error;
}

StoreOptions reading(const SimDisk& disk) { return {.vfs = disk.name(), .access = Access::read}; }

// What came of a damaged file: "found", "harmless", or what went wrong unseen.
std::string look_at(const SimDisk& disk, const std::string& true_story) {
    auto store = Store::open("/d", {.vfs = disk.name()});
    if (!store.ok()) return "found";
    const std::string story = whole_story(*store.value());
    close(store);
    const auto report = verify_journal("/d", "", reading(disk));
    if (!report.ok() || !report.value().ok) return "found";
    return story == true_story ? "harmless" : "unseen: " + story;
}

TEST(Corruption, AChangedByteIsFoundOrMeansNothing) {
    std::string bytes;
    std::string story;
    {
        SimDisk disk("sound");
        fill(disk);
        bytes = disk.bytes("/d/state.db");
        auto store = Store::open("/d", {.vfs = disk.name()});
        story = whole_story(*store.value());
    }
    ASSERT_GT(bytes.size(), 50'000U);
    int found = 0;
    int looked = 0;
    sim::Dice dice(1);
    for (size_t at = 0; at < bytes.size(); at += at < 110 ? 7 : 61 + dice.below(1600)) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << static_cast<int>(dice.below(8))));
        SimDisk disk("damaged");
        disk.set_bytes("/d/state.db", damaged);
        const std::string end = look_at(disk, story);
        ASSERT_TRUE(end == "found" || end == "harmless") << "byte " << at << ": " << end;
        ++looked;
        if (end == "found") ++found;
    }
    EXPECT_GT(found, looked / 10) << "of " << looked;
}

TEST(Corruption, WhatIsNotOursIsLeftAsItIs) {
    const struct {
        std::string bytes;
        Fault fault;
        const char* why;
    } rows[] = {
        {std::string(8192, 'x'), Fault::corrupt, "no database at all"},
        {std::string("SQLite format 3") + std::string(5000, '\0'), Fault::corrupt, "a torn one"},
    };
    for (const auto& row : rows) {
        SimDisk disk("foreign");
        disk.set_bytes("/d/state.db", row.bytes);
        const auto store = Store::open("/d", {.vfs = disk.name()});
        ASSERT_FALSE(store.ok()) << row.why;
        EXPECT_EQ(store.error().fault, row.fault) << row.why;
        EXPECT_NE(store.error().message.find("left as it is"), std::string::npos)
            << store.error().message;
        EXPECT_EQ(disk.bytes("/d/state.db"), row.bytes) << row.why;
    }
}

// Damage in the write-ahead log ends it there: SQLite takes what is before. Only a head that was
// noted elsewhere tells that more had been there, which is why `audit verify` takes one.
TEST(Corruption, ADamagedLogIsShorterNeverWrong) {
    std::string bytes;
    std::string log;
    std::string head;
    {
        SimDisk disk("sound_log");
        Storyteller story(4);
        auto store = Store::open("/d", {.vfs = disk.name()});
        for (int i = 0; i < 12; ++i) ASSERT_TRUE(store.value()->append(story.next()).ok());
        head = store.value()->head().hash;
        bytes = disk.bytes("/d/state.db");
        log = disk.bytes("/d/state.db-wal");
    }
    ASSERT_FALSE(log.empty());
    sim::Dice dice(2);
    int shorter = 0;
    for (size_t at = 0; at < log.size(); at += 300 + dice.below(9000)) {
        std::string damaged = log;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        SimDisk disk("damaged_log");
        disk.set_bytes("/d/state.db", bytes);
        disk.set_bytes("/d/state.db-wal", damaged);
        auto store = Store::open("/d", {.vfs = disk.name()});
        if (!store.ok()) continue;
        const bool is_whole = store.value()->head().hash == head;
        close(store);
        const auto plain = verify_journal("/d", "", reading(disk));
        ASSERT_TRUE(plain.ok() && plain.value().ok) << at;
        const auto noted = verify_journal("/d", head, reading(disk));
        ASSERT_TRUE(noted.ok());
        EXPECT_EQ(noted.value().ok, is_whole) << at;
        if (!is_whole) ++shorter;
    }
    EXPECT_GT(shorter, 5);
}

}  // namespace
}  // namespace ops
