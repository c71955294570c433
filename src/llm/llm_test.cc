#include "llm/llm.h"

#include <gtest/gtest.h>

#include <map>

#include "io/posix_files.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

class FakeHttp final : public Http {
public:
    Result<HttpReply> send(const HttpRequest& request) override {
        requests.push_back(request);
        const auto known = replies.find(request.url.substr(0, request.url.find('/', 8)));
        if (known == replies.end()) return Error{Fault::unavailable, "reach it: refused"};
        return known->second;
    }
    std::map<std::string, Result<HttpReply>> replies;
    std::vector<HttpRequest> requests;
};
class FakeClock final : public Clock {
public:
    Time now() override { return now_ += 250ms; }
    Duration steady() override { return 1s; }

private:
    Time now_{};
};

ModelSettings model(const char* provider, const char* host) {
    ModelSettings model;
    model.provider = provider;
    model.name = host;
    model.base_url = std::string("http://") + host + "/";
    model.model = "m";
    model.key = "k";
    model.version = "2026-10-21";
    return model;
}

HttpReply stream_of(std::string body) {
    return {200, {{"content-type", "text/event-stream; charset=utf-8"}}, std::move(body)};
}
HttpReply json_of(std::string body) {
    return {200, {{"content-type", "application/json"}}, std::move(body)};
}

Prompt asked() {
    Prompt prompt;
    prompt.system = "You look.";
    prompt.turns.push_back({Turn::Who::us, "why is it down?", {}, {}});
    prompt.turns.push_back(
        {Turn::Who::model, "", {{"t1", "unit_status", Json::object({{"unit", "a"}})}}, {}});
    prompt.turns.push_back({Turn::Who::us, "", {}, {{"t1", "failed"}}});
    prompt.tools.push_back({"unit_status", "of a unit", Json::object({{"type", "object"}})});
    prompt.must_call = true;
    return prompt;
}

std::string print(const Result<Completion>& answer) {
    if (!answer.ok()) return answer.error().message;
    constexpr const char* kStops[] = {"end", "calls", "length", "refused"};
    std::string text = std::string(kStops[static_cast<int>(answer.value().stop)]) + " '" +
                       answer.value().text + "' " + std::to_string(answer.value().input_tokens) +
                       "+" + std::to_string(answer.value().output_tokens);
    for (const ToolCall& call : answer.value().calls) {
        text += " " + call.id + ":" + call.name + call.arguments.dump();
    }
    return text;
}

std::vector<Try> ask(FakeHttp& http, const std::vector<ModelSettings>& models) {
    FakeClock clock;
    PosixFiles files;
    return Llm(http, files, clock).ask(models, asked());
}

std::string header(const HttpRequest& request, std::string_view name) {
    for (const auto& [known, value] : request.headers) {
        if (known == name) return value;
    }
    return "";
}

// `expected` empty: that it cannot be read.
void expect_reads(const char* provider, const char* why, const HttpReply& reply,
                  const std::string& expected) {
    FakeHttp http;
    http.replies.emplace("http://a", reply);
    const auto tries = ask(http, {model(provider, "a")});
    ASSERT_EQ(tries.size(), 1u);
    const auto got = tries[0].answer ? Result<Completion>(*tries[0].answer)
                                     : Result<Completion>(*tries[0].error);
    if (expected.empty()) {
        EXPECT_NE(print(got).find("cannot be read"), std::string::npos) << why << print(got);
    } else {
        EXPECT_EQ(print(got), expected) << why;
    }
}

constexpr const char* kStart =
    "event: message_start\ndata: "
    "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\""
    ":10,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n";
constexpr const char* kText =
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
    "\"text\":\"\"}}\n\ndata: {\"type\":\"ping\"}\n\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"Let me\"}}\n\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\" look\"}}\n\n";
constexpr const char* kCall =
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\","
    "\"id\":\"t1\",\"name\":\"df\",\"input\":{}}}\n\n"
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
    "\"partial_json\":\"{\\\"path\\\":\"}}\n\n"
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
    "\"partial_json\":\"\\\"/\\\"}\"}}\n\n";
