// What http and tcp checks ask, and how they judge every kind of reply.
#include <gtest/gtest.h>

#include "monitor/check_for_test.h"
#include "monitor/check_url.h"
#include "monitor/expectation.h"

namespace ops {
namespace {

using namespace test;

struct Case {
    std::string why, check;
    int status;
    std::string body, judged;
};

TEST(HttpCheck, SaysWhatDiffers) {
    const std::vector<Case> cases = {
        {"2xx is well", "{http: 'http://a'}", 204, "", "good"},
        {"500 is not", "{http: 'http://a'}", 500, "", "bad: HTTP 500"},
        {"a redirect that was not followed", "{http: 'http://a'}", 302, "", "bad: HTTP 302"},
        {"expected status", "{http: 'http://a', expect: {status: 401}}", 401, "", "good"},
        {"another", "{http: 'http://a', expect: {status: 401}}", 200, "",
         "bad: HTTP 200, expected 401"},
        {"short form", "{http: 'http://a', expect: 3xx}", 301, "", "good"},
        {"a list", "{http: 'http://a', expect: {status: [200, 301-302]}}", 302, "", "good"},
        {"not in the list", "{http: 'http://a', expect: [200, 301-302]}", 303, "",
         "bad: HTTP 303, expected 200 or 301-302"},
        {"text", "{http: 'http://a', expect: {body: ok}}", 200, "all ok", "good"},
        {"no text", "{http: 'http://a', expect: {body: ok}}", 200, "all bad",
         "bad: body lacks \"ok\""},
        {"status before text", "{http: 'http://a', expect: {body: ok}}", 503, "", "bad: HTTP 503"},
        {"pattern", "{http: 'http://a', expect: {matches: '^v[0-9]+$'}}", 200, "v12", "good"},
        {"no match", "{http: 'http://a', expect: {matches: '^v[0-9]+$'}}", 200, "w12",
         "bad: body does not match \"^v[0-9]+$\""},
        {"json", "{http: 'http://a', expect: {json: {database: ok}}}", 200, R"({"database": "ok"})",
         "good"},
        {"json differs", "{http: 'http://a', expect: {json: {database: ok}}}", 200,
         R"({"database": "bad"})", "bad: json database is \"bad\", expected \"ok\""},
        {"json path", "{http: 'http://a', expect: {json: {'a.b[1].c': 3}}}", 200,
         R"({"a": {"b": [0, {"c": 3}]}})", "good"},
        {"index with a dot", "{http: 'http://a', expect: {json: {'0.c': true}}}", 200,
         R"([{"c": true}])", "good"},
        {"no such path", "{http: 'http://a', expect: {json: {'a.b': 1}}}", 200, R"({"a": []})",
         "bad: json a.b is missing, expected \"1\""},
        {"numbers compare as numbers", "{http: 'http://a', expect: {json: {n: 1.0}}}", 200,
         R"({"n": 1})", "good"},
        {"a number is no string", "{http: 'http://a', expect: {json: {n: 1}}}", 200,
         R"({"n": "01"})", "bad: json n is \"01\", expected \"1\""},
        {"null", "{http: 'http://a', expect: {json: {e: null}}}", 200, R"({"e": null})", "good"},
        {"one of several", "{http: 'http://a', expect: {json: {s: [ok, warn]}}}", 200,
         R"({"s": "warn"})", "good"},
        {"no json", "{http: 'http://a', expect: {json: {s: ok}}}", 200, "<html>",
         "bad: body is no JSON"},
        {"two differ", "{http: 'http://a', expect: {body: [x, y]}}", 200, "",
         "bad: body lacks \"x\"; body lacks \"y\""},
        {"header is missing", "{http: 'http://a', expect: {header: {X-A: b}}}", 200, "",
         "bad: header 'x-a' is missing"},
        {"hostile body", "{http: 'http://a', expect: {json: {s: ok}}}", 200,
         "{\"s\": \"\\u001b[31mred\\u202e\"}", "bad: json s is \"red\", expected \"ok\""},
    };
    for (const Case& one : cases) {
        Made made = make(one.check);
        ASSERT_NE(made.check, nullptr) << one.why << print(made.problems);
        EXPECT_EQ(print(made->judge(reply(http(one.status, one.body)))), one.judged) << one.why;
    }
}

TEST(HttpCheck, AnyHeaderOfTheNameWillDo) {
    Made made = make("{http: 'http://a', expect: {header: {Set-Cookie: session=}}}");
    HttpAnswer answer = std::get<HttpAnswer>(http(200, ""));
    answer.headers = {{"set-cookie", "lang=de"}, {"x", "y"}, {"set-cookie", "session=1"}};
    EXPECT_EQ(print(made->judge(reply(answer))), "good");
    answer.headers.pop_back();
    EXPECT_EQ(print(made->judge(reply(answer))),
              "bad: header 'set-cookie' is \"lang=de\", expected \"session=\"");
}

TEST(HttpCheck, SaysWhereARedirectLeadsThatWasNotFollowed) {
    Made made = make("{http: 'http://a'}");
    HttpAnswer answer = std::get<HttpAnswer>(http(302, ""));
    answer.headers = {{"location", "http://b/\x1b[2J"}};
    EXPECT_EQ(print(made->judge(reply(answer))),
              "bad: HTTP 302 to 'http://b/' (not followed to another host)");
    struct Row {
        const char *from, *location, *told;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"https://a/", "http://A/x", "http://A/x' (not followed from https to http)"},
             {"https://a/", "http://b/x", "http://b/x' (not followed to another host)"},
             {"http://a/", "/x", "/x' (not followed, it is one more than 3 redirects)"},
             // What is another one each time would be news each time; and it may be a secret.
             {"http://a/", "https://ann:pw@sso.example/login?access_token=x&state=1#top",
              "https://sso.example/login' (not followed to another host)"},
             {"http://a/", "//ann@sso.example", "//sso.example' (not followed to another host)"},
             {"http://a/", "/login?next=a@b",
              "/login' (not followed, it is one more than 3 redirects)"},
             {"http://a/", "/at/@ann", "/at/@ann' (not followed, it is one more than 3 redirects)"},
             {"http://b/", "https://a/@ann", "https://a/@ann' (not followed to another host)"},
             {"http://a/", "", "' (no address that can be asked)"},
             {"http://a/", "/a b", "/a b' (no address that can be asked)"},
         }) {
        answer.final_url = row.from;
        answer.headers = {{"location", row.location}};
        EXPECT_EQ(print(made->judge(reply(answer))), "bad: HTTP 302 to '" + std::string(row.told));
    }
    Made none = make("{http: 'http://a', redirects: 0}");
    answer.final_url.clear();
    answer.headers = {{"location", "/x"}};
    EXPECT_EQ(print(none->judge(reply(answer))),
              "bad: HTTP 302 to '/x' (redirects are not followed)");
}

