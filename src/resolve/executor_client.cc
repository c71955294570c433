#include "resolve/executor_client.h"

#include <utility>

#include "io/descriptor.h"
#include "io/wire.h"

namespace ops {
namespace {

constexpr Duration kAskTime = std::chrono::seconds(10);

// What was not wholly sent did not happen; after that, silence says nothing about what did.
Result<Json> ask(const std::string& socket_path, const Json& request, Duration answer_within) {
    const Descriptor fd = TRY(connect_to(socket_path).during("reach the executor"));
    return exchange(fd.get(), request, answer_within);
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

Result<uint64_t> ExecutorClient::next_epoch(uint64_t known) {
    const Json request = Json::object({{"do", "epoch"}, {"above", known}});
    const int64_t epoch = TRY(ask(socket_path_, request, kAskTime))["epoch"].as_int(-1);
    if (epoch < 0 || static_cast<uint64_t>(epoch) <= known) {
        return Error{Fault::corrupt, "the executor gave no epoch"};
    }
    return static_cast<uint64_t>(epoch);
}

Result<> ExecutorClient::set_paused(bool paused, const std::string& by) {
    const Json request = Json::object({{"do", "pause"}, {"paused", paused}, {"by", by}});
    TRY(ask(socket_path_, request, kAskTime));
    return {};
}

}  // namespace ops
