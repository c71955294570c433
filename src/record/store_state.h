// What a Store is made of. Private to src/record.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "record/database.h"
#include "record/projection.h"
#include "record/store.h"

namespace ops {

struct Store::State {
    std::unique_ptr<Database> lock;  // an exclusive transaction on FOLDER/writer.lock, for life
    std::unique_ptr<Database> database;
    std::optional<Projections> projections;
    JournalHead head;
    std::optional<Error> poison;
    bool read_only = false;
    int checkpoint_pages = 0;

    // Runs `work` in a transaction and remembers for ever that one has failed.
    Result<> change(const std::function<Result<>()>& work);
    Result<> refuse_unless_writable();
    Error poison_with(Error error);
    // Within a transaction: gives the events their places and writes them and what follows from
    // them. `head` is moved on.
    Result<> write_events(std::vector<Event>& events, JournalHead& head_now);
};

int64_t to_millis(Time at);
Time from_millis(int64_t ms);

// The columns of `event` as kEventColumns names them.
extern const char* const kEventColumns;
Result<Event> read_event(const Statement& row);

std::string sum_of_state(std::string_view key, std::string_view value);

std::string state_path(const std::string& folder);

}  // namespace ops
