// tcp: connects, and may say something and look at the beginning of the answer.
#include "base/text.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"

namespace ops {
namespace {

class TcpCheck final : public Check {
public:
    TcpCheck(const CheckRequest& request, TcpAsk ask, std::string expect)
        : Check(request.index, request.settings.target, "tcp"),
          ask_(std::move(ask)),
          expect_(std::move(expect)),
          timeout_(request.settings.timeout) {}

    Ask ask() const override {
        return {.check = index(),
                .question = ask_,
                .time_limit = timeout_,
                .second_look = ask_.send.empty()};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        if (!reply.answer.ok() && is_unseen(reply.answer.error())) {
            seen.reason = shown(reply.answer.error().message);
            return judged;
        }
        seen.health = Health::bad;
        const TcpAnswer* answer =
            reply.answer.ok() ? std::get_if<TcpAnswer>(&reply.answer.value()) : nullptr;
        if (!reply.answer.ok()) {
            seen.reason = shown(reply.answer.error().message);
        } else if (answer == nullptr) {
            seen.reason = "the answer is no TCP";
        } else if (!answer->bytes.starts_with(expect_)) {
            seen.reason = answer->bytes.empty()
                              ? "closed without an answer, expected \"" + shown(expect_) + "\""
                              : "answered \"" + shown(answer->bytes) + "\", expected \"" +
                                    shown(expect_) + "\"";
        } else {
            seen.health = Health::good;
        }
        add_fact(seen, "up", Value::boolean(seen.health == Health::good));
        add_fact(seen, "latency", answer == nullptr ? Value() : Value::duration(reply.took));
        return judged;
    }

private:
    TcpAsk ask_;
    std::string expect_;
    Duration timeout_;
};

std::unique_ptr<Check> make_tcp(CheckRequest& request) {
    TcpAsk ask;
    const std::string text = request.subject_text();
    if (!text.empty()) {
        auto address = parse_host_port(text);
        if (address.ok()) {
            ask.host = address.value().host;
            ask.port = address.value().port;
        } else {
            request.error_about(request.subject, address.error().message);
        }
    }
    ask.send = request.fields.text("send");
    const std::string expect = request.fields.text("expect");
    if (expect.size() > 4096) {
        request.error(request.fields.place_of("expect"), "'expect' is longer than 4096 bytes");
    }
    // Not a byte more than needed: a peer that waits for us would else hold us to the time limit.
    ask.read_up_to = expect.size();
    return std::make_unique<TcpCheck>(request, std::move(ask), expect);
}

}  // namespace

CheckKind tcp_check_kind() {
    return {
        .name = "tcp",
        .help = "connects to a port",
        .subject = "address",
        .settings = {{"address", "host:port", "", "where to connect; [::1]:22 for IPv6"},
                     {"send", "text", "none", "sent after connecting; \"\\r\\n\" in double quotes"},
                     {"expect", "text", "none", "what the answer begins with"}},
        .use = CheckKind::Use::service,
        .make = make_tcp};
}

}  // namespace ops
