#include <charconv>

#include "base/http_date.h"
#include "base/text.h"
#include "io/http.h"

namespace ops {

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
        if (known == name) return value;
    }
    return std::nullopt;
}

RetryAfter retry_after(const HttpReply& reply) {
    RetryAfter asked;
    for (const auto& [name, value] : reply.headers) {
        if (name != "retry-after") continue;
        int seconds = 0;
        const std::string_view text = trim(value);
        const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
        const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
        if (whole && seconds >= 0) {
            asked.wait = std::chrono::seconds(seconds);
        } else {
            asked.until = parse_http_date(text);
        }
    }
    return asked;
}

}  // namespace ops
