// Makes checks out of configuration text and replies out of thin air, for the tests of this room.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "monitor/checks.h"

namespace ops::test {

inline const Time kNoon = Time(std::chrono::seconds(1'790'000'000));

// The check of the service "web" as written in flow YAML, on the host "here" (local) or "pc" (ssh).
struct Made {
    Settings settings;
    Problems problems;
    std::unique_ptr<Check> check;
    Check* operator->() const { return check.get(); }
};
inline Made make_from(const std::string& whole_text, const std::string& target,
                      const SecretReader& secrets = {}) {
    Made made;
    made.settings = read_settings_leniently(
        {{"ops-agent.yaml", whole_text}},
        [](const std::string& name) -> std::optional<std::string> {
            return name == "SECRET" ? std::optional<std::string>("s3cret") : std::nullopt;
        },
        made.problems);
    CheckList list = make_checks(made.settings, made.problems, secrets);
    for (size_t i = 0; i < list.checks.size(); ++i) {
        if (list.checks[i] && list.checks[i]->target() == target && !made.check)
            made.check = std::move(list.checks[i]);
    }
    return made;
}
// Line 3 of the text is the check, from column 12 on.
inline std::string text_with(const std::string& check, const std::string& host = "here") {
    return "hosts: [{name: here, local: true}, {name: pc, ssh: ops@pc}]\n"
           "services: [{name: web, restart: systemctl restart web, host: " +
           host + ", timeout: 5s,\n    check: " + check + "}]\n";
}
inline Made make(const std::string& check, const std::string& host = "here") {
    return make_from(text_with(check, host), "web");
}
inline Made make_signal(const std::string& check) {
    return make_from("signals: [{name: queue-depth, every: 1m,\n    " + check + "}]\n",
                     "queue-depth");
}

inline Reply reply(Answer answer, Time at = kNoon, Duration took = std::chrono::milliseconds(20)) {
    return {.check = 0, .at = at, .took = took, .answer = std::move(answer)};
}
inline Reply failure(Fault fault, std::string message, Time at = kNoon) {
    return {.check = 0, .at = at, .took = {}, .answer = Error{fault, std::move(message)}};
}
inline Answer http(int status, std::string body) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.phases.total = std::chrono::milliseconds(20);
    return answer;
}
inline Answer exited(int code, std::string output) {
    Exit exit;
    exit.code = code;
    exit.output = std::move(output);
    return exit;
}
inline Answer processes(std::vector<ProcessSeen> seen) {
    LocalAnswer answer;
    answer.processes = std::move(seen);
    return answer;
}
inline Answer machine(double memory_total) {
    LocalAnswer answer;
    answer.machine.emplace();
    answer.machine->memory_total = memory_total;
    return answer;
}
inline ProcessSeen process(int pid, char state = 'S', Duration age = std::chrono::seconds(100)) {
    return {.id = {pid, static_cast<uint64_t>(pid) * 10},
            .cpu_seconds = 1,
            .rss_bytes = 1e9,
            .age = age,
            .state = state};
}

// "bad certain: no answer in 5s"
inline std::string print(const Judged& judged) {
    if (judged.ask_now) return "ask";
    const Observation& seen = judged.observation;
    std::string text(name_of(seen.health));
    if (seen.certain) text += " certain";
    if (seen.degraded) text += " degraded";
    if (!seen.reason.empty()) text += ": " + seen.reason;
    return text;
}
// As print() of the value; "-" when the fact is not there.
inline std::string fact(const Judged& judged, std::string_view name) {
    for (const Fact& fact : judged.observation.facts) {
        if (fact.name == name) return fact.value.print();
    }
    return "-";
}
inline std::string print(const Problems& problems) {
    Problems sorted = problems;
    sorted.sort_by_place();
    return sorted.print();
}

// Answers the question about the machine's memory, if it is asked.
inline Judged look(Made& made, Answer answer, Time at = kNoon) {
    Judged judged = made->judge(reply(std::move(answer), at));
    if (!judged.ask_now) return judged;
    return made->judge(reply(machine(10e9), at));
}

}  // namespace ops::test
