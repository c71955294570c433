// The two halves of an HTTP/1.1 exchange as pure functions of bytes: the request, and the reply
// taken in piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/probes.h"
#include "io/url.h"

namespace ops {

// Fault::invalid when the method or a header would break the request's framing.
Result<> check_request(const HttpAsk& ask);

// One request on a connection of its own, no compression asked for; put in the place of `text`,
// whose memory it reuses. Requires: check_request() was ok.
void write_request(const HttpAsk& ask, const Url& url, std::string& text);

// Takes a reply in, however it is cut. Header at most 64 KiB; the body ends at the ask's limit.
// Interim replies (100) are passed over.
class HttpReplyReader {
public:
    enum class State { more, done, failed };

    explicit HttpReplyReader(const HttpAsk& ask);
    ~HttpReplyReader();
    HttpReplyReader(const HttpReplyReader&) = delete;
    HttpReplyReader& operator=(const HttpReplyReader&) = delete;

    State feed(std::string_view bytes);
    State end();  // the other side closed
    State state() const { return state_; }

    bool has_begun() const { return begun_; }
    const std::string& failure() const { return failure_; }  // when failed
    HttpAnswer& answer() { return answer_; }
    // The head is complete, and says that what follows is a stream of events or media without an
    // end: whoever waits for it waits for ever.
    bool is_endless() const;

private:
    struct Parser;
    static HttpReplyReader& self(void* parser);
    bool count_header(size_t bytes);  // false: too many
    int on_header_field(std::string_view part);
    int on_header_value(std::string_view part);
    bool has_one_length() const;  // or none
    int on_headers_complete();
    int on_body(std::string_view part);
    int on_message_complete();
    State conclude();

    std::unique_ptr<Parser> parser_;
    HttpAnswer answer_;
    State state_ = State::more;
    std::string failure_;
    size_t header_bytes_ = 0, body_bytes_ = 0;
    const size_t max_body_;
    const bool keeps_body_, is_head_;
    bool begun_ = false, value_began_ = false;
};

}  // namespace ops
