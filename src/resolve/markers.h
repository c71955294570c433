// Markers: the executor's memory on disk (docs/formats/executor.md). A file's being there is what
// counts; what is in it serves look() and the budgets. Nothing here is ever written twice.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/files.h"
#include "io/processes.h"
#include "resolve/ticket.h"

namespace ops {

// How long markers are kept. The budgets need a day. Whoever asks about a step of longer ago must
// not take "never seen" for an answer.
inline constexpr Duration kKeepMarkers = std::chrono::hours(24 * 7);

// KEY.seen: the step key is taken, for ever.
struct SeenMarker {
    Ticket ticket;
    Time at{};
    std::string target;  // acted on
    std::vector<std::string> argv;
    Risk risk = Risk::low;
    Duration time_limit{};
    std::string boot;
    Json to_json() const;
    static Result<SeenMarker> from_json(const Json& json);
};

// KEY.started: who runs it.
struct StartedMarker {
    ProcessIdentity process;
    std::string boot;
};

// approval-HASH.used: which attempt took an approval up, and when.
struct ApprovalUse {
    std::string plan_sha256, incident;
    int attempt = 1;
    Time at{};
    bool operator==(const ApprovalUse&) const = default;
};

class Markers {
public:
    Markers(Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

    struct Remembered {
        std::string key;
        // Nothing when the file is torn: its writing never ended, so its step never ran.
        std::optional<SeenMarker> seen;
        bool has_outcome = false;
    };
    // Makes the folder when it is not there.
    Result<std::vector<Remembered>> read_all();
    Result<uint64_t> read_epoch();  // 0: none yet
    Result<> write_epoch(uint64_t epoch);

    Result<bool> is_seen(const std::string& key);  // by marker or outcome
    Result<> write_seen(const std::string& key, const SeenMarker& marker);
    Result<> write_started(const std::string& key, const StartedMarker& marker);
    Result<> write_outcome(const std::string& key, const Exit& exit);
    // Fault::corrupt when it is there and torn.
    Result<std::optional<Exit>> read_outcome(const std::string& key);
    std::optional<StartedMarker> read_started(const std::string& key);

    Result<std::optional<ApprovalUse>> read_approval(const std::string& id);
    Result<> write_approval(const std::string& id, const ApprovalUse& use);

    // The marker itself goes last: cut short, a step is "seen, outcome unknown", never "never
    // seen".
    Result<> remove(const std::string& key);

private:
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    Result<std::optional<Json>> read_json(const std::string& name);

    Files& files_;
    const std::string folder_;
};

}  // namespace ops
