// Render: an alert in the markup of a channel, as much of it as the other side takes. Pure.
//
// All of it came from outside somewhere: every character that means something in a markup is
// escaped before it stands in one, and what is cut is cut before a character, never inside an
// escape.
#pragma once

#include <string>
#include <string_view>

#include "escalate/alert.h"

namespace ops {

struct Markup {
    // What stands for a character, or empty: the character itself.
    std::string_view (*escape)(char c);
    std::string_view strong{}, strong_end{};  // around headline and names
    std::string_view line_end = "\n";
};
extern const Markup kPlainMarkup;
extern const Markup kTelegramMarkup;  // parse_mode HTML: newlines end lines
extern const Markup kHtmlMarkup;      // Matrix: <br> ends lines
extern const Markup kSlackMarkup;     // mrkdwn
extern const Markup kDiscordMarkup;   // Markdown

// Escaped, at most `limit` bytes; "…" at the end when cut. Requires: limit of 3 and more.
std::string escaped(std::string_view text, const Markup& markup, size_t limit);
// Not escaped.
std::string shortened(std::string_view text, size_t limit);

enum class Headline { shown, left_out };  // left out where the other side has a title of its own
// At most `limit` bytes, no line end at the end. The headline and what is asked stay; rows that do
// not fit between them are left out, and "…" says so. Requires: limit of 250 and more.
std::string render(const AlertLines& lines, const Markup& markup, size_t limit, Headline headline);

}  // namespace ops
