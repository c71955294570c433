#include <algorithm>

#include "llm/llm.h"

namespace ops {

static constexpr Duration kDay = std::chrono::hours(24);

static std::string print_dollars(NanoDollars money) {
    const int64_t cents = (money + 5'000'000) / 10'000'000;
    const std::string part = std::to_string(cents % 100);
    return std::to_string(cents / 100) + "." + (part.size() < 2 ? "0" : "") + part;
}

double dollars(NanoDollars money) { return static_cast<double>(money) / 1e9; }

int64_t estimated_input_tokens(const Prompt& prompt) {
    size_t bytes = prompt.system.size();
    for (const Turn& turn : prompt.turns) {
        bytes += turn.text.size() + 16;
        for (const auto& [id, result] : turn.results) bytes += id.size() + result.size() + 32;
        for (const ToolCall& call : turn.calls) bytes += call.arguments.dump().size() + 64;
    }
    for (const Tool& tool : prompt.tools) {
        bytes += tool.name.size() + tool.description.size() + tool.parameters.dump().size() + 64;
    }
    return static_cast<int64_t>(bytes / 3) + 1;
}

NanoDollars most_cost(const ModelSettings& model, const Prompt& prompt) {
    return estimated_input_tokens(prompt) * model.input_price +
           model.max_tokens * model.output_price;
}

Json Try::to_json() const {
    Json json = Json::object({{"model", model},
                              {"input_tokens", input_tokens},
                              {"output_tokens", output_tokens},
                              {"cost_nano_usd", cost},
                              {"took_ms", static_cast<int64_t>(took.count())}});
    if (estimated) json.set("estimated", true);
    if (error) json.set("error", error->message);
    if (rest.wait) json.set("rest_s", static_cast<int64_t>(rest.wait->count() / 1000));
    if (rest.until) json.set("rest_until", format_rfc3339(*rest.until));
    return json;
}

void Spending::note(std::string_view incident, const Json& body, Time at) {
    const int64_t tokens = body["input_tokens"].as_int() + body["output_tokens"].as_int();
    const NanoDollars cost = body["cost_nano_usd"].as_int();
    Sum& sum = incidents_.try_emplace(std::string(incident)).first->second;
    ++sum.calls;
    sum.tokens += tokens;
    sum.cost += cost;
    std::erase_if(day_, [&](const Spent& spent) { return spent.at <= at - kDay; });
    day_.push_back({at, tokens, cost});
    // However long the other side asks for, it is tried again after an hour.
    const Time latest = at + std::chrono::hours(1);
    std::optional<Time> until;
    if (body.has("rest_s")) until = at + std::chrono::seconds(body["rest_s"].as_int());
    if (const auto named = parse_rfc3339(body["rest_until"].as_string()); named.ok())
        until = named.value();
    const std::string model = body["model"].as_string();
    if (until) {
        rests_[model] = std::min(*until, latest);
    } else if (body.has("error")) {
        rests_[model] = at + std::chrono::seconds(5);  // down or overloaded: not at once again
    } else {
        rests_.erase(model);
    }
}

void Spending::forget(std::string_view incident) {
    if (const auto known = incidents_.find(incident); known != incidents_.end())
        incidents_.erase(known);
}

Spending::Sum Spending::of_incident(std::string_view incident) const {
    const auto known = incidents_.find(incident);
    return known == incidents_.end() ? Sum{} : known->second;
}

Spending::Sum Spending::of_day(Time now) const {
    Sum sum;
    for (const Spent& spent : day_) {
        if (spent.at <= now - kDay) continue;
        ++sum.calls;
        sum.tokens += spent.tokens;
        sum.cost += spent.cost;
    }
    return sum;
}

Spending::Allowance Spending::allowance(const AiSettings& ai, const Prompt& prompt,
                                        Time now) const {
    Allowance allowance;
    const Sum incident = of_incident(prompt.incident), day = of_day(now);
    if (ai.models.empty()) {
        allowance.why_not = "no model is configured";
    } else if (incident.calls >= ai.calls) {
        allowance.why_not = std::to_string(incident.calls) +
                            " calls were made for this incident, " + std::to_string(ai.calls) +
                            " are allowed";
    }
    if (!allowance.why_not.empty()) return allowance;
    const int64_t input = estimated_input_tokens(prompt);
    bool is_resting = false;
    for (size_t i = 0; i < ai.models.size(); ++i) {
        const ModelSettings& model = ai.models[i];
        const NanoDollars most = most_cost(model, prompt);
        if (incident.tokens + input + model.max_tokens > ai.tokens) {
            allowance.why_not = "the next call could take the incident over " +
                                std::to_string(ai.tokens) + " tokens (" +
                                std::to_string(incident.tokens) + " are spent)";
        } else if (incident.cost + most > ai.per_incident) {
            allowance.why_not = "the next call could take the incident over " +
                                print_dollars(ai.per_incident) + " USD (" +
                                print_dollars(incident.cost) + " are spent)";
        } else if (day.cost + most > ai.per_day) {
            allowance.why_not = "the next call could take the day over " +
                                print_dollars(ai.per_day) + " USD (" + print_dollars(day.cost) +
                                " are spent)";
        } else if (const auto rest = rests_.find(model.name);
                   rest != rests_.end() && rest->second > now) {
            is_resting = true;
            allowance.again_at = std::min(allowance.again_at.value_or(rest->second), rest->second);
        } else {
            allowance.models.push_back(i);
        }
    }
    if (!allowance.models.empty()) {
        allowance.why_not.clear();
        allowance.again_at.reset();
    } else if (is_resting) {
        allowance.why_not = "no model can be asked before " + format_rfc3339(*allowance.again_at);
    }
    return allowance;
}

}  // namespace ops