TEST(HttpCheck, TellsItsFacts) {
    Made made = make("{http: 'https://a'}");
    HttpAnswer answer = std::get<HttpAnswer>(http(200, ""));
    answer.phases = {.dns = Duration(1),
                     .connect = Duration(2),
                     .tls = Duration(3),
                     .first_byte = Duration(4),
                     .total = Duration(5)};
    answer.certificate_expires = kNoon + std::chrono::hours(24 * 30);
    const Judged good = made->judge(reply(answer));
    EXPECT_EQ(print(good), "good");
    EXPECT_EQ(fact(good, "up"), "true");
    EXPECT_EQ(fact(good, "http_status"), "200");
    EXPECT_EQ(fact(good, "latency"), "5ms");
    EXPECT_EQ(fact(good, "latency_tls"), "3ms");
    EXPECT_EQ(fact(good, "tls_expires_in"), "30d");

    const Judged none = made->judge(failure(Fault::timeout, "no answer in 5s"));
    EXPECT_EQ(print(none), "bad: no answer in 5s");
    EXPECT_EQ(fact(none, "up"), "false");
    EXPECT_EQ(fact(none, "http_status"), "unknown") << "the old status must not live on";
}

TEST(HttpCheck, ACertificateThatEndsSoonIsDegraded) {
    struct Row {
        std::string why, check;
        Duration left;
        std::string judged;
    };
    const auto days = [](int count) { return std::chrono::hours(24 * count); };
    for (const Row& row : std::vector<Row>{
             {"far away", "{http: 'https://a'}", days(8), "good"},
             {"soon", "{http: 'https://a'}", days(6), "good degraded: certificate ends in 6d"},
             {"asked for more", "{http: 'https://a', tls_min: 14d}", days(10),
              "good degraded: certificate ends in 10d"},
             {"off", "{http: 'https://a', tls_min: 0}", days(1), "good"},
             {"over, and not verified", "{http: 'https://a', verify_tls: false}", -days(1),
              "good degraded: certificate expired 1d ago"},
         }) {
        Made made = make(row.check);
        HttpAnswer answer = std::get<HttpAnswer>(http(200, ""));
        answer.certificate_expires = kNoon + row.left;
        const Judged judged = made->judge(reply(answer));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_EQ(fact(judged, "up"), "true") << row.why;
    }
    Made made = make("{http: 'https://a'}");
    Reply expired = failure(Fault::unavailable, "certificate verify failed");
    expired.certificate_expires = kNoon - days(3);
    EXPECT_EQ(print(made->judge(expired)), "bad: certificate expired 3d ago");
}

