#include "scenario/outside.h"

#include <map>

#include "base/text.h"
#include "sim/sim_chat.h"

namespace ops {

using How = sim::World::ModelAnswer::How;

Result<double> percent_of(std::string word) {
    if (word.ends_with('%')) word.pop_back();
    if (word.empty() || word.find_first_not_of("0123456789.") != std::string::npos) {
        return Error{Fault::invalid, "'" + word + "' is no percentage"};
    }
    return std::stod(word);
}

Result<int> number_of(const std::string& word) {
    if (word.empty() || word.size() > 9 ||
        word.find_first_not_of("0123456789") != std::string::npos) {
        return Error{Fault::invalid, "'" + word + "' is no number"};
    }
    return std::stoi(word);
}

std::optional<sim::Condition> parse_condition(const std::string& word) {
    static const std::map<std::string, sim::Condition> kConditions = {
        {"up", sim::Condition::up},           {"failing", sim::Condition::failing},
        {"hanging", sim::Condition::hanging}, {"slow", sim::Condition::slow},
        {"garbage", sim::Condition::garbage}, {"down", sim::Condition::dead},
        {"dead", sim::Condition::dead},       {"fatal", sim::Condition::fatal},
        {"stopped", sim::Condition::stopped}};
    const auto found = kConditions.find(word);
    return found == kConditions.end() ? std::nullopt : std::optional(found->second);
}

std::optional<sim::RestartBehaviour> parse_behaviour(const std::string& word) {
    static const std::map<std::string, sim::RestartBehaviour> kBehaviours = {
        {"works", sim::RestartBehaviour::works},
        {"fails", sim::RestartBehaviour::fails},
        {"changes-nothing", sim::RestartBehaviour::changes_nothing},
        {"hangs", sim::RestartBehaviour::hangs},
        {"works-for-a-while", sim::RestartBehaviour::works_for_a_while}};
    const auto found = kBehaviours.find(word);
    return found == kBehaviours.end() ? std::nullopt : std::optional(found->second);
}

std::optional<sim::World::ModelAnswer> said_by_model(const ScriptLine& line) {
    static const std::map<std::string, How> kHow = {
        {"refuses", How::refuses},     {"rambles", How::rambles}, {"breaks-off", How::breaks_off},
        {"truncates", How::truncated}, {"garbles", How::garbage}, {"says-nothing", How::empty},
    };
    const auto& words = line.words;
    if (words.size() == 2 && words[1] == "answers") return {{line.block, "", How::whole}};
    if (words.size() == 3 && words[1] == "looks") return {{"", words[2], How::whole}};
    const auto known = kHow.find(words[1]);
    if (known == kHow.end() || words.size() != 2) return std::nullopt;
    const bool speaks = known->second == How::rambles || known->second == How::truncated;
    return {{speaks ? "First of all one has to say that" : "", "", known->second}};
}

Result<> press_in_chat(const ScriptLine& line, sim::World& world) {
    const auto& words = line.words;
    std::string person = "42";
    int nth = 0;
    size_t at = 3;
    if (words.size() > at + 1 && words[at] == "as") {
        person = words[at + 1];
        at += 2;
    }
    if (words.size() == at + 3 && words[at] == "in" && words[at + 1] == "message") {
        nth = TRY(number_of(words[at + 2]));
        at += 3;
    }
    if (words.size() != at) return Error{Fault::invalid, "cannot understand '" + line.text + "'"};
    if (sim::press_button(world, words[1], words[2], person, static_cast<size_t>(nth))) return {};
    return Error{Fault::not_found,
                 "no message to '" + words[1] + "' has a button '" + words[2] + "'"};
}

Result<> write_beside(const ScriptLine& line, sim::World& world) {
    return world.files().replace("/etc/ops-agent/" + line.words[1], line.words[2] + "\n");
}

std::string missing_toast(const ScriptLine& line, const sim::World& world) {
    const std::string last = world.toasts.empty() ? "nothing" : world.toasts.back();
    if (last.find(line.words[2]) != std::string::npos) return "";
    return "they were: " + join(world.toasts, " | ");
}

std::optional<sim::World::SendFailure> failure_of_channel(const ScriptLine& line) {
    const auto& words = line.words;
    const size_t count = words.size();
    sim::World::SendFailure failure;
    if (count == 3 && words[2] == "ok") return failure;
    if (count < 4) return std::nullopt;
    const bool has_status = words[2] == "answers" && count > 4;
    const Result<int> times = number_of(words[has_status ? 4 : 3]);
    const Result<int> status = has_status ? number_of(words[3]) : Result<int>(0);
    if (!times.ok() || !status.ok()) return std::nullopt;
    failure.count = times.value();
    failure.status = status.value();
    const size_t end = has_status ? 5 : 4;  // of what was read
    const bool is_for = count == end + 2 && words[end] == "for";
    if (is_for) failure.retry_after = words[end + 1];
    if (has_status) return count == end || is_for ? std::optional(failure) : std::nullopt;
    if (words[2] == "busy") {
        failure.status = 503;
        return is_for ? std::optional(failure) : std::nullopt;
    }
    if (count != end) return std::nullopt;
    if (words[2] == "fails") return failure;
    failure.fault = Fault::timeout;
    if (words[2] == "hangs") return failure;
    failure.is_taken = words[2] == "drops";
    if (failure.is_taken) return failure;
    failure.status = 404;
    return words[2] == "refuses" ? std::optional(failure) : std::nullopt;
}

Result<> teach_outside_brain(const ScriptLine& line, sim::World& world) {
    world.outside_memories.push_back(
        Json::object({{"id", "there-" + std::to_string(world.outside_memories.size())},
                      {"title", line.words[2]},
                      {"text", line.words[3]},
                      {"score", 1.0},
                      {"meta", Json::object()}}));
    return {};
}

Result<> say_in_log(const ScriptLine& line, sim::World& world) {
    const auto& words = line.words;
    const bool often = words.size() == 6 && words[5] == "times";
    if (words.size() < 4 || words[2] != "says" || (words.size() != 4 && !often)) {
        return Error{Fault::invalid, "log PATH says TEXT [N times], not '" + line.text + "'"};
    }
    const std::string text = replace_all(words[3], "\\e", "\x1b");
    const int times = often ? TRY(number_of(words[4])) : 1;
    std::vector<std::string>& lines = world.logs[words[1]];
    for (int i = 0; i < times; ++i) {
        lines.push_back(replace_all(text, "{N}", std::to_string(lines.size())));
    }
    return {};
}

Result<Posted> alert_post(const ScriptLine& line, Time now) {
    auto words = line.words;
    std::string source = "alertmanager";
    if (words.size() > 4 && words[words.size() - 2] == "from") {
        source = words.back();
        words.resize(words.size() - 2);
    }
    int times = 1;
    if (words.size() > 4 && words.back() == "times") {
        times = TRY(number_of(words[words.size() - 2]));
        words.resize(words.size() - 2);
    }
    const bool firing = words.size() > 2 && words[1] == "firing";
    if (words.size() < 3 || (!firing && words[1] != "resolved")) {
        return Error{Fault::invalid,
                     "alert firing|resolved NAME [LABEL=VALUE ...] [N times] [from SOURCE]"};
    }
    if (source == "uptime-kuma") {
        return Posted{"/api/v1/uptime-kuma",
                      Json::object({{"heartbeat", Json::object({{"status", firing ? 0 : 1}})},
                                    {"monitor", Json::object({{"name", words[2]}})}})};
    }
    Json alerts = Json::array();
    int left_out = 0;
    for (int i = 0; i < times; ++i) {
        Json labels = Json::object({{"alertname", words[2]}}), annotations = Json::object();
        for (size_t at = 3; at < words.size(); ++at) {
            const std::string word = replace_all(words[at], "{N}", std::to_string(i));
            const size_t equals = word.find('=');
            if (equals == std::string::npos) {
                return Error{Fault::invalid, "'" + word + "' is no LABEL=VALUE"};
            }
            const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
            if (name == "left_out") left_out = TRY(number_of(value));
            const bool is_label = name != "summary" && name != "description";
            (is_label ? labels : annotations).set(name, value);
        }
        Json alert = Json::object({{"labels", labels}, {"annotations", annotations}});
        if (source != "prometheus") alert.set("status", words[1]);
        if (source == "prometheus" && !firing) alert.set("endsAt", format_rfc3339(now));
        alerts.push(std::move(alert));
    }
    if (source == "prometheus") return Posted{"/api/v2/alerts", alerts};
    Json body = Json::object({{"alerts", alerts}});
    if (left_out > 0) body.set("truncatedAlerts", left_out);
    return Posted{"/api/v1/" + source, body};
}

Posted event_post(const ScriptLine& line) {
    const auto& words = line.words;
    Json body = Json::object({{"service", words.size() > 2 ? words[2] : ""}});
    if (words.size() > 3) body.set("version", words[3]);
    return {"/api/v1/events/" + words[1], body};
}

Result<> change_access(const ScriptLine& line, sim::World& world) {
    const auto& words = line.words;
    AccessSeen& access = world.access;
    if (words.size() == 4 && words[1] == "port") {
        access.ports.push_back(
            {.port = TRY(number_of(words[2])), .is_public = true, .program = words[3]});
    } else if (words.size() == 3 && words[1] == "account") {
        access.accounts.push_back({.name = words[2],
                                   .home = "/home/" + words[2],
                                   .uid = 1000 + static_cast<int64_t>(access.accounts.size()),
                                   .can_log_in = true});
    } else if (words.size() == 4 && words[1] == "key") {
        access.keys.push_back(
            {.account = words[2], .type = "ssh-ed25519", .comment = "", .key = words[3]});
    } else {
        return Error{
            Fault::invalid,
            "access port N PROGRAM | account NAME | key ACCOUNT KEY, not '" + line.text + "'"};
    }
    return {};
}

Result<std::string> missing_evidence(const ScriptLine& line, Store& store,
                                     const std::string& incident) {
    const auto& words = line.words;
    const bool never = words.size() == 6 && words[4] == "never";
    if (words.size() > 5 && !never) {
        return Error{Fault::invalid, "cannot understand '" + line.text + "'"};
    }
    EventQuery query;
    query.incident = incident;
    query.kind_prefix = "evidence.collected";
    std::string all;
    bool is_there = false;
    const std::vector<Event> events = TRY(store.events(query));
    for (const Event& event : events) {
        const std::string text = event.body["text"].as_string();
        all += "[" + event.body["source"].as_string() + "] " + text;
        if (event.body["source"].as_string() != words[3]) continue;
        if (never && text.find(words[5]) != std::string::npos) return std::string("it says so");
        is_there =
            is_there || never || words.size() == 4 || text.find(words[4]) != std::string::npos;
    }
    return is_there ? std::string() : "there is: " + clip_end(all, 2000);
}

}  // namespace ops
