#include "record/memories.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;
using sim::DiskFault;
using sim::SimDisk;
using Strings = std::vector<std::string>;

constexpr Time kStart{Duration(1'770'000'000'000)};

StoredMemory memory(const std::string& id, const Strings& title, const Strings& text,
                    Time at = kStart) {
    StoredMemory stored;
    stored.memory.id = id;
    stored.memory.title = "title of " + id;
    stored.memory.text = "text";
    stored.memory.at = at;
    stored.terms = {title, text};
    return stored;
}

Strings ids_of(const std::vector<StoredMemory>& found) {
    Strings ids;
    for (const StoredMemory& one : found) ids.push_back(one.memory.id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

class MemoriesTest : public testing::Test {
protected:
    MemoriesTest() : disk_("memories_test_disk") { reopen(); }
    void reopen(size_t most = kMostMemories) {
        memories_.reset();
        auto opened = Memories::open("/d", {.vfs = disk_.name()}, most);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        memories_ = std::move(opened).value();
    }
    void put(const std::vector<StoredMemory>& memories) {
        const auto done = memories_->put(memories);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    Strings find(const Strings& terms, size_t limit = 64) {
        const auto found = memories_->candidates({.terms = terms, .limit = limit});
        EXPECT_TRUE(found.ok()) << found.error().message;
        return found.ok() ? ids_of(found.value()) : Strings{"error"};
    }

    SimDisk disk_;
    std::unique_ptr<Memories> memories_;
};

TEST_F(MemoriesTest, FindsByWordsAfterReopeningAndForReaders) {
    put({memory("mem-1", {"worker", "dead"}, {"restart", "restart"}),
         memory("mem-2", {"disk", "full"}, {"vacuum", "journal"})});
    EXPECT_EQ(find({"worker"}), Strings{"mem-1"});
    EXPECT_EQ(find({"journal", "dead"}), (Strings{"mem-1", "mem-2"})) << "any of the words";
    EXPECT_EQ(find({"nothing"}), Strings{});
    EXPECT_EQ(find({}), Strings{});
    reopen();
    EXPECT_EQ(find({"worker"}), Strings{"mem-1"});
    auto reader = Memories::open("/d", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader.value()->count().value(), 2U);
    const auto found = reader.value()->candidates({.terms = {"full"}});
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(ids_of(found.value()), Strings{"mem-2"});
    EXPECT_EQ(found.value()[0].terms.text, (Strings{"vacuum", "journal"}));
    EXPECT_EQ(reader.value()->put({memory("mem-3", {"x"}, {})}).error().fault, Fault::denied);
}

TEST_F(MemoriesTest, AQuestionIsNeverAQueryLanguage) {
    put({memory("mem-1", {"worker"}, {"dead"}), memory("mem-2", {"near"}, {"or", "not"})});
    for (const char* const hostile :
         {"\"", "worker\" OR \"near", "title_terms:worker", "wor*", "NEAR(worker dead)", "-worker",
          "'; DROP TABLE memory; --", "^worker", "(", "worker AND", "{title_terms}:dead"}) {
        EXPECT_EQ(find({hostile}), Strings{}) << hostile;
    }
    EXPECT_EQ(find({"or"}), Strings{"mem-2"}) << "a word of the language is a word like others";
    EXPECT_EQ(find({"near", "*"}), Strings{"mem-2"});
}

TEST_F(MemoriesTest, PutsInThePlaceOfTheSameId) {
    put({memory("mem-1", {"worker"}, {"dead"})});
    put({memory("mem-1", {"disk"}, {"full"})});
    EXPECT_EQ(find({"worker"}), Strings{}) << "the old words are gone";
    EXPECT_EQ(find({"disk"}), Strings{"mem-1"});
    EXPECT_EQ(memories_->count().value(), 1U);
    EXPECT_TRUE(memories_->erase("mem-1").value());
    EXPECT_FALSE(memories_->erase("mem-1").value());
    EXPECT_EQ(find({"disk"}), Strings{});
    const auto about = memories_->statistics({"disk"});
    ASSERT_TRUE(about.ok());
    EXPECT_EQ(about.value().memories, 0U);
}

TEST_F(MemoriesTest, TellsHowCommonWordsAre) {
    put({memory("mem-1", {"a1"}, {"b1", "b1"}), memory("mem-2", {"a1"}, {}),
         memory("mem-3", {}, {"b1", "c1"})});
    const auto about = memories_->statistics({"a1", "b1", "c1", "d1"});
    ASSERT_TRUE(about.ok()) << about.error().message;
    EXPECT_EQ(about.value().memories, 3U);
    EXPECT_DOUBLE_EQ(about.value().mean_length, 2);
    EXPECT_EQ(about.value().memories_of, (std::vector<uint64_t>{2, 2, 1, 0}));
}

TEST_F(MemoriesTest, FindsByStructureWhateverTheWords) {
    StoredMemory one = memory("mem-1", {"x1"}, {}), two = memory("mem-2", {"x2"}, {});
    one.memory.target = "worker_3";
    one.memory.group = two.memory.group = "worker";
    two.memory.target = "worker_5";
    two.memory.rule = "down";
    put({one, two});
    const auto by = [&](MemoryQuestion question) {
        const auto found = memories_->candidates(question);
        return found.ok() ? ids_of(found.value()) : Strings{found.error().message};
    };
    EXPECT_EQ(by({.target = "worker_3"}), Strings{"mem-1"});
    EXPECT_EQ(by({.group = "worker"}), (Strings{"mem-1", "mem-2"}));
    EXPECT_EQ(by({.rule = "down"}), Strings{"mem-2"});
    EXPECT_EQ(by({.target = "other"}), Strings{});
}

TEST_F(MemoriesTest, KeepsWhatWasUsefulLast) {
    reopen(3);
    put({memory("mem-1", {"w1"}, {}, kStart), memory("mem-2", {"w2"}, {}, kStart + 1s),
         memory("mem-3", {"w3"}, {}, kStart + 2s)});
    Memory used = memories_->memory("mem-1").value().value();
    used.used_at = kStart + 1h;
    used.confirmed = 2;
    EXPECT_TRUE(memories_->update(used).value());
    const auto gone = memories_->put({memory("mem-4", {"w4"}, {}, kStart + 3s)});
    ASSERT_TRUE(gone.ok());
    EXPECT_EQ(gone.value(), Strings{"mem-2"}) << "the one that was of no use for the longest time";
    EXPECT_EQ(find({"w1", "w2", "w3", "w4"}), (Strings{"mem-1", "mem-3", "mem-4"}));
    EXPECT_EQ(memories_->memory("mem-1").value()->confirmed, 2);
    EXPECT_FALSE(memories_->update(memory("mem-9", {}, {}).memory).value());
}

TEST_F(MemoriesTest, ExpiresWhatIsDue) {
    StoredMemory old = memory("mem-1", {"w1"}, {}), fresh = memory("mem-2", {"w2"}, {});
    old.memory.expires_at = kStart + 1h;
    fresh.memory.expires_at = kStart + 2h;
    put({old, fresh, memory("mem-3", {"w3"}, {})});
    EXPECT_EQ(memories_->expire(kStart).value(), Strings{});
    EXPECT_EQ(memories_->expire(kStart + 1h).value(), Strings{"mem-1"});
    EXPECT_EQ(memories_->list().value().size(), 2U);
    EXPECT_EQ(memories_->list("mem-2").value().size(), 1U);
}

TEST_F(MemoriesTest, RefusesWhatDoesNotFitAndStoresNoneOfIt) {
    std::vector<std::pair<StoredMemory, const char*>> bad;
    bad.emplace_back(memory("", {}, {}), "no id");
    bad.emplace_back(memory("a b", {}, {}), "a blank in the id");
    bad.emplace_back(memory("mem-2", {"Upper"}, {}), "a word that is none");
    bad.emplace_back(memory("mem-2", {"a b"}, {}), "two words as one");
    bad.emplace_back(memory("mem-2", {}, {}), "no title");
    bad.back().first.memory.title.clear();
    bad.emplace_back(memory("mem-2", {}, {}), "too long");
    bad.back().first.memory.text = std::string(kMostMemoryText + 1, 'x');
    for (const auto& [wrong, why] : bad) {
        const auto done = memories_->put({memory("mem-1", {"w1"}, {}), wrong});
        ASSERT_FALSE(done.ok()) << why;
        EXPECT_EQ(done.error().fault, Fault::invalid) << why;
    }
    EXPECT_EQ(memories_->count().value(), 0U);
    put({memory("mem-1", {"w1"}, {})});  // none of it poisons
}

TEST_F(MemoriesTest, IsOneWritersAndSaysSo) {
    const auto second = Memories::open("/d", {.vfs = disk_.name()});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().fault, Fault::denied);
    const auto nothing = Memories::open("/empty", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_FALSE(nothing.ok());
}

TEST_F(MemoriesTest, LeavesADamagedFileAsItIs) {
    put({memory("mem-1", {"w1"}, {})});
    ASSERT_TRUE(memories_->maintain().ok());
    memories_.reset();
    for (const std::string& path : disk_.files()) {
        if (!path.ends_with("brain.db")) continue;
        auto bytes = disk_.bytes(path);
        ASSERT_GT(bytes.size(), 4096U);
        std::fill(bytes.begin() + 4096, bytes.end(), 'x');
        disk_.set_bytes(path, bytes);
        const auto opened = Memories::open("/d", {.vfs = disk_.name()});
        ASSERT_FALSE(opened.ok());
        EXPECT_EQ(opened.error().fault, Fault::corrupt) << opened.error().message;
        EXPECT_EQ(disk_.bytes(path), bytes) << "it was changed";
    }
}

// What put() acknowledged is there after a power cut at any write, what it did not is there whole
// or not at all.
TEST(MemoriesPowerCut, LosesNothingAcknowledged) {
    uint64_t nth = 1;
    for (;; ++nth) {
        SimDisk disk("memories_cut", nth);
        disk.fail_at(nth, DiskFault::power_cut);
        std::set<std::string> acknowledged;
        [&] {
            auto opened = Memories::open("/d", {.vfs = disk.name()});
            if (!opened.ok()) return;
            for (int i = 0; i < 8; ++i) {
                const std::string id = "mem-" + std::to_string(i);
                const auto done = opened.value()->put({memory(id, {"w1"}, {id.substr(4)})});
                if (done.ok()) acknowledged.insert(id);
            }
        }();
        if (!disk.lost_power()) break;
        disk.restore_power();
        auto again = Memories::open("/d", {.vfs = disk.name()});
        ASSERT_TRUE(again.ok()) << "cut at " << nth << ": " << again.error().message;
        const auto found = again.value()->candidates({.terms = {"w1"}});
        ASSERT_TRUE(found.ok()) << "cut at " << nth << ": " << found.error().message;
        const Strings ids = ids_of(found.value());
        for (const std::string& id : acknowledged) {
            EXPECT_TRUE(std::binary_search(ids.begin(), ids.end(), id))
                << "cut at " << nth << ": " << id;
        }
        EXPECT_EQ(again.value()->count().value(), ids.size()) << "cut at " << nth;
    }
    EXPECT_GT(nth, 30U) << "a workload that hardly writes proves little";
}

}  // namespace
}  // namespace ops