TEST(HttpCheck, TellsWhetherTheCertificateIsTrusted) {
    Made made = make("{http: 'https://a'}");
    EXPECT_EQ(fact(made->judge(reply(http(200, ""))), "tls_trusted"), "true");
    const Judged wrong = made->judge(failure(Fault::corrupt, "the certificate is not for 'a'"));
    EXPECT_EQ(print(wrong), "bad: the certificate is not for 'a'");
    EXPECT_EQ(fact(wrong, "tls_trusted"), "false");
    const Judged gone = made->judge(failure(Fault::unavailable, "connection refused"));
    EXPECT_NE(fact(gone, "tls_trusted"), "false") << "what was wrong before is not known now";
    Made plain = make("{http: 'http://a'}");
    EXPECT_EQ(fact(plain->judge(reply(http(200, ""))), "tls_trusted"), "-");
}

// A restart of the service would not bring our name server back.
TEST(HttpCheck, WhatCouldNotBeAskedIsNotDown) {
    for (const char* check : {"{http: 'http://a'}", "{tcp: 'a:22'}", "{supervisor: w}"}) {
        for (const Fault fault : {Fault::denied, Fault::invalid}) {
            Made made = make(check);
            const Judged judged =
                made->judge(failure(fault, "look up 'a': no name server answers"));
            EXPECT_EQ(judged.observation.health, Health::unknown) << check;
            EXPECT_NE(print(judged).find("no name server answers"), std::string::npos) << check;
            EXPECT_EQ(fact(judged, "up"), "-") << check;
        }
        Made made = make(check);
        EXPECT_EQ(made->judge(failure(Fault::not_found, "no such name")).observation.health,
                  Health::bad);
    }
}

TEST(HttpCheck, AUrlMayBeWrittenWithUmlauts) {
    Made made = make("{http: 'http://a/f\xc3\xbcr?alle=\xc3\xa4'}");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    EXPECT_EQ(std::get<HttpAsk>(made->ask().question).url, "http://a/f%C3%BCr?alle=%C3%A4");
    // What would be refused when it is asked is refused here.
    EXPECT_NE(print(make("{http: 'unix:///run/\xc3\xbc.sock'}").problems), "");
    EXPECT_NE(print(make("{http: 'http://a/" + std::string(9000, 'x') + "'}").problems), "");
}

TEST(HttpCheck, TooSlowIsDegraded) {
    Made made = make("{http: 'http://a', max_latency: 10ms}");
    EXPECT_EQ(print(made->judge(reply(http(200, "")))),
              "good degraded: answered in 20ms, at most 10ms expected");
    EXPECT_EQ(print(made->judge(reply(http(500, "")))), "bad: HTTP 500");
}

TEST(HttpCheck, AsksWhatIsWritten) {
    Made made = make(
        "{http: 'http://ops:p%40ss@a:8080/x?y=1#z', method: POST, body: hi, redirects: 0, "
        "headers: {X-A: b}, verify_tls: false}");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const Ask ask = made->ask();
    EXPECT_EQ(ask.time_limit, std::chrono::seconds(5));
    const auto& http = std::get<HttpAsk>(ask.question);
    EXPECT_EQ(http.url, "http://a:8080/x?y=1");
    EXPECT_EQ(http.method, "POST");
    EXPECT_EQ(http.body, "hi");
    EXPECT_EQ(http.max_redirects, 0);
    EXPECT_FALSE(http.verify_tls);
    ASSERT_EQ(http.headers.size(), 2u);
    EXPECT_EQ(http.headers[1].second, "Basic b3BzOnBAc3M=");
}