constexpr const char* kEnd =
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{"
    "\"output_tokens\":7}}\n\ndata: {\"type\":\"message_stop\"}\n\n";

TEST(Llm, ReadsAnthropic) {
    const std::string start = kStart, text = kText, call = kCall, end = kEnd;
    struct Row {
        const char* why;
        HttpReply reply;
        std::string expected;
    };
    const Row rows[] = {
        {"a stream", stream_of(start + text + call + end),
         "calls 'Let me look' 15+7 t1:df{\"path\":\"/\"}"},
        {"cut before its end", stream_of(start + text + call), "the model's answer broke off"},
        {"an error in the middle",
         stream_of(start + text +
                   "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                   "\"message\":\"Overloaded\"}}\n\n"),
         "the model ended with overloaded_error: Overloaded"},
        {"half of a call's input", stream_of(start + call.substr(0, call.rfind("data:")) + end),
         "the model's answer cannot be read: the arguments of 'df' are no JSON object"},
        {"not JSON", stream_of("data: {\n\n"), ""},
        {"whole",
         json_of(R"({"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"yes"},
                 {"type":"tool_use","id":"x","name":"top","input":{}}],
                 "stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4}})"),
         "calls 'yes' 3+4 x:top{}"},
        {"refused", json_of(R"({"content":[],"stop_reason":"refusal","usage":{"input_tokens":3}})"),
         "refused '' 3+0"},
        {"cut at its cap",
         json_of(R"({"content":[{"type":"text","text":"yes"}],"stop_reason":"max_tokens"})"),
         "length 'yes' 0+0"},
        {"nothing at all", json_of(R"({"content":[],"stop_reason":"end_turn"})"),
         "the model answered nothing"},
        {"a page", json_of("<html>"), ""},
        {"a call without id",
         json_of(
             R"({"content":[{"type":"tool_use","name":"a","input":{}}],"stop_reason":"tool_use"})"),
         "the model's answer cannot be read: a call without id or name"},
        {"a stop nobody knows",
         json_of(R"({"content":[{"type":"text","text":"a"}],"stop_reason":"bored"})"),
         "the model's answer cannot be read: stop_reason 'bored'"},
    };
    for (const Row& row : rows) expect_reads("anthropic", row.why, row.reply, row.expected);
}

TEST(Llm, ReadsOpenAi) {
    const std::string piece =
        R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Let me"}}]})"
        "\n\n";
    const std::string calls =
        R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"df","arguments":""}}]}}]})"
        "\n\n"
        R"(data: {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"top","arguments":"{}"}}]}}]})"
        "\n\n"
        R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":\"/\"}"}}]}}]})"
        "\n\n";
    const std::string end =
        R"(data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]})"
        "\n\n"
        R"(data: {"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":9}})"
        "\n\ndata: [DONE]\n\n";
    struct Row {
        const char* why;
        HttpReply reply;
        std::string expected;
    };
    const Row rows[] = {
        {"a stream whose calls are mixed", stream_of(piece + calls + end),
         "calls 'Let me' 8+9 c1:df{\"path\":\"/\"} c2:top{}"},
        {"cut before its end", stream_of(piece + calls), "the model's answer broke off"},
        {"an error in the middle",
         stream_of(piece + "data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\"}}\n\n"),
         "the model ended with server_error: no"},
        {"whole",
         json_of(
             R"({"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"df","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})"),
         "calls '' 1+2 c:df{\"a\":1}"},
        {"a refusal",
         json_of(
             R"({"choices":[{"message":{"content":null,"refusal":"I may not"},"finish_reason":"stop"}]})"),
         "refused 'I may not' 0+0"},
        {"a filter", json_of(R"({"choices":[{"message":{},"finish_reason":"content_filter"}]})"),
         "refused '' 0+0"},
        {"arguments that are no object",
         json_of(
             R"({"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"df","arguments":"[1]"}}]},"finish_reason":"tool_calls"}]})"),
         "the model's answer cannot be read: the arguments of 'df' are no JSON object"},
        {"no choices", json_of("{}"), "the model's answer cannot be read: no choices"},
    };
    for (const Row& row : rows) expect_reads("openai", row.why, row.reply, row.expected);
}

