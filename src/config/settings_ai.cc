// `ai:` of the configuration.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "config/fields.h"
#include "config/settings_parts.h"

namespace ops {
namespace {

// Provider, its base URL when none is given, its version of today.
struct Provider {
    std::string_view name, url, version;
};
constexpr auto kProviders =
    std::to_array<Provider>({{"anthropic", "https://api.anthropic.com", "2026-10-21"},
                             {"openai", "https://api.openai.com/v1", ""}});

NanoDollars money(Fields& fields, std::string_view key, NanoDollars otherwise, double times,
                  Problems& problems) {
    const double given = fields.number(key, static_cast<double>(otherwise) / times);
    if (given < 0) {
        problems.error(fields.place_of(key), "'" + std::string(key) + "' must not be negative");
    }
    if (!(given >= 0 && given <= 1e6)) return otherwise;
    return static_cast<NanoDollars>(std::llround(given * times));
}

void read_price(const Node& node, ModelSettings& model, Problems& problems) {
    Fields price(node, "price", problems);
    // Dollars a million tokens, so thousandths of a nano-dollar a token are lost at most.
    model.price_given = price.has("input") || price.has("output");
    model.input_price = money(price, "input", model.input_price, 1e3, problems);
    model.output_price = money(price, "output", model.output_price, 1e3, problems);
    price.done();
}

void read_key(Fields& fields, ModelSettings& model, Problems& problems) {
    model.key_file = fields.text("key_file");
    model.key = fields.text("key");
    if (!model.key_file.empty() && !model.key.empty()) {
        problems.error(fields.place_of("key"), "'key' and 'key_file' cannot both be given");
    }
}

std::optional<double> share(Fields& fields, std::string_view key, double most, Problems& problems) {
    const bool is_given = fields.has(key);
    const double given = fields.number(key, 0);
    if (!is_given) return std::nullopt;
    if (given >= 0 && given <= most) return given;
    problems.error(fields.place_of(key), "'" + std::string(key) + "' must be from 0 to " +
                                             std::to_string(static_cast<int>(most)));
    return std::nullopt;
}

// The keys that `ai:` itself and each of its fallbacks have. Nothing for `provider: none`.
std::optional<ModelSettings> read_model(Fields& fields, bool damaged, int tokens,
                                        Problems& problems) {
    ModelSettings model;
    model.provider = fields.choice("provider", {"anthropic", "openai", "none"}, "none");
    const auto provider =
        std::find_if(kProviders.begin(), kProviders.end(),
                     [&](const Provider& known) { return known.name == model.provider; });
    const bool is_one = provider != kProviders.end();
    model.base_url = fields.text("base_url", is_one ? provider->url : "");
    check_url(fields, "base_url", problems);
    model.model = fields.text("model");
    read_key(fields, model, problems);
    const std::string auth = fields.choice("auth", {"bearer", "x-api-key", "none"}, "bearer");
    model.auth = auth == "none"        ? AuthScheme::none
                 : auth == "x-api-key" ? AuthScheme::x_api_key
                                       : AuthScheme::bearer;
    model.version = fields.text("version", is_one ? provider->version : "");
    model.max_tokens = fields.integer("max_tokens", model.max_tokens, 64, 1'000'000);
    model.temperature = share(fields, "temperature", 2, problems);
    model.top_p = share(fields, "top_p", 1, problems);
    model.stream = fields.boolean("stream", true);
    model.timeout = fields.duration("timeout", model.timeout);
    model.stall = fields.duration("stall", model.stall);
    read_price(fields.node("price"), model, problems);
    if (!is_one) return std::nullopt;
    if (model.max_tokens >= tokens) {
        problems.error(fields.place_of("max_tokens"), "'max_tokens' of " +
                                                          std::to_string(model.max_tokens) +
                                                          " leaves nothing of 'llm_tokens', " +
                                                          std::to_string(tokens) + " an incident");
    }
    if (model.model.empty() && !damaged) {
        problems.error(fields.place_of("provider"), "ai needs 'model' when a provider is set");
    }
    const size_t scheme = model.base_url.find("://");
    const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    model.name = model.model + " at " +
                 model.base_url.substr(host, model.base_url.find_first_of("/?#", host) - host);
    return model;
}

}  // namespace

AiSettings read_ai(const Node& node, const Limits& limits, Problems& problems) {
    AiSettings ai;
    ai.calls = limits.llm_calls;
    ai.tokens = limits.llm_tokens;
    Fields fields(node, "ai", problems);
    if (auto first = read_model(fields, node.damaged, ai.tokens, problems))
        ai.models.push_back(std::move(*first));
    Fields budget(fields.node("budget"), "budget", problems);
    ai.per_incident = money(budget, "per_incident_usd", ai.per_incident, 1e9, problems);
    ai.per_day = money(budget, "per_day_usd", ai.per_day, 1e9, problems);
    budget.done();
    const Node& fallback = fields.node("fallback");
    if (fallback && !fallback.is_list()) {
        problems.error(fallback.place, "'fallback' must be a list of models");
    }
    for (const Node& item : fallback.items) {
        Fields own(item, "a model of fallback", problems);
        if (auto next = read_model(own, item.damaged, ai.tokens, problems))
            ai.models.push_back(std::move(*next));
        own.done();
    }
    fields.done();
    return ai;
}

}  // namespace ops
