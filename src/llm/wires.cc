#include "llm/wires.h"

#include <array>

#include "base/text.h"

namespace ops {

static constexpr auto kWires = std::to_array<Wire>(
    {{"anthropic", ask_anthropic, read_anthropic}, {"openai", ask_openai, read_openai}});

std::span<const Wire> wires() { return kWires; }

const Wire* find_wire(std::string_view name) {
    const auto found = std::find_if(kWires.begin(), kWires.end(),
                                    [&](const Wire& wire) { return wire.name == name; });
    return found == kWires.end() ? nullptr : &*found;
}

HttpRequest post_json(const ModelSettings& model, std::string_view path, const Json& body,
                      std::string_view key) {
    HttpRequest request;
    request.method = "POST";
    request.url = model.base_url;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += path;
    request.body = body.dump();
    request.time_limit = model.timeout;
    if (model.stream) request.stall_limit = model.stall;
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "ops-agent"}};
    if (!key.empty() && model.auth == AuthScheme::bearer) {
        request.headers.emplace_back("Authorization", "Bearer " + std::string(key));
    }
    if (!key.empty() && model.auth == AuthScheme::x_api_key) {
        request.headers.emplace_back("x-api-key", key);
    }
    return request;
}

void add_sampling(const ModelSettings& model, Json& body) {
    if (model.temperature) body.set("temperature", *model.temperature);
    if (model.top_p) body.set("top_p", *model.top_p);
}

bool is_stream(const HttpReply& reply) {
    const auto type = reply.header("content-type");
    return type && to_lower(*type).starts_with("text/event-stream");
}

Error malformed(std::string_view what) {
    return {Fault::invalid,
            "the model's answer cannot be read: " + printable(clip_end(what, 200), Lines::flatten)};
}

Error broke_off() { return {Fault::unavailable, "the model's answer broke off"}; }

Error in_stream(const Json& error) {
    const std::string type = error["type"].as_string("error");
    const std::string words =
        printable(clip_end(type + ": " + error["message"].as_string(), 200), Lines::flatten);
    const bool is_ours = type == "invalid_request_error";
    return {is_ours ? Fault::invalid : Fault::unavailable, "the model ended with " + words};
}

Result<Json> parse_data(std::string_view text) {
    Result<Json> json = Json::parse(text);
    if (!json.ok()) return malformed(json.error().message);
    if (!json.value().is_object()) return malformed("no JSON object");
    return json;
}

Result<Json> arguments_of(std::string_view tool, std::string_view text) {
    if (trim(text).empty()) return Json::object();
    Result<Json> json = Json::parse(text);
    if (!json.ok() || !json.value().is_object()) {
        return malformed("the arguments of '" + std::string(tool) + "' are no JSON object");
    }
    return json;
}

}  // namespace ops
