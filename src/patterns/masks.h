// A log line as masked tokens: what is certainly a value becomes a typed placeholder.
//
//   Failed password for invalid user bob from 1.2.3.4 port 22 ssh2
//   text  Failed password for invalid user bob from <ip> port <num> ssh2
//   key   Failed password for invalid user *   from *    port *     *
//
// `text` is what may be shown and compared; `key` says which lines can be of one template: lines
// whose keys are alike in every token are. In a key "*" stands for a value, and for what might be
// one: a word with digits in it, the value of key=value, what stands in quotes, what follows a noun
// that names a thing ("user", "host", "service"). The masks know forms, never the words of one
// program.
//
// Bounded: kMostBytes and kMostTokens of a line; the rest becomes one "<rest>". Linear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

struct MaskedToken {
    std::string text;
    std::string key;
};

constexpr size_t kMostLineBytes = 4096;
constexpr size_t kMostTokens = 192;
constexpr std::string_view kAny = "<*>";

std::vector<MaskedToken> mask_line(std::string_view content);

// The length of the placeholder ("<num>", "<*>", "<secret:token>") that `text` begins with, or 0;
// of the known ones only, so that nothing else can be said in their form.
size_t placeholder_length(std::string_view text);

// What the noun before a bare word makes of it ("user" -> "<user>"), or "".
std::string_view kind_named_by(std::string_view noun);

}  // namespace ops
