// Any bytes as an HTTP reply: read or refused without a crash, within the limits, and the same
// however they are cut into pieces; and any text as a redirect stays on its host.
#include "io/http_exchange.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/text.h"
#include "io/url.h"

namespace {

std::string read(std::string_view bytes, size_t piece, const ops::HttpAsk& ask) {
    ops::HttpReplyReader reader(ask);
    using State = ops::HttpReplyReader::State;
    for (size_t at = 0; at < bytes.size() && reader.state() == State::more; at += piece) {
        reader.feed(bytes.substr(at, piece));
    }
    if (reader.state() == State::more) reader.end();
    ASSERT(reader.state() != State::more);
    ops::HttpAnswer& answer = reader.answer();
    ASSERT(answer.body.size() <= ask.max_body);
    size_t header_bytes = 0;
    for (const auto& [name, value] : answer.headers) header_bytes += name.size() + value.size();
    ASSERT(header_bytes <= 64 * 1024 + piece);
    if (reader.state() == State::failed) {
        ASSERT(!reader.failure().empty());
        return "failed";
    }
    std::string text = std::to_string(answer.status) + answer.body;
    for (const auto& [name, value] : answer.headers) text += "\n" + name + ":" + value;
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    for (const char* method : {"GET", "HEAD"}) {
        ops::HttpAsk ask;
        ask.method = method;
        ask.max_body = 1000;
        const std::string whole = read(text, text.size() + 1, ask);
        ASSERT(read(text, 1, ask) == whole);
        ASSERT(read(text, 13, ask) == whole);
    }
    const ops::Url from = ops::Url::parse("http://h.example:8080/a/b?c").value();
    if (const auto to = from.follow(text)) {
        ASSERT(ops::to_lower(to->host()) == "h.example");
        std::string target;
        to->append_request_target(target);
        ASSERT(target[0] == '/');
        const auto again = ops::Url::parse(to->text());
        ASSERT(again.ok() && again.value().host() == to->host());
    }
    return 0;
}
