#include "io/http_exchange.h"

#include <gtest/gtest.h>

#include "io/url.h"

namespace ops {
namespace {

using State = HttpReplyReader::State;

// What a reply is taken for, fed in pieces of one size.
std::string read(const std::string& bytes, size_t piece, const HttpAsk& ask, bool closes) {
    HttpReplyReader reader(ask);
    for (size_t at = 0; at < bytes.size() && reader.state() == State::more; at += piece) {
        reader.feed(std::string_view(bytes).substr(at, piece));
    }
    if (closes) reader.end();
    if (reader.state() == State::more) return "more";
    if (reader.state() == State::failed) return "failed: " + reader.failure();
    std::string text = std::to_string(reader.answer().status);
    for (const auto& [name, value] : reader.answer().headers) text += " " + name + "=" + value;
    return text + " [" + reader.answer().body + "]" + (reader.answer().body_cut ? " cut" : "");
}

TEST(HttpReplyReader, ReadsTheSameHoweverItIsCut) {
    struct Row {
        const char *bytes, *open, *closed, *why;
    };
    const Row rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 content-length=2 [hi]",
         "200 content-length=2 [hi]", "a length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", "200 content-length=2 [hi]",
         "200 content-length=2 [hi]", "bytes after the end are nobody's"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
         "1\r\n\r\n",
         "200 transfer-encoding=chunked [abcde]", "200 transfer-encoding=chunked [abcde]",
         "chunks; the trailer is no header"},
        {"HTTP/1.0 200 OK\r\n\r\nall", "more", "200 [all]", "the end is the end of the stream"},
        {"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n", "204 x=1 []", "204 x=1 []", "no body"},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 content-length=5 []",
         "304 content-length=5 []", "no body, whatever length it names"},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 content-length=5 []",
         "204 content-length=5 []", "nor here"},
        {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         "200 content-length=0 []", "200 content-length=0 []", "an interim reply is passed over"},
        {"HTTP/1.1 500 Oh no\r\nContent-Length: 1\r\nX-A:  spaced \r\n\r\n.",
         "500 content-length=1 x-a=spaced  [.]", "500 content-length=1 x-a=spaced  [.]",
         "an error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\ncontent-length:  2 \r\n\r\nhi",
         "200 content-length=2 a=b content-length=2  [hi]",
         "200 content-length=2 a=b content-length=2  [hi]", "the same length twice"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi.",
         "failed: not a good http reply: two lengths that differ",
         "failed: not a good http reply: two lengths that differ", "which of them?"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length-X: 9\r\n\r\nhi",
         "200 content-length=2 content-length-x=9 [hi]",
         "200 content-length=2 content-length-x=9 [hi]", "a name that begins so"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: "
         "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
         "200 content-length=99 transfer-encoding=chunked [hi]",
         "200 content-length=99 transfer-encoding=chunked [hi]", "chunks go before a length"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: "
         "99\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
         "200 transfer-encoding=chunked content-length=99 [hi]",
         "200 transfer-encoding=chunked content-length=99 [hi]", "in this order too"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "more",
         "failed: the other side closed the connection in the middle of the reply", "cut short"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "more",
         "failed: the other side closed the connection in the middle of the reply",
         "cut in a chunk"},
        {"", "more", "failed: the other side closed the connection without a reply", "nothing"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nzzz",
         "101 upgrade=x connection=Upgrade []", "101 upgrade=x connection=Upgrade []",
         "101 is final"},
    };
    for (const Row& row : rows) {
        for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{1000}}) {
            EXPECT_EQ(read(row.bytes, piece, {}, false), row.open) << row.why << ", by " << piece;
            EXPECT_EQ(read(row.bytes, piece, {}, true), row.closed) << row.why << ", by " << piece;
        }
    }
}

TEST(HttpReplyReader, KnowsAStreamByItsHead) {
    struct Row {
        const char* head;
        bool is_endless;
    };
    const Row rows[] = {
        {"Content-Type: text/event-stream\r\n\r\n", true},
        {"Content-Type: Audio/MPEG\r\n\r\ndata", true},
        {"Content-Type: multipart/x-mixed-replace;boundary=f\r\n\r\n", true},
        {"Content-Type: text/event-stream\r\n", false},
        {"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na", false},
        {"Content-Type: video/mp4\r\nContent-Length: 9\r\n\r\nhalf", false},
        {"\r\n", false},
    };
    for (const Row& row : rows) {
        HttpReplyReader reader(HttpAsk{});
        reader.feed("HTTP/1.1 200 OK\r\n" + std::string(row.head));
        EXPECT_EQ(reader.is_endless(), row.is_endless) << row.head;
    }
}

