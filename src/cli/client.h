// The running agent as the command line sees it: over HTTP on loopback, with the token of its data
// folder. Where none runs, the records of the data folder can still be read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/load.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/verbs.h"
#include "web/control.h"

namespace ops {

// Of incidents that are not resolved, as the API's `state` takes them.
inline constexpr const char* kOpenStates =
    "open,awaiting_approval,resolving,verifying,escalated,acknowledged";

class Client {
public:
    // Needs of the configuration where the agent listens and keeps its data, and no more.
    static Result<Client> open(const Invocation& invocation);

    // Fault::unavailable: no agent answers there, or it is not the one whose data folder this is.
    Result<Json> get(const std::string& path);
    Result<Json> post(const std::string& path, const Json& body);
    // From the running agent, else from the data folder (then `from_records` becomes true, and
    // health is the one that was saved last).
    Result<Json> look(const View& view, bool& from_records);

    const std::string& listen() const { return listen_; }
    const std::string& data_dir() const { return data_dir_; }
    Duration keep() const { return loaded_->brain.keep; }  // of a memory
    const std::string& time_zone() const { return time_zone_; }

private:
    Result<Json> send(const std::string& method, const std::string& path, const std::string& body);
    Result<> know_the_agent();
    Error stranger() const;
    Result<Json> ask(const std::string& method, const std::string& path, const std::string& body);
    std::unique_ptr<Loaded> loaded_;
    std::string listen_, where_, data_dir_, token_, time_zone_;
    bool is_known_ = false;  // who answers has shown that it has our token
    Time now_{};
};

// Prints why it did not work; the exit code: 3 when no agent runs, 2 for what was asked wrongly, 1
// else.
int told(const Error& error, const Terminal& terminal);
// Who says so, and whose process this is: the agent records both.
Json words_of(const Invocation& invocation);
// Asks for a deed; prints `done`, or the reply for --json.
int post(const Invocation& invocation, Terminal& terminal, const std::string& path,
         const Json& body, const std::string& done);
// "2m ago", "3h ago": how people say it.
std::string ago(const std::string& rfc3339, Time now);

}  // namespace ops
