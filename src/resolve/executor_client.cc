#include "resolve/executor_client.h"

#include <utility>

#include "io/child_program.h"
#include "io/descriptor.h"
#include "io/posix_files.h"
#include "io/real_clock.h"
#include "resolve/wire.h"

namespace ops {
namespace {

constexpr Duration kAskTime = std::chrono::seconds(10);

// What was not wholly sent did not happen; after that, silence says nothing about what did.
Result<Json> ask(const std::string& socket_path, const Json& request, Duration answer_within) {
    RealClock clock;
    const Descriptor fd = TRY(connect_to(socket_path));
    TRY(write_line(fd.get(), request.dump(), clock, clock.steady() + kAskTime));
    const Result<std::string> line = read_line(fd.get(), clock, clock.steady() + answer_within);
    if (!line.ok()) return Error{Fault::timeout, "no answer: " + line.error().message};
    const Result<Json> reply = Json::parse(line.value());
    if (!reply.ok()) return Error{Fault::timeout, "the executor's answer is not JSON"};
    if (reply.value().has("ok")) return reply.value()["ok"];
    return error_from_json(reply.value()["error"]);
}

}  // namespace

ExecutorClient::ExecutorClient(std::string socket_path, Duration answer_within)
    : socket_path_(std::move(socket_path)), answer_within_(answer_within) {}

Result<TicketReply> ExecutorClient::execute(const Ticket& ticket) {
    const Json request = Json::object({{"do", "execute"}, {"ticket", ticket.to_json()}});
    Result<TicketReply> reply =
        TicketReply::from_json(TRY(ask(socket_path_, request, answer_within_)));
    if (!reply.ok()) return Error{Fault::timeout, "executor: " + reply.error().message};
    if (reply.value().step_key != step_key(ticket)) {
        return Error{Fault::timeout, "the executor answered about another step"};
    }
    return reply;
}

Result<Seen> ExecutorClient::look(const Look& look) {
    const Json request =
        Json::object({{"do", "look"}, {"step_key", look.step_key}, {"epoch", look.epoch}});
    return Seen::from_json(TRY(ask(socket_path_, request, kAskTime)));
}

Result<> ExecutorClient::set_paused(bool paused, const std::string& by) {
    const Json request = Json::object({{"do", "pause"}, {"paused", paused}, {"by", by}});
    TRY(ask(socket_path_, request, kAskTime));
    return {};
}

struct ExecutorChild::State {
    std::string socket_path;
    std::unique_ptr<ChildProgram> program;
};

ExecutorChild::ExecutorChild(std::unique_ptr<State> state) : state_(std::move(state)) {}
ExecutorChild::~ExecutorChild() = default;

Result<std::unique_ptr<ExecutorChild>> ExecutorChild::start(const std::string& program,
                                                            const std::string& config_file,
                                                            const std::string& folder) {
    PosixFiles files;
    TRY(files.make_folder(folder));
    auto state = std::make_unique<State>();
    state->socket_path = folder + "/executor.sock";
    const Descriptor listening = TRY(listen_at(state->socket_path));
    state->program = TRY(ChildProgram::start({program, "executor", "--config", config_file,
                                              "--listening-fd", "3", "--life-fd", "{life}"},
                                             {listening.get()})
                             .during("start the executor"));
    return std::unique_ptr<ExecutorChild>(new ExecutorChild(std::move(state)));
}

const std::string& ExecutorChild::socket_path() const { return state_->socket_path; }
int ExecutorChild::pid() const { return state_->program->pid(); }
bool ExecutorChild::has_ended() { return state_->program->has_ended(); }

}  // namespace ops
