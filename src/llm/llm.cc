#include "llm/llm.h"

#include "base/text.h"
#include "io/secret.h"
#include "llm/wires.h"

namespace ops {
namespace {

// What a status other than 200 says, with the other side's own words.
Error refusal_of(const HttpReply& reply) {
    std::string words;
    if (const Result<Json> body = Json::parse(reply.body); body.ok()) {
        const Json& error = body.value()["error"];
        words = error.is_string() ? error.as_string() : error["message"].as_string();
    }
    const bool later = reply.status == 408 || reply.status == 429 || reply.status >= 500;
    const bool denied = reply.status == 401 || reply.status == 402 || reply.status == 403;
    return {later    ? Fault::unavailable
            : denied ? Fault::denied
                     : Fault::invalid,
            "HTTP " + std::to_string(reply.status) +
                (words.empty() ? "" : ": " + printable(clip_end(words, 200), Lines::flatten))};
}

int64_t length_of(const Completion& answer) {
    size_t bytes = answer.text.size();
    for (const ToolCall& call : answer.calls) bytes += call.arguments.dump().size() + 16;
    return static_cast<int64_t>(bytes / 3) + 1;
}

// An answer, or an error that came after the model had begun: something was paid for.
void count(Try& made, const ModelSettings& model, const Prompt& prompt) {
    if (made.answer) {
        made.input_tokens = made.answer->input_tokens;
        made.output_tokens = made.answer->output_tokens;
    }
    if (made.input_tokens == 0) {
        made.input_tokens = estimated_input_tokens(prompt);
        made.estimated = true;
    }
    if (made.output_tokens == 0) {
        made.output_tokens = made.answer ? length_of(*made.answer) : model.max_tokens;
        made.estimated = true;
    }
    made.cost = made.input_tokens * model.input_price + made.output_tokens * model.output_price;
}

Result<Completion> checked(Result<Completion> read) {
    if (!read.ok()) return read;
    const Completion& answer = read.value();
    const bool is_empty = trim(answer.text).empty() && answer.calls.empty();
    if (is_empty && answer.stop != Completion::Stop::refused) {
        return Error{Fault::invalid, "the model answered nothing"};
    }
    for (const ToolCall& call : answer.calls) {
        if (call.id.empty() || call.name.empty()) return malformed("a call without id or name");
    }
    return read;
}

}  // namespace

Try Llm::try_one(const ModelSettings& model, const Prompt& prompt) {
    Try made;
    made.model = model.name;
    const Result<std::string> key = model.key_file.empty() ? Result<std::string>(model.key)
                                                           : read_secret(files_, model.key_file);
    if (!key.ok()) {
        made.error = key.error();
        return made;
    }
    const Wire* const wire = find_wire(model.provider);
    if (wire == nullptr) {
        made.error = Error{Fault::invalid, "no provider '" + model.provider + "'"};
        return made;
    }
    const Time began = clock_.now();
    const Result<HttpReply> sent = http_.send(wire->ask(model, prompt, key.value()));
    made.took = clock_.now() - began;
    if (!sent.ok()) {
        made.error = sent.error();
        if (sent.error().fault == Fault::timeout) count(made, model, prompt);
        return made;
    }
    if (sent.value().status != 200) {
        made.error = refusal_of(sent.value());
        made.rest = retry_after(sent.value());
        return made;
    }
    Result<Completion> read = checked(wire->read(sent.value()));
    if (read.ok()) {
        made.answer = std::move(read).value();
    } else {
        made.error = read.error();
    }
    count(made, model, prompt);
    return made;
}

std::vector<Try> Llm::ask(const std::vector<ModelSettings>& models, const Prompt& prompt) {
    std::vector<Try> tries;
    for (const ModelSettings& model : models) {
        tries.push_back(try_one(model, prompt));
        if (tries.back().answer) break;
    }
    return tries;
}

}  // namespace ops
