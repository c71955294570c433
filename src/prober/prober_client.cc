#include "prober/prober_client.h"

#include <sys/socket.h>

#include "io/posix_processes.h"
#include "io/wire.h"
#include "prober/programs.h"
#include "resolve/ticket.h"

namespace ops {
namespace {

// Beyond the program's own limit: its group gets SIGKILL 2 s after SIGTERM, and others may be
// first.
constexpr Duration kGrace = std::chrono::seconds(15);
// A megabyte of output, every byte of it escaped.
constexpr size_t kAnswerLimit = 8 * 1024 * 1024;

Json request_for(const Command& command) {
    Json request = Json::object({{"do", "run"},
                                 {"program", identity_of(command)},
                                 {"limit_ms", int64_t{command.time_limit.count()}}});
    if (!command.secret.empty()) request.set("secret", command.secret);
    if (!command.tells) return request;
    request.set("input", command.input);
    const auto alert = command.environment.find("OPS_ALERT");
    request.set("alert", alert == command.environment.end() ? "" : alert->second);
    return request;
}

}  // namespace

ProberClient::ProberClient(std::string socket_path, std::unique_ptr<KeptChild> child)
    : socket_path_(std::move(socket_path)), child_(std::move(child)) {}

Result<Exit> ProberClient::run(const Command& command) {
    const std::string path = child_ ? TRY(child_->ensure()) : socket_path_;
    const Descriptor fd = TRY(connect_to(path).during("reach the prober"));
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return Error{Fault::unavailable, "we are stopping"};
        waiting_.insert(fd.get());
    }
    Result<Json> answer =
        exchange(fd.get(), request_for(command), command.time_limit + kGrace, kAnswerLimit);
    {
        const std::lock_guard lock(mutex_);
        waiting_.erase(fd.get());
    }
    return exit_from_json(TRY(std::move(answer)));
}

std::optional<ProcessIdentity> ProberClient::identify(int pid) { return identify_process(pid); }
std::string ProberClient::boot_id() { return this_boot(); }

void ProberClient::end_all() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const int fd : waiting_) ::shutdown(fd, SHUT_RDWR);
}

}  // namespace ops