TEST(CheckUrl, ReadsAndRefuses) {
    struct Row {
        std::string text, print;
    };
    for (const Row& row : std::vector<Row>{
             {"http://a", "http://a/"},
             {"https://a.example:444/x?y", "https://a.example:444/x?y"},
             {"http://a?q", "http://a/?q"},
             {"http://[::1]:80/", "http://[::1]:80/"},
             {"http://u:p@a/", "http://a/"},
             {"unix:///run/x.sock:/RPC2", "unix:///run/x.sock:/RPC2"},
             {"unix:///run/x.sock", "unix:///run/x.sock:/"},
             {"unix://run/x.sock", "error"},
             {"unix:///run/x.sock:y", "error"},
             {"http://", "error"},
             {"http://:80/", "error"},
             {"http://a:/", "error"},
             {"http://a:0/", "error"},
             {"http://-a/", "error"},
             {"http://a b/", "error"},
             {"http://a\n/", "error"},
             {"http://[::1", "error"},
             {"http://[x]/", "error"},
             {"file:///etc/passwd", "error"},
             {"", "error"},
         }) {
        const auto url = parse_check_url(row.text);
        EXPECT_EQ(url.ok() ? url.value().print() : "error", row.print) << row.text;
    }
    EXPECT_TRUE(parse_check_url("http://127.0.0.1/").value().is_loopback());
    EXPECT_FALSE(parse_check_url("http://10.0.0.1/").value().is_loopback());
    EXPECT_EQ(percent_encode("sum(a{b=\"c\"}) > 1"), "sum%28a%7Bb%3D%22c%22%7D%29%20%3E%201");
    EXPECT_EQ(percent_decode("a%20b%2"), "a b%2");
    EXPECT_EQ(basic_authorization("a", "b"), "Basic YTpi");
    EXPECT_EQ(basic_authorization("", ""), "Basic Og==");
    EXPECT_EQ(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(TcpCheck, JudgesConnectionAndAnswer) {
    Made plain = make("{tcp: '[::1]:22'}");
    ASSERT_NE(plain.check, nullptr) << print(plain.problems);
    const auto ask = std::get<TcpAsk>(plain->ask().question);
    EXPECT_EQ(ask.host, "::1");
    EXPECT_EQ(ask.port, 22);
    EXPECT_EQ(ask.read_up_to, 0u);
    EXPECT_EQ(print(plain->judge(reply(TcpAnswer{}))), "good");
    EXPECT_EQ(print(plain->judge(failure(Fault::unavailable, "connection refused"))),
              "bad: connection refused");

    Made redis = make("{tcp: 'a:6379', send: \"PING\\r\\n\", expect: \"+PONG\"}");
    ASSERT_NE(redis.check, nullptr) << print(redis.problems);
    const auto ping = std::get<TcpAsk>(redis->ask().question);
    EXPECT_EQ(ping.send, "PING\r\n");
    EXPECT_EQ(ping.read_up_to, 5u);
    const auto answered = [](std::string bytes) {
        return reply(TcpAnswer{.bytes = std::move(bytes)});
    };
    EXPECT_EQ(print(redis->judge(answered("+PONG\r\n"))), "good");
    EXPECT_EQ(print(redis->judge(answered("-NOAUTH\x1b[2J"))),
              "bad: answered \"-NOAUTH\", expected \"+PONG\"");
    EXPECT_EQ(print(redis->judge(answered(""))),
              "bad: closed without an answer, expected \"+PONG\"");
    EXPECT_EQ(fact(redis->judge(failure(Fault::timeout, "x")), "latency"), "unknown");
}

TEST(Checks, AReplyOfAnotherKindIsNoCrash) {
    const std::vector<std::string> checks = {
        "{http: 'http://a'}", "{tcp: 'a:1'}",
        "{supervisor: a}",    "{systemd: a}",
        "{pidfile: /x}",      "{process: x}",
        "{command: x}",       "{prometheus: 'http://a', query: x}",
        "{disks: [/]}",       "{machine: }",
        "{log: /x}"};
    const std::vector<Answer> answers = {HttpAnswer{}, TcpAnswer{}, Exit{}, LocalAnswer{}};
    for (const std::string& check : checks) {
        for (const char* host : {"here", "pc"}) {
            for (const Answer& answer : answers) {
                Made made = make(check, host);
                if (made.check == nullptr) continue;  // a log of another machine
                const Judged judged = made->judge(reply(answer));
                EXPECT_EQ(judged.observation.target, "web") << check;
                if (judged.observation.health != Health::good) {
                    EXPECT_FALSE(judged.observation.reason.empty()) << check;
                }
            }
            Made made = make(check, host);
            if (made.check == nullptr) continue;
            const Judged failed = made->judge(failure(Fault::unavailable, "no such thing"));
            EXPECT_NE(failed.observation.reason, "") << check;
            EXPECT_NE(failed.observation.health, Health::good) << check;
            EXPECT_NE(fact(failed, "process_status"), "dead")
                << "what we cannot see is not dead: " << check;
            EXPECT_TRUE(made->died({}).ask_now.has_value());
        }
    }
}

}  // namespace
}  // namespace ops
