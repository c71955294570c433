// The OpenAI chat API: POST /chat/completions below the base URL, which ends in /v1 by custom.
// Spoken by LiteLLM, Ollama, vLLM and most routers.
#include "llm/wires.h"

namespace ops {
namespace {

void add_turn(const Turn& turn, Json& messages) {
    for (const auto& [id, result] : turn.results) {
        messages.push(Json::object({{"role", "tool"}, {"tool_call_id", id}, {"content", result}}));
    }
    if (turn.who == Turn::Who::us) {
        if (!turn.text.empty()) {
            messages.push(Json::object({{"role", "user"}, {"content", turn.text}}));
        }
        return;
    }
    Json message = Json::object({{"role", "assistant"}, {"content", turn.text}});
    if (!turn.calls.empty()) {
        Json calls = Json::array();
        for (const ToolCall& call : turn.calls) {
            calls.push(Json::object(
                {{"id", call.id},
                 {"type", "function"},
                 {"function",
                  Json::object({{"name", call.name}, {"arguments", call.arguments.dump()}})}}));
        }
        message.set("tool_calls", std::move(calls));
    }
    messages.push(std::move(message));
}

Result<Completion::Stop> stop_of(std::string_view reason) {
    if (reason == "stop") return Completion::Stop::end;
    if (reason == "tool_calls" || reason == "function_call") return Completion::Stop::calls;
    if (reason == "length") return Completion::Stop::length;
    if (reason == "content_filter") return Completion::Stop::refused;
    return malformed("finish_reason '" + std::string(reason) + "'");
}

// Calls come in pieces, told apart by their index; of a whole message each is one piece.
struct Pieces {
    Completion answer;
    struct Call {
        std::string id, name, arguments;
    };
    std::map<int64_t, Call> calls;
    std::string refusal, finish_reason;

    void take(const Json& message) {
        answer.text += message["content"].as_string();
        refusal += message["refusal"].as_string();
        for (size_t i = 0; i < message["tool_calls"].items().size(); ++i) {
            const Json& piece = message["tool_calls"].items()[i];
            Call& call = calls[piece["index"].as_int(static_cast<int64_t>(i))];
            if (call.id.empty()) call.id = piece["id"].as_string();
            if (call.name.empty()) call.name = piece["function"]["name"].as_string();
            call.arguments += piece["function"]["arguments"].as_string();
        }
    }
    void count(const Json& usage) {
        answer.input_tokens = std::max(answer.input_tokens, usage["prompt_tokens"].as_int());
        answer.output_tokens = std::max(answer.output_tokens, usage["completion_tokens"].as_int());
    }
    Result<Completion> finish() {
        for (auto& [index, call] : calls) {
            Json arguments = TRY(arguments_of(call.name, call.arguments));
            answer.calls.push_back(
                {std::move(call.id), std::move(call.name), std::move(arguments)});
        }
        answer.stop = TRY(stop_of(finish_reason));
        if (!refusal.empty()) {
            answer.stop = Completion::Stop::refused;
            if (answer.text.empty()) answer.text = refusal;
        }
        return std::move(answer);
    }
};

Result<Completion> read_stream(std::string_view stream) {
    Pieces pieces;
    for (const ServerEvent& event : parse_events(stream)) {
        if (event.data == "[DONE]") break;
        const Json data = TRY(parse_data(event.data));
        if (data.has("error")) return in_stream(data["error"]);
        pieces.count(data["usage"]);
        if (data["choices"].items().empty()) continue;  // usage comes alone, at the end
        const Json& choice = data["choices"].items().front();
        pieces.take(choice["delta"]);
        if (choice["finish_reason"].is_string()) {
            pieces.finish_reason = choice["finish_reason"].as_string();
        }
    }
    if (pieces.finish_reason.empty()) return broke_off();
    return pieces.finish();
}

}  // namespace

HttpRequest ask_openai(const ModelSettings& model, const Prompt& prompt, std::string_view key) {
    Json messages = Json::array();
    if (!prompt.system.empty()) {
        messages.push(Json::object({{"role", "system"}, {"content", prompt.system}}));
    }
    for (const Turn& turn : prompt.turns) add_turn(turn, messages);
    Json body = Json::object({{"model", model.model},
                              {"max_tokens", model.max_tokens},
                              {"messages", std::move(messages)},
                              {"stream", model.stream}});
    if (model.stream) {
        body.set("stream_options", Json::object({{"include_usage", true}}));
    }
    if (!prompt.tools.empty()) {
        Json tools = Json::array();
        for (const Tool& tool : prompt.tools) {
            tools.push(
                Json::object({{"type", "function"},
                              {"function", Json::object({{"name", tool.name},
                                                         {"description", tool.description},
                                                         {"parameters", tool.parameters}})}}));
        }
        body.set("tools", std::move(tools));
        if (prompt.must_call) body.set("tool_choice", "required");
    }
    add_sampling(model, body);
    return post_json(model, "/chat/completions", body, key);
}

Result<Completion> read_openai(const HttpReply& reply) {
    if (is_stream(reply)) return read_stream(reply.body);
    const Json whole = TRY(parse_data(reply.body));
    if (whole["choices"].items().empty()) return malformed("no choices");
    const Json& choice = whole["choices"].items().front();
    Pieces pieces;
    pieces.count(whole["usage"]);
    pieces.take(choice["message"]);
    pieces.finish_reason = choice["finish_reason"].as_string();
    return pieces.finish();
}

}  // namespace ops
