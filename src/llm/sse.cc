#include "llm/sse.h"

#include <algorithm>

namespace ops {
namespace {

// The next line without its end; "\n", "\r\n" and "\r" end one. Nothing when no end came.
bool take_line(std::string_view& rest, std::string_view& line) {
    const size_t end = rest.find_first_of("\r\n");
    if (end == std::string_view::npos) return false;
    line = rest.substr(0, end);
    rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
    return true;
}

}  // namespace

std::vector<ServerEvent> parse_events(std::string_view stream) {
    if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
    std::vector<ServerEvent> events;
    ServerEvent event;
    bool has_data = false;
    for (std::string_view line; take_line(stream, line);) {
        if (line.empty()) {
            if (has_data) {
                if (event.name.empty()) event.name = "message";
                events.push_back(std::move(event));
            }
            event = {};
            has_data = false;
            continue;
        }
        const size_t colon = line.find(':');
        if (colon == 0) continue;  // a comment
        const std::string_view field = line.substr(0, colon);
        std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (field == "event") event.name = value;
        if (field == "data") {
            if (has_data) event.data += '\n';
            event.data += value;
            has_data = true;
        }
    }
    return events;
}

}  // namespace ops
