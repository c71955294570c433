#include "sim/sim_model.h"

#include "base/json.h"

namespace ops::sim {
namespace {

using How = World::ModelAnswer::How;

World::ModelAnswer next_answer(World& world, const std::string& request_body) {
    if (world.model) return world.model(request_body);
    auto& answers = world.model_answers;
    if (answers.empty()) return {"?", "", How::whole};
    World::ModelAnswer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
}

bool is_call(const World::ModelAnswer& answer) {
    return !answer.look.empty() || !answer.tool.empty();
}

Json message_of(const World::ModelAnswer& answer) {
    Json message = Json::object({{"role", "assistant"}, {"content", answer.text}});
    if (answer.how == How::refuses) message.set("refusal", "I cannot help with that");
    if (!is_call(answer)) return message;
    const Json look = Json::object({{"diagnostic", answer.look}});
    const Json function =
        answer.tool.empty()
            ? Json::object({{"name", "look"}, {"arguments", look.dump()}})
            : Json::object({{"name", answer.tool}, {"arguments", answer.arguments}});
    message.set("tool_calls",
                Json::array().push(Json::object({{"id", "call"}, {"function", function}})));
    return message;
}

HttpReply json_reply(std::string body) {
    return {200, {{"content-type", "application/json"}}, std::move(body)};
}

}  // namespace

HttpReply model_reply(World& world, const std::string& request_body) {
    world.asked_of_models.push_back(request_body);
    const World::ModelAnswer answer = next_answer(world, request_body);
    if (answer.how == How::garbage) return json_reply("<html><body>502 Bad Gateway</body></html>");
    if (answer.how == How::error) {
        const Json why = Json::object({{"message", answer.text}});
        HttpReply reply = json_reply(Json::object({{"error", why}}).dump());
        reply.status = 400;
        return reply;
    }
    if (answer.how == How::breaks_off) {
        return {200,
                {{"content-type", "text/event-stream"}},
                "data: {\"choices\":[{\"delta\":{\"content\":\"It looks as if\"}}]}\n\n"};
    }
    const Json message = message_of(answer);
    const std::string_view reason = answer.how == How::rambles ? "length"
                                    : !is_call(answer)         ? "stop"
                                                               : "tool_calls";
    // A token is about four bytes of what is said.
    const auto tokens = [](const std::string& text) {
        return static_cast<int64_t>(text.size() / 4 + 1);
    };
    const std::string body =
        Json::object({{"choices", Json::array().push(Json::object(
                                      {{"message", message}, {"finish_reason", reason}}))},
                      {"usage", Json::object({{"prompt_tokens", tokens(request_body)},
                                              {"completion_tokens", tokens(message.dump())}})}})
            .dump();
    return json_reply(answer.how == How::truncated ? body.substr(0, body.size() / 2) : body);
}

}  // namespace ops::sim
