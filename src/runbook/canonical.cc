// The hash by which core and executor know that they mean the same entry: over what was read, not
// over how it was written, so a comment changes nothing and a changed word changes it.
#include "base/hash.h"
#include "base/json.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

Json of(Duration span) { return Json(static_cast<int64_t>(span.count())); }

Json of(const std::optional<int>& number) { return number ? Json(*number) : Json(nullptr); }

Json of(const std::optional<expr::Expression>& expression) {
    return expression ? Json(expression->print()) : Json(nullptr);
}

Json of(const CommandText& command) {
    return Json::object({{"words", Json::of_strings(command.words)},
                         {"host", command.host},
                         {"shell", command.shell},
                         {"restart_target", command.restart_target}});
}

Json of(const std::vector<CommandText>& commands) {
    Json list = Json::array();
    for (const CommandText& command : commands) list.push(of(command));
    return list;
}

Json of(const Verification& verification) {
    return Json::object({{"kind", static_cast<int>(verification.kind)},
                         {"text", verification.text},
                         {"expression", of(verification.expression)},
                         {"command", of(verification.command)},
                         {"timeout", of(verification.timeout)}});
}

Json of(const Step& step) {
    return Json::object(
        {{"kind", static_cast<int>(step.kind)},
         {"text", step.text},
         {"command", of(step.command)},
         {"wait", of(step.wait)},
         {"verification", of(step.verification)},
         {"condition", of(step.condition)},
         {"http", Json::of_strings({step.http_method, step.http_url, step.http_body})},
         {"collect", of(step.collect)},
         {"service", step.service},
         {"timeout", of(step.timeout)},
         {"as", step.as_user},
         {"continue_on_error", step.continue_on_error},
         {"effect", name_of(step.effect)},
         {"risk", name_of(step.risk)},
         {"undo", of(step.undo)}});
}

}  // namespace

// Without effect and risk: those are what an entry says of its step.
std::string canonical_words(const Step& step) {
    Json words = of(step);
    words.set("effect", "");
    words.set("risk", "");
    return words.dump();
}

std::string canonical_words(const std::vector<CommandText>& commands) {
    return of(commands).dump();
}

std::string hash_of(const Entry& entry) {
    Json symptoms = Json::array();
    for (const expr::Expression& symptom : entry.symptoms) symptoms.push(symptom.print());
    Json steps = Json::array();
    for (const Step& step : entry.steps) steps.push(of(step));
    const Json canonical =
        Json::object({{"name", entry.name},
                      {"symptoms", symptoms},
                      {"any", entry.any},
                      {"for", of(entry.hold)},
                      {"steps", steps},
                      {"undo", of(entry.undo)},
                      {"risk", name_of(entry.risk)},
                      {"effect", name_of(entry.effect)},
                      {"autonomy", name_of(entry.autonomy)},
                      {"escalate", static_cast<int>(entry.escalate)},
                      {"level", entry.level ? Json(name_of(*entry.level)) : Json()},
                      {"cooldown", of(entry.cooldown)},
                      {"max_per_hour", of(entry.max_per_hour)},
                      {"max_per_day", of(entry.max_per_day)},
                      {"retries", of(entry.retries)},
                      {"enabled", entry.enabled},
                      {"learned", entry.learned},
                      {"common_cause", entry.common_cause}});
    return sha256_hex(canonical.dump());
}

}  // namespace ops