TEST(Llm, SaysWhatWasAsked) {
    FakeHttp http;
    (void)ask(http, {model("anthropic", "a")});
    const HttpRequest& first = http.requests[0];
    EXPECT_EQ(first.url, "http://a/v1/messages");
    EXPECT_EQ(first.stall_limit, 30s);
    const Json body = Json::parse(first.body).value();
    EXPECT_EQ(
        body["messages"].dump(),
        R"([{"role":"user","content":[{"type":"text","text":"why is it down?"}]},)"
        R"({"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"unit_status","input":{"unit":"a"}}]},)"
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"failed"}]}])");
    EXPECT_EQ(body["tool_choice"].dump(), R"({"type":"any"})");
    EXPECT_FALSE(body.has("temperature"));
    EXPECT_EQ(header(first, "Authorization"), "Bearer k");
    EXPECT_EQ(header(first, "anthropic-version"), "2026-10-21");

    ModelSettings old = model("anthropic", "a");
    old.auth = AuthScheme::x_api_key;
    old.temperature = 0.5;
    old.stream = false;
    (void)ask(http, {old});
    EXPECT_EQ(header(http.requests[1], "x-api-key"), "k");
    EXPECT_EQ(header(http.requests[1], "Authorization"), "");
    EXPECT_EQ(http.requests[1].stall_limit, 0s) << "whole answers come late";
    EXPECT_EQ(Json::parse(http.requests[1].body).value()["temperature"].as_number(), 0.5);

    (void)ask(http, {model("openai", "o/v1")});
    EXPECT_EQ(http.requests[2].url, "http://o/v1/chat/completions");
    const Json chat = Json::parse(http.requests[2].body).value();
    EXPECT_EQ(
        chat["messages"].dump(),
        R"([{"role":"system","content":"You look."},{"role":"user","content":"why is it down?"},)"
        R"({"role":"assistant","content":"","tool_calls":[{"id":"t1","type":"function","function":{"name":"unit_status","arguments":"{\"unit\":\"a\"}"}}]},)"
        R"({"role":"tool","tool_call_id":"t1","content":"failed"}])");
    EXPECT_EQ(chat["tool_choice"].as_string(), "required");
    EXPECT_EQ(chat["stream_options"]["include_usage"].as_bool(), true);
}

TEST(Llm, AsksTheNextWhenOneCannotAnswer) {
    FakeHttp http;
    HttpReply busy{429, {{"retry-after", "30"}}, R"({"error":{"type":"x","message":"too many"}})"};
    http.replies.emplace("http://a", busy);
    http.replies.emplace("http://b", Result<HttpReply>(Error{Fault::timeout, "no answer in 60 s"}));
    http.replies.emplace(
        "http://c",
        json_of(R"({"content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn"})"));
    ModelSettings no_key = model("anthropic", "d");
    no_key.key_file = "/nonexistent/key";
    const auto tries =
        ask(http, {model("anthropic", "a"), model("anthropic", "b"), no_key,
                   model("anthropic", "none"), model("anthropic", "c"), model("anthropic", "a")});
    ASSERT_EQ(tries.size(), 5u) << "nobody is asked after an answer";
    EXPECT_EQ(tries[0].error->message, "HTTP 429: too many");
    EXPECT_EQ(tries[0].rest.wait, 30s);
    EXPECT_EQ(tries[0].cost, 0) << "a refusal costs nothing";
    EXPECT_GT(tries[1].cost, 2048 * 15'000) << "it may have answered: counted as if it had, whole";
    EXPECT_EQ(tries[1].took, 250ms);
    EXPECT_EQ(tries[2].error->fault, Fault::not_found);
    EXPECT_EQ(tries[3].cost, 0) << "nothing was sent";
    EXPECT_TRUE(tries[4].answer && tries[4].estimated) << "it did not say how many tokens";
    EXPECT_GT(tries[4].input_tokens, 20);
}

TEST(Llm, KnowsLaterFromNever) {
    struct Row {
        int status;
        Fault fault;
    };
    for (const Row& row :
         {Row{401, Fault::denied}, Row{400, Fault::invalid}, Row{404, Fault::invalid},
          Row{422, Fault::invalid}, Row{429, Fault::unavailable}, Row{500, Fault::unavailable},
          Row{529, Fault::unavailable}, Row{302, Fault::invalid}}) {
        FakeHttp http;
        http.replies.emplace("http://a", HttpReply{row.status, {}, "not json \x1b[2J"});
        const auto tries = ask(http, {model("openai", "a")});
        EXPECT_EQ(tries[0].error->fault, row.fault) << row.status;
        EXPECT_EQ(tries[0].error->message, "HTTP " + std::to_string(row.status));
    }
}

}  // namespace
}  // namespace ops
