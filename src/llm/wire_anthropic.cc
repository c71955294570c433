// The Anthropic Messages API: POST /v1/messages. Which scheme and version the other side wants are
// settings: clients from 1.0.0 (2026-10-21) send a bearer token and that day's version, older ones
// x-api-key and 2023-06-01.
#include "llm/wires.h"

namespace ops {
namespace {

Json content_of(const Turn& turn) {
    Json content = Json::array();
    for (const auto& [id, result] : turn.results) {
        content.push(
            Json::object({{"type", "tool_result"}, {"tool_use_id", id}, {"content", result}}));
    }
    if (!turn.text.empty()) content.push(Json::object({{"type", "text"}, {"text", turn.text}}));
    for (const ToolCall& call : turn.calls) {
        content.push(Json::object({{"type", "tool_use"},
                                   {"id", call.id},
                                   {"name", call.name},
                                   {"input", call.arguments}}));
    }
    return content;
}

Result<Completion::Stop> stop_of(std::string_view reason) {
    if (reason == "end_turn" || reason == "stop_sequence" || reason == "pause_turn") {
        return Completion::Stop::end;
    }
    if (reason == "tool_use") return Completion::Stop::calls;
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") {
        return Completion::Stop::length;
    }
    if (reason == "refusal") return Completion::Stop::refused;
    return malformed("stop_reason '" + std::string(reason) + "'");
}

// Input tokens that came from a cache are counted beside the others.
void count(const Json& usage, Completion& answer) {
    const int64_t input = usage["input_tokens"].as_int() +
                          usage["cache_creation_input_tokens"].as_int() +
                          usage["cache_read_input_tokens"].as_int();
    answer.input_tokens = std::max(answer.input_tokens, input);
    answer.output_tokens = std::max(answer.output_tokens, usage["output_tokens"].as_int());
}

Result<Completion> read_whole(const Json& reply) {
    Completion answer;
    if (!reply["content"].is_array()) return malformed("no content");
    for (const Json& block : reply["content"].items()) {
        const std::string type = block["type"].as_string();
        if (type == "text") answer.text += block["text"].as_string();
        if (type != "tool_use") continue;
        if (!block["input"].is_object()) return malformed("a call without input");
        answer.calls.push_back(
            {block["id"].as_string(), block["name"].as_string(), block["input"]});
    }
    answer.stop = TRY(stop_of(reply["stop_reason"].as_string()));
    count(reply["usage"], answer);
    return answer;
}

// One block of the stream under way.
struct Block {
    bool is_call = false;
    ToolCall call;
    std::string text;  // or the JSON of a call's input, in pieces
};

Result<> close(Block&& block, Completion& answer) {
    if (!block.is_call) {
        answer.text += block.text;
        return {};
    }
    block.call.arguments = TRY(arguments_of(block.call.name, block.text));
    answer.calls.push_back(std::move(block.call));
    return {};
}

Result<Completion> read_stream(std::string_view stream) {
    Completion answer;
    std::map<int64_t, Block> blocks;  // by index, so in order
    bool is_over = false;
    std::string stop_reason;
    for (const ServerEvent& event : parse_events(stream)) {
        const Json data = TRY(parse_data(event.data));
        const std::string type = data["type"].as_string();
        const int64_t index = data["index"].as_int();
        const Json& delta = data["delta"];
        if (type == "error") return in_stream(data["error"]);
        if (type == "message_start") count(data["message"]["usage"], answer);
        if (type == "content_block_start") {
            const Json& block = data["content_block"];
            const bool is_call = block["type"].as_string() == "tool_use";
            blocks[index] = {is_call,
                             {block["id"].as_string(), block["name"].as_string(), {}},
                             is_call ? "" : block["text"].as_string()};
        }
        if (type == "content_block_delta") {
            blocks[index].text += blocks[index].is_call ? delta["partial_json"].as_string()
                                                        : delta["text"].as_string();
        }
        if (type == "message_delta") {
            stop_reason = delta["stop_reason"].as_string();
            count(data["usage"], answer);
        }
        if (type == "message_stop") is_over = true;
    }
    if (!is_over) return broke_off();
    for (auto& [index, block] : blocks) TRY(close(std::move(block), answer));
    answer.stop = TRY(stop_of(stop_reason));
    return answer;
}

}  // namespace

HttpRequest ask_anthropic(const ModelSettings& model, const Prompt& prompt, std::string_view key) {
    Json messages = Json::array();
    for (const Turn& turn : prompt.turns) {
        messages.push(Json::object({{"role", turn.who == Turn::Who::us ? "user" : "assistant"},
                                    {"content", content_of(turn)}}));
    }
    Json body = Json::object({{"model", model.model},
                              {"max_tokens", model.max_tokens},
                              {"system", prompt.system},
                              {"messages", std::move(messages)},
                              {"stream", model.stream}});
    if (!prompt.tools.empty()) {
        Json tools = Json::array();
        for (const Tool& tool : prompt.tools) {
            tools.push(Json::object({{"name", tool.name},
                                     {"description", tool.description},
                                     {"input_schema", tool.parameters}}));
        }
        body.set("tools", std::move(tools));
        if (prompt.must_call) body.set("tool_choice", Json::object({{"type", "any"}}));
    }
    add_sampling(model, body);
    HttpRequest request = post_json(model, "/v1/messages", body, key);
    if (!model.version.empty()) request.headers.emplace_back("anthropic-version", model.version);
    return request;
}

Result<Completion> read_anthropic(const HttpReply& reply) {
    if (is_stream(reply)) return read_stream(reply.body);
    return read_whole(TRY(parse_data(reply.body)));
}

}  // namespace ops
