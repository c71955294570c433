// Memories: what was learned, kept durably and found again by its words. FOLDER/brain.db.
//
// A store of its own beside the journal: losing it loses no truth, and the agent goes on without
// it. The words of a memory are given by whoever stores it (learn/terms.h makes them), so that they
// are cut alike for storing and for asking; a question is a list of words and never anything that
// SQLite's query language would read. What is found is ranked by learn/brain.h: here is only
// chosen, by SQLite's own BM25, which ones are worth ranking.
//
// Bounded: kMostMemories; beyond, those go first that were of no use for the longest time. One
// writer at a time (a second one is Fault::denied), any number of readers in other processes, one
// thread per Memories. Durable as the store (WAL, synchronous=FULL). A damaged file is
// Fault::corrupt and left as it is. After a failed write all later ones fail; reads go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/memory.h"
#include "record/store.h"

namespace ops {

constexpr size_t kMostMemories = 100'000;
constexpr size_t kMostMemoryText = size_t{16} * 1024;  // bytes; longer ones are refused

// Words as learn/terms.h cuts them: [a-z0-9] and bytes that are not ASCII.
struct MemoryTerms {
    std::vector<std::string> title, text;  // in their order, as often as they come
};

// How common words are among all memories: what BM25 needs to know.
struct TermStatistics {
    uint64_t memories = 0;
    double mean_length = 0;             // in words
    std::vector<uint64_t> memories_of;  // that have the word asked for, in the order of asking
};

struct MemoryQuestion {
    std::vector<std::string> terms{};  // any of them
    // Also the newest of these, whatever their words.
    std::string target{}, group{}, rule{};
    size_t limit = 64;  // by their words; of each of the others a quarter of it
};

struct StoredMemory {
    Memory memory{};
    MemoryTerms terms{};
};

class Memories {
public:
    // Makes folder and file when they are not there (not for Access::read: Fault::not_found).
    static Result<std::unique_ptr<Memories>> open(const std::string& folder,
                                                  StoreOptions options = {},
                                                  size_t most = kMostMemories);
    ~Memories();
    Memories(const Memories&) = delete;
    Memories& operator=(const Memories&) = delete;

    // Puts them in, in the place of those with the same ids: all or none. Fault::invalid names the
    // first that cannot be stored. Gives the ids of those that had to go for them.
    Result<std::vector<std::string>> put(const std::vector<StoredMemory>& memories);
    // Changes one that is there, without its words. False when it is not.
    Result<bool> update(const Memory& memory);
    Result<bool> erase(std::string_view id);

    Result<std::optional<Memory>> memory(std::string_view id);
    // Oldest first by id, those after `after`; for export and for going through all of them.
    Result<std::vector<Memory>> list(std::string_view after = {}, size_t limit = 1000);
    Result<uint64_t> count();

    Result<TermStatistics> statistics(const std::vector<std::string>& terms);
    // Those worth ranking, in no order.
    Result<std::vector<StoredMemory>> candidates(const MemoryQuestion& question);

    // Takes out those that expired before now, at most `limit`; gives their ids.
    Result<std::vector<std::string>> expire(Time now, size_t limit = 1000);

    Result<> maintain();  // as Store::maintain

private:
    struct State;
    explicit Memories(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ops