TEST(HttpReplyReader, KeepsItsLimits) {
    HttpAsk ask;
    ask.max_body = 3;
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(read(head + "hello", 1, ask, false), "200 content-length=5 [hel] cut");
    ask.want_body = false;
    EXPECT_EQ(read(head + "hello", 9, ask, false), "200 content-length=5 [] cut");
    ask.max_body = 0;
    EXPECT_EQ(read(head + "hello", 9, ask, false), "200 content-length=5 [] cut");
    HttpAsk only_head;
    only_head.method = "HEAD";
    EXPECT_EQ(read(head, 9, only_head, false), "200 content-length=5 []");
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 5000; ++i) many += "a:\r\n";
    const std::string too_much = "failed: the header of the reply is over 64 KiB";
    EXPECT_EQ(read(many, 1000, {}, false), too_much) << "a flood of tiny headers";
    const std::string wide = "HTTP/1.1 200 OK\r\nA: " + std::string(66'000, 'x') + "\r\n\r\n";
    EXPECT_EQ(read(wide, 1000, {}, false), too_much) << "one wide header";
}

std::string request(const HttpAsk& ask, const Url& url) {
    std::string text = "what was there before";
    write_request(ask, url, text);
    return text;
}

TEST(HttpRequest, FramesTheBody) {
    HttpAsk ask;
    ask.method = "POST";
    ask.body = "{}";
    const Url url = Url::parse("http://h:81").value();
    const std::string text = request(ask, url);
    EXPECT_EQ(text.substr(0, 31), "POST / HTTP/1.1\r\nHost: h:81\r\nUs");
    EXPECT_EQ(text.substr(text.size() - 23), "Content-Length: 2\r\n\r\n{}");
    ask.headers = {{"Content-Length", "2"}};
    const std::string given = request(ask, url);
    EXPECT_EQ(given.find("Content-Length"), given.rfind("Content-Length"));
}

TEST(Url, IsTakenApart) {
    struct Row {
        const char *text, *host;
        int port;
        const char *target, *authority;
    };
    const Row rows[] = {
        {"http://h", "h", 80, "/", "h"},
        {"HTTP://Host:8080/a?b#c", "Host", 8080, "/a?b", "Host:8080"},
        {"https://h:443?x", "h", 443, "/?x", "h"},
        {"https://h:80/", "h", 80, "/", "h:80"},
        {"http://[::1]:9/x", "::1", 9, "/x", "[::1]:9"},
        {"http://[::1]", "::1", 80, "/", "[::1]"},
        {"unix:///run/a.sock:/v1", "/run/a.sock", 0, "/v1", "localhost"},
        {"unix:///run/a.sock", "/run/a.sock", 0, "/", "localhost"},
    };
    for (const Row& row : rows) {
        const Result<Url> url = Url::parse(row.text);
        ASSERT_TRUE(url.ok()) << row.text;
        EXPECT_EQ(url.value().host(), row.host) << row.text;
        EXPECT_EQ(url.value().port(), row.port) << row.text;
        std::string target, authority;
        url.value().append_request_target(target);
        url.value().append_authority(authority);
        EXPECT_EQ(target, row.target) << row.text;
        EXPECT_EQ(authority, row.authority) << row.text;
    }
    for (const char* bad :
         {"", "h", "http://", "http://:80", "http://[::1", "http://[]/", "http://h:0", "http://h:x",
          "http://h:1x", "http://[::1]x", "http://a@b", "http://h/\n", "http://h/\x7f",
          "http://h/ü", "unix://a.sock:/", "unix://", "file:///etc/passwd"}) {
        EXPECT_FALSE(Url::parse(bad).ok()) << bad;
    }
    EXPECT_FALSE(Url::parse("http://h/" + std::string(9000, 'a')).ok());
    EXPECT_FALSE(Url::parse("unix:///" + std::string(107, 'a') + ":/").ok());
}

TEST(Url, FollowsOnlyOnTheSameHost) {
    struct Row {
        const char *from, *location, *to;
    };
    const Row rows[] = {
        {"http://h/a/b?c", "d", "http://h/a/d"},
        {"http://h/a/b?c=/x/", "d", "http://h/a/d"},
        {"http://h", "d", "http://h/d"},
        {"http://h?q", "d", "http://h/d"},
        {"http://h/a/", "/d?e#f", "http://h/d?e"},
        {"http://h/a", "?e", "http://h/a?e"},
        {"http://h/a", "//h/d", "http://h/d"},
        {"http://h/a", "https://H/d", "https://H/d"},
        {"http://h/a", "http://h:99/", "http://h:99/"},
        {"http://h/a", "to?u=http://x/", "http://h/to?u=http://x/"},
        {"https://h/a", "http://h/d", nullptr},
        {"http://h/a", "http://other/", nullptr},
        {"http://h/a", "//other/", nullptr},
        {"http://h/a", "http://h@other/", nullptr},
        {"http://h/a", "http://h.other/", nullptr},
        {"http://h/a", "", nullptr},
        {"http://h/a", "/a b", nullptr},
        {"http://h/a", "ftp://h/", nullptr},
        {"http://h/a", "unix:///h:/", nullptr},
        {"unix:///s:/a", "/d", "unix:///s:/d"},
        {"unix:///s:/a", "http://h/", nullptr},
        {"unix:///s:/a", "unix:///t:/", nullptr},
        {"unix:///s:/a", "//h/", nullptr},
    };
    for (const Row& row : rows) {
        const std::optional<Url> to = Url::parse(row.from).value().follow(row.location);
        EXPECT_EQ(to ? to->text() : "", row.to == nullptr ? "" : row.to)
            << row.from << " -> " << row.location;
    }
}

}  // namespace
}  // namespace ops
