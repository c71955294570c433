// access: who could come into this machine: ports that listen beyond loopback, accounts, and the
// keys that sshd lets in.
//
// It only says what is there; what of it is new since the last look, also since before a restart,
// is for the book of what is known (agent/security_book.h).
#include <algorithm>
#include <set>

#include "base/text.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

struct Wanted {
    bool ports = true, accounts = true, keys = true;
    std::set<int> ignored_ports;
};

class AccessCheck final : public Check {
public:
    AccessCheck(const CheckRequest& request, Wanted wanted)
        : Check(request.index, request.settings.target, "access"),
          wanted_(std::move(wanted)),
          timeout_(request.settings.timeout) {}

    Ask ask() const override {
        return {.check = index(),
                .question = LocalAsk{LocalAsk::What::access, "", {}},
                .time_limit = timeout_};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        const auto* local =
            reply.answer.ok() ? std::get_if<LocalAnswer>(&reply.answer.value()) : nullptr;
        if (!reply.answer.ok()) {
            seen.reason = shown(reply.answer.error().message);
        } else if (local == nullptr || local->access == nullptr) {
            seen.reason = "an answer of another kind";
        } else {
            judge_access(*local->access, judged);
        }
        return judged;
    }

private:
    void judge_access(const AccessSeen& all, Judged& judged) const {
        AccessSeen seen;
        for (const ListeningPort& port : all.ports) {
            if (wanted_.ports && port.is_public && !wanted_.ignored_ports.contains(port.port))
                seen.ports.push_back(port);
        }
        if (wanted_.accounts) seen.accounts = all.accounts;
        if (wanted_.keys) seen.keys = all.keys;
        Observation& observation = judged.observation;
        observation.health = Health::good;
        const auto count = [&](bool is_wanted, std::string_view name, size_t number) {
            if (is_wanted) add_fact(observation, name, Value::number(static_cast<double>(number)));
        };
        count(wanted_.ports, "open_ports", seen.ports.size());
        count(wanted_.accounts, "accounts", seen.accounts.size());
        count(wanted_.keys, "ssh_keys", seen.keys.size());
        if (wanted_.keys && !all.unread.empty()) {
            observation.reason =
                "the keys of " + shown(join(all.unread, ", ")) + " may not be read by this user";
        }
        judged.access = std::make_shared<const AccessSeen>(std::move(seen));
    }

    Wanted wanted_;
    Duration timeout_;
};

std::unique_ptr<Check> make_access(CheckRequest& request) {
    Fields& fields = request.fields;
    Wanted wanted;
    wanted.ports = fields.boolean("ports", true);
    wanted.accounts = fields.boolean("accounts", true);
    wanted.keys = fields.boolean("keys", true);
    for (const std::string& text : fields.texts("ignore_ports")) {
        const bool digits = !text.empty() && text.size() <= 5 &&
                            text.find_first_not_of("0123456789") == std::string::npos;
        const int port = digits ? std::stoi(text) : 0;
        if (port < 1 || port > 65535) {
            request.error(fields.place_of("ignore_ports"),
                          "'" + shown(text) + "' is no port, write a number from 1 to 65535");
        }
        wanted.ignored_ports.insert(port);
    }
    if (!wanted.ports && !wanted.accounts && !wanted.keys) {
        request.error(request.settings.check.place,
                      "nothing is left to look at: ports, accounts and keys are all off");
    }
    return std::make_unique<AccessCheck>(request, std::move(wanted));
}

}  // namespace

CheckKind access_check_kind() {
    return {.name = "access",
            .help =
                "new ways into this machine: ports that listen beyond loopback, accounts, keys "
                "that sshd lets in",
            .subject = "",
            .settings = {{"ports", "true or false", "true", "look at ports that listen"},
                         {"accounts", "true or false", "true", "look at /etc/passwd"},
                         {"keys", "true or false", "true",
                          "look at the authorized_keys of every account; takes root"},
                         {"ignore_ports", "list of ports", "none",
                          "ports that may come and go without a word"}},
            .use = CheckKind::Use::signal,
            .make = make_access};
}

}  // namespace ops
