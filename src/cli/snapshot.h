// Snapshot: every check asked once, by the command line itself, without a running agent.
#pragma once

#include <memory>

#include "agent/load.h"
#include "cli/verbs.h"
#include "detect/detect.h"
#include "record/history.h"

namespace ops {

class Snapshot {
public:
    // Asks all checks (or those of one target and its host) and waits for the answers: as long as
    // the longest time limit, at most. Problems of the configuration are an Error.
    static Result<std::unique_ptr<Snapshot>> take(const Invocation& invocation,
                                                  const std::string& only_target);
    ~Snapshot();

    const Loaded& loaded() const { return *loaded_; }
    const Detector& detector() const { return *detector_; }
    Time now() const { return now_; }
    // What did not work but is no answer about a service: "3 checks gave no answer in time".
    const std::vector<std::string>& notes() const { return notes_; }

private:
    Snapshot() = default;
    void ask(const std::string& only_target);
    class Records;  // the history of the data folder, where there is one

    std::unique_ptr<Loaded> loaded_;
    std::unique_ptr<Records> records_;
    std::unique_ptr<Detector> detector_;
    Time now_{};
    std::vector<std::string> notes_;
};

}  // namespace ops
