#include "io/http_exchange.h"

#include <http_parser.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace ops {

static constexpr size_t kMaxHeader = size_t{64} * 1024;

static bool is_token(std::string_view text) {
    static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               kOthers.find(c) != std::string_view::npos;
    });
}

Result<> check_request(const HttpAsk& ask) {
    if (!is_token(ask.method)) {
        return Error{Fault::invalid,
                     "http method '" + printable(ask.method, Lines::flatten) + "' is not a word"};
    }
    for (const auto& [name, value] : ask.headers) {
        if (!is_token(name)) {
            return Error{Fault::invalid,
                         "header name '" + printable(name, Lines::flatten) + "' is not a word"};
        }
        if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return Error{Fault::invalid, "header '" + name + "' holds a line break"};
        }
    }
    return {};
}

void write_request(const HttpAsk& ask, const Url& url, std::string& text) {
    struct Ours {
        std::string_view name, value;
    };
    static constexpr Ours kOurs[] = {{"User-Agent", "ops-agent"},
                                     {"Accept", "*/*"},
                                     {"Accept-Encoding", "identity"},
                                     {"Connection", "close"}};
    text.clear();
    text.reserve(192 + ask.body.size());
    text.append(ask.method).append(" ");
    url.append_request_target(text);
    text.append(" HTTP/1.1\r\n");
    const auto is_given = [&](std::string_view ours_name) {
        return std::any_of(ask.headers.begin(), ask.headers.end(), [&](const auto& given) {
            return given.first.size() == ours_name.size() &&
                   to_lower(given.first) == to_lower(ours_name);
        });
    };
    if (!is_given("Host")) {
        url.append_authority(text.append("Host: "));
        text.append("\r\n");
    }
    for (const Ours& header : kOurs) {
        if (is_given(header.name)) continue;
        text.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    for (const auto& [name, value] : ask.headers) {
        text.append(name).append(": ").append(value).append("\r\n");
    }
    const bool has_body = !ask.body.empty() || ask.method == "POST" || ask.method == "PUT";
    if (has_body && !is_given("Content-Length")) {
        text.append("Content-Length: ").append(std::to_string(ask.body.size())).append("\r\n");
    }
    text.append("\r\n").append(ask.body);
}

// The library's parser, and the table of what it calls.
struct HttpReplyReader::Parser {
    http_parser state{};
    static const http_parser_settings& settings();
};

HttpReplyReader::~HttpReplyReader() = default;

HttpReplyReader::HttpReplyReader(const HttpAsk& ask)
    : parser_(std::make_unique<Parser>()),
      max_body_(ask.max_body),
      keeps_body_(ask.want_body),
      is_head_(ask.method == "HEAD") {
    http_parser_init(&parser_->state, HTTP_RESPONSE);
    parser_->state.data = this;
    parser_->state.allow_chunked_length = 1;  // RFC 9112, 6.3: the length does not count then
}

HttpReplyReader& HttpReplyReader::self(void* parser) {
    return *static_cast<HttpReplyReader*>(static_cast<http_parser*>(parser)->data);
}

const http_parser_settings& HttpReplyReader::Parser::settings() {
    static const http_parser_settings made = [] {
        http_parser_settings set{};
        set.on_status = [](http_parser* parser, const char*, size_t size) {
            return self(parser).count_header(size) ? 0 : 1;
        };
        set.on_header_field = [](http_parser* parser, const char* at, size_t size) {
            return self(parser).on_header_field({at, size});
        };
        set.on_header_value = [](http_parser* parser, const char* at, size_t size) {
            return self(parser).on_header_value({at, size});
        };
        set.on_headers_complete = [](http_parser* parser) {
            return self(parser).on_headers_complete();
        };
        set.on_body = [](http_parser* parser, const char* at, size_t size) {
            return self(parser).on_body({at, size});
        };
        set.on_message_complete = [](http_parser* parser) {
            return self(parser).on_message_complete();
        };
        return set;
    }();
    return made;
}

bool HttpReplyReader::count_header(size_t bytes) {
    header_bytes_ += bytes;
    if (header_bytes_ <= kMaxHeader) return true;
    failure_ = "the header of the reply is over 64 KiB";
    return false;
}

int HttpReplyReader::on_header_field(std::string_view part) {
    if (!count_header(part.size())) return 1;
    // Trailers of a chunked body come here too; they are of no use and could shadow headers.
    if (body_bytes_ > 0 || (parser_->state.flags & F_TRAILING) != 0) return 0;
    if (answer_.headers.empty() || value_began_) {
        count_header(64);  // what an entry costs us, so that a flood of tiny ones is bounded too
        answer_.headers.emplace_back();
        value_began_ = false;
    }
    std::string& name = answer_.headers.back().first;
    for (const char c : part) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    // A second length, which the parser would refuse: whether it is the same one is looked at when
    // all are there. Proxies add theirs to that of the service behind them.
    if (name == "content-length") parser_->state.flags &= 0xffU ^ F_CONTENTLENGTH;
    return 0;
}

int HttpReplyReader::on_header_value(std::string_view part) {
    if (!count_header(part.size())) return 1;
    if (body_bytes_ > 0 || (parser_->state.flags & F_TRAILING) != 0) return 0;
    value_began_ = true;
    answer_.headers.back().second += part;
    return 0;
}

bool HttpReplyReader::has_one_length() const {
    const std::string* first = nullptr;
    for (const auto& [name, value] : answer_.headers) {
        if (name != "content-length") continue;
        if (first != nullptr && trim(*first) != trim(value)) return false;
        if (first == nullptr) first = &value;
    }
    return true;
}

int HttpReplyReader::on_headers_complete() {
    answer_.status = parser_->state.status_code;
    if (!has_one_length()) {
        failure_ = "not a good http reply: two lengths that differ";
        return -1;
    }
    // RFC 9112, 6.3: whatever length they name, these have no body.
    return is_head_ || answer_.status == 204 || answer_.status == 304 ? 1 : 0;
}

int HttpReplyReader::on_body(std::string_view part) {
    const size_t fits = std::min(part.size(), max_body_ - body_bytes_);
    if (keeps_body_) answer_.body.append(part.substr(0, fits));
    body_bytes_ += fits;
    if (fits == part.size()) return 0;
    answer_.body_cut = true;
    state_ = State::done;
    return 1;
}

int HttpReplyReader::on_message_complete() {
    if (parser_->state.status_code / 100 == 1 && parser_->state.status_code != 101) {
        answer_ = HttpAnswer{};
        value_began_ = false;
        return 0;
    }
    state_ = State::done;
    http_parser_pause(&parser_->state, 1);  // whatever follows is nobody's
    return 0;
}

bool HttpReplyReader::is_endless() const {
    static constexpr std::string_view kStreams[] = {"text/event-stream",
                                                    "multipart/x-mixed-replace",
                                                    "application/x-ndjson",
                                                    "application/stream+json",
                                                    "audio/",
                                                    "video/"};
    if (answer_.status == 0) return false;
    bool is_stream = false;
    for (const auto& [name, value] : answer_.headers) {
        if (name == "content-length") return false;
        if (name != "content-type") continue;
        const std::string type = to_lower(trim(value));
        is_stream = std::any_of(std::begin(kStreams), std::end(kStreams),
                                [&type](auto kind) { return type.starts_with(kind); });
    }
    return is_stream;
}

HttpReplyReader::State HttpReplyReader::conclude() {
    if (state_ == State::done) return state_;
    const http_errno error = HTTP_PARSER_ERRNO(&parser_->state);
    if (error == HPE_OK && parser_->state.upgrade == 0) return state_;
    state_ = State::failed;
    if (failure_.empty()) {
        failure_ = std::string("not a good http reply: ") + http_errno_description(error);
    }
    return state_;
}

HttpReplyReader::State HttpReplyReader::feed(std::string_view bytes) {
    if (state_ != State::more || bytes.empty()) return state_;
    begun_ = true;
    http_parser_execute(&parser_->state, &Parser::settings(), bytes.data(), bytes.size());
    return conclude();
}

HttpReplyReader::State HttpReplyReader::end() {
    if (state_ != State::more) return state_;
    if (!begun_) {
        failure_ = "the other side closed the connection without a reply";
        return state_ = State::failed;
    }
    http_parser_execute(&parser_->state, &Parser::settings(), nullptr, 0);
    if (state_ == State::more) {
        failure_ = "the other side closed the connection in the middle of the reply";
        state_ = State::failed;
    }
    return state_;
}

}  // namespace ops
