// What the wires (wire_*.cc) have in common. Add a provider: one such file, and a row in wires.cc.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "llm/llm.h"
#include "llm/sse.h"

namespace ops {

HttpRequest ask_anthropic(const ModelSettings& model, const Prompt& prompt, std::string_view key);
Result<Completion> read_anthropic(const HttpReply& reply);
HttpRequest ask_openai(const ModelSettings& model, const Prompt& prompt, std::string_view key);
Result<Completion> read_openai(const HttpReply& reply);

// --- asking ---
HttpRequest post_json(const ModelSettings& model, std::string_view path, const Json& body,
                      std::string_view key);
void add_sampling(const ModelSettings& model, Json& body);

// --- reading ---
bool is_stream(const HttpReply& reply);
Error malformed(std::string_view what);  // Fault::invalid
Error broke_off();                       // Fault::unavailable
Error in_stream(const Json& error);      // an error that came instead of the rest
Result<Json> parse_data(std::string_view text);
// The arguments of a call, as text; none at all are an empty object.
Result<Json> arguments_of(std::string_view tool, std::string_view text);

}  // namespace ops
