// Server-sent events as the HTML standard parses them (html.spec.whatwg.org, 9.2.6), of a stream
// that has come to its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

struct ServerEvent {
    std::string name;  // "message" when the stream gave none
    std::string data;
};
// An event that the stream ends within, without its blank line, is left out.
std::vector<ServerEvent> parse_events(std::string_view stream);

}  // namespace ops
