#include "monitor/check_kind.h"

#include "base/text.h"

namespace ops {

std::string CheckRequest::subject_text() {
    const std::string what =
        std::string(kind.subject) + " of the check of '" + settings.target + "'";
    if (subject.is_scalar() && !trim(subject.text).empty()) return subject.text;
    const Place& place = subject ? subject.place : settings.check.place;
    if (subject.is_list() || subject.is_map()) {
        error(place, what + " is " + (subject.is_list() ? "a list" : "a map") + ", not a text");
    } else if (!settings.check.damaged) {
        error(place, what + " is empty");
    }
    return "";
}

const Host* CheckRequest::host() const {
    if (const Host* host = all.inventory.find_host(settings.target)) return host;
    const Service* service = all.inventory.find_service(settings.target);
    return service == nullptr ? nullptr : all.inventory.find_host(service->host);
}

const Host* CheckRequest::remote_host() const {
    const Host* found = host();
    return found == nullptr || found->local || found->ssh.empty() ? nullptr : found;
}

std::string CheckRequest::secret(std::string_view key) {
    const auto path = fields.optional_text(key);
    if (!path || !secrets) return "";
    auto content = secrets(*path);
    if (!content.ok()) {
        error(fields.place_of(key),
              "'" + std::string(key) + "' cannot be read: " + content.error().message);
        return "";
    }
    std::string secret = std::move(content).value();
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();  // an editor's
    return secret;
}

std::string CheckRequest::outside_key(std::string_view key) {
    (void)fields.required_text(key);
    Problems found;
    CheckRequest quiet{kind, settings, index, all, found, secrets, subject, fields};
    std::string content = quiet.secret(key);
    for (const Problem& problem : found.all()) problems.warning(problem.place, problem.message);
    return content;
}

std::string CheckRequest::user() {
    std::string user = fields.text("as");
    if (!user.empty() && !all.agent.prober_socket.empty()) {
        problems.warning(fields.place_of("as"),
                         "only a prober that runs as root may become '" + user +
                             "', and the service ops-agent-prober does not: the check is unknown");
    }
    return user;
}

void CheckRequest::error(const Place& place, std::string message) {
    problems.error(place, std::move(message));
}

void CheckRequest::error_about(const Node& value, std::string message) {
    if (value.from_environment) message = "the value from the environment cannot be used here";
    problems.error(value.place, std::move(message));
}

Observation observe(const Check& check, const Reply& reply) {
    Observation observation;
    observation.check = check.index();
    observation.target = check.target();
    observation.at = reply.at;
    observation.took = reply.took;
    return observation;
}

void add_fact(Observation& observation, std::string_view name, Value value) {
    observation.facts.push_back({std::string(name), std::move(value)});
}

std::string shown(std::string_view hostile) {
    return clip_end(trim(printable(hostile.substr(0, 4096), Lines::flatten)), 200);
}

std::string shown_evidence(std::string_view hostile) {
    constexpr size_t kMost = 4096;
    if (hostile.size() > 2 * kMost) hostile.remove_prefix(hostile.size() - 2 * kMost);
    std::string text = printable(trim(hostile), Lines::keep);
    return clip_middle(text, kMost);
}

Judged Check::died(const ProcessDied&) {
    Judged judged;
    judged.ask_now = ask().question;
    return judged;
}

}  // namespace ops
