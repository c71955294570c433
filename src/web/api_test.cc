#include "web/api.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "web/press_page.h"

namespace ops {
namespace {

// Remembers what reached the agent.
class Heard final : public Control {
public:
    Result<Json> look(const View& view) override {
        last = "look " + view.what + " " + view.name;
        for (const auto& [key, value] : view.filters) last += " " + key + "=" + value;
        if (view.name == "nobody") return Error{Fault::not_found, "no service 'nobody'"};
        if (view.what == "events") return events;
        return Json::object({{"what", view.what}});
    }
    Result<Json> act(const Deed& deed) override {
        last = deed.what + " " + deed.id + join(deed.names, ",") + " by " + deed.by + " note " +
               deed.note + " for " + std::to_string(deed.span.count());
        who = deed.by + "|" + deed.user + "|" + deed.via + "|" + deed.shown;
        return Json::object();
    }
    Result<Json> push(const Push& push) override {
        last = "push " + push.name + " " + push.signal + " " + push.body.dump();
        return Json::object();
    }
    std::string metrics() override { return "ops_agent_open_incidents 0\n"; }
    bool is_ready() override { return false; }
    std::string last, who;
    Json events;  // what there is after the last one seen
};

struct Asked {
    std::string method, path, token;
    std::string body = {};
    std::string host = "localhost:8321";
    std::string origin = {};
    bool from_loopback = true;
    std::string site = {};  // as a browser says from where
};

WebReply ask(const Asked& asked, Heard& heard, const WebAccess& access = {"secret", {}, {}, {}}) {
    WebRequest request;
    request.method = asked.method;
    const auto target = parse_target(asked.path);
    request.path = target ? target->path : "";
    if (target) request.query = target->query;
    request.headers = {{"host", asked.host}};
    if (!asked.token.empty())
        request.headers.emplace_back("authorization", "Bearer " + asked.token);
    if (!asked.origin.empty()) request.headers.emplace_back("origin", asked.origin);
    if (!asked.site.empty()) request.headers.emplace_back("sec-fetch-site", asked.site);
    request.body = asked.body;
    request.from_loopback = asked.from_loopback;
    return answer(request, access, heard);
}

TEST(Api, SaysWhoIsClaimedWhoseProcessItWasAndWhatWasShown) {
    const struct {
        const char* token;
        const char* body;
        const char* who;
    } rows[] = {
        {"secret", "{}", "api||token|"},
        {"secret", R"({"by":"ann"})", "ann||token|"},
        {"secret", R"({"user":"root"})", "root|root|token|"},
        {"secret", R"({"by":"ann","user":"root","argv_sha256":"ab"})", "ann|root|token|ab"},
        {"word", R"({"by":"ann\u001b[2J\nx"})", "ann x||password|"},
    };
    for (const auto& row : rows) {
        Heard heard;
        ask({"POST", "/api/v1/incidents/inc-1/approve", row.token, row.body}, heard,
            {"secret", {}, "word", {}});
        EXPECT_EQ(heard.who, row.who) << row.body;
    }
}

TEST(Api, Routes) {
    const struct {
        const char* why;
        Asked asked;
        int status;
        const char* heard;
    } rows[] = {
        {"reading from loopback is free", {"GET", "/api/v1/health", ""}, 200, "look health "},
        {"filters go through, decoded",
         {"GET", "/api/v1/incidents?state=open&service=a%2Bb", ""},
         200,
         "look incidents  service=a+b state=open"},
        {"a name is one segment", {"GET", "/api/v1/services/api", ""}, 200, "look service api"},
        {"what is not there is 404",
         {"GET", "/api/v1/services/nobody", ""},
         404,
         "look service nobody"},
        {"no such path", {"GET", "/api/v1/nothing", ""}, 404, ""},
        {"a path with another method", {"POST", "/api/v1/health", "secret"}, 405, ""},
        {"what changes needs the token", {"POST", "/api/v1/pause", ""}, 401, ""},
        {"a wrong token is none", {"POST", "/api/v1/pause", "secreT"}, 401, ""},
        {"with the token it is done",
         {"POST", "/api/v1/pause", "secret"},
         200,
         "pause  by api note  for 0"},
        {"who and why come from the body",
         {"POST", "/api/v1/incidents/inc-1/ack", "secret", R"({"by":"ann","note":"mine"})"},
         200,
         "ack inc-1 by ann note mine for 0"},
        {"a silence has a duration",
         {"POST", "/api/v1/silences", "secret", R"({"name":"api","duration":"2h"})"},
         200,
         "silence api by api note  for 7200000"},
        {"a silence is listed", {"GET", "/api/v1/silences", ""}, 200, "look silences "},
        {"a silence of several matchers, with a reason",
         {"POST", "/api/v1/silences", "secret",
          R"({"matchers":["group=w","level<=alert"],"duration":"2h","reason":"move"})"},
         200,
         "silence group=w,level<=alert by api note move for 7200000"},
        {"matchers are texts",
         {"POST", "/api/v1/silences", "secret", R"({"matchers":[1],"duration":"2h"})"},
         400,
         ""},
        {"matchers are a list",
         {"POST", "/api/v1/silences", "secret", R"({"matchers":"db","duration":"2h"})"},
         400,
         ""},
        {"a silence is ended by its id",
         {"POST", "/api/v1/silences/sil-1/end", "secret", R"({"by":"ann"})"},
         200,
         "unsilence sil-1 by ann note  for 0"},
        {"and not without the token", {"POST", "/api/v1/silences/sil-1/end", ""}, 401, ""},
        {"windows of maintenance are listed",
         {"GET", "/api/v1/maintenance", ""},
         200,
         "look maintenance "},
        {"one is opened",
         {"POST", "/api/v1/maintenance", "secret",
          R"({"names":["db*","pc"],"duration":"2h","reason":"disks"})"},
         200,
         "maintenance db*,pc by api note disks for 7200000"},
        {"not without the token", {"POST", "/api/v1/maintenance", "", "{}"}, 401, ""},
        {"names are a list",
         {"POST", "/api/v1/maintenance", "secret", R"({"names":"db","duration":"2h"})"},
         400,
         ""},
        {"one is ended by its id",
         {"POST", "/api/v1/maintenance/mnt-1/end", "secret"},
         200,
         "end-maintenance mnt-1 by api note  for 0"},
        {"a duration that is none",
         {"POST", "/api/v1/silences", "secret", R"({"duration":"2"})"},
         400,
         ""},
        {"a body that is no JSON", {"POST", "/api/v1/pause", "secret", "{"}, 400, ""},
        {"a heartbeat from loopback", {"POST", "/api/v1/heartbeat/w", ""}, 200, "push w  null"},
        {"a ping of an exit status", {"GET", "/ping/w/3", ""}, 200, "push w 3 null"},
        {"a ping's text is kept",
         {"POST", "/ping/w/fail", "", "out of disk"},
         200,
         "push w fail \"out of disk\""},
        {"a ping with a word that is none", {"GET", "/ping/w/maybe", ""}, 404, ""},
        {"an exit status over 255", {"GET", "/ping/w/256", ""}, 404, ""},
        {"a webhook of Alertmanager",
         {"POST", "/api/v1/alertmanager", "", R"({"alerts":[]})"},
         200,
         R"(push alertmanager  {"alerts":[]})"},
        {"what Prometheus sends", {"POST", "/api/v2/alerts", "", "[]"}, 200, "push prometheus  []"},
        {"a webhook of Grafana", {"POST", "/api/v1/grafana", "", "{}"}, 200, "push grafana  {}"},
        {"a webhook of Uptime Kuma",
         {"POST", "/api/v1/uptime-kuma", "", "{}"},
         200,
         "push uptime-kuma  {}"},
        {"alerts must be JSON", {"POST", "/api/v2/alerts", "", "[{"}, 400, ""},
        {"no body is no alerts", {"POST", "/api/v1/alertmanager", ""}, 400, ""},
        {"alerts are not read here", {"GET", "/api/v2/alerts", ""}, 405, ""},
        {"alerts from elsewhere need the token",
         {"POST", "/api/v2/alerts", "", "[]", "localhost", "", false},
         401,
         ""},
        {"facts must be JSON", {"POST", "/api/v1/facts/w", "", "x"}, 400, ""},
        {"another name for this host", {"GET", "/api/v1/health", "", "", "evil.example"}, 403, ""},
        {"the Brain is asked",
         {"GET", "/api/v1/brain/search?q=a%20b&limit=3", ""},
         200,
         "look brain/search  limit=3 q=a b"},
        {"the Brain's own health",
         {"GET", "/health", "", "", "localhost", "", false},
         200,
         "look brain/health "},
        {"a memory is added with the token",
         {"POST", "/api/v1/brain/memories", "secret", R"({"title":"t"})"},
         200,
         "remember  by api note  for 0"},
        {"and not without", {"POST", "/api/v1/brain/memories", "", R"({"title":"t"})"}, 401, ""},
        {"a memory that is no JSON", {"POST", "/api/v1/brain/memories", "secret", "{"}, 400, ""},
        {"a page of another site",
         {"POST", "/api/v1/pause", "secret", "", "localhost", "http://evil.example"},
         403,
         ""},
        {"a page of our own",
         {"GET", "/api/v1/health", "", "", "localhost", "http://127.0.0.1:8321"},
         200,
         "look health "},
        {"from elsewhere reading needs a token",
         {"GET", "/api/v1/health", "", "", "localhost", "", false},
         401,
         ""},
        {"from elsewhere a push needs one",
         {"POST", "/api/v1/heartbeat/w", "", "", "localhost", "", false},
         401,
         ""},
        {"the page of a link is open to whoever has the link",
         {"GET", "/press/mail/a.inc-1.-.1.00", "", "", "localhost", "", false},
         200,
         "look press mail token=a.inc-1.-.1.00"},
        {"its button too, as the agent judges the token",
         {"POST", "/press/mail/a.inc-1.-.1.00", "", "x=y", "localhost", "", false},
         200,
         "press/link mail by  note a.inc-1.-.1.00 for 0"},
        {"but not from a page of another site",
         {"POST", "/press/mail/t", "", "", "localhost", "http://evil.example", false},
         403,
         ""},
        {"a chat's server brings presses, which the agent judges by their signature",
         {"POST", "/api/v1/slack/team", "", "payload=1", "localhost", "", false},
         200,
         "press/knock team by  note  for 0"},
        {"healthy needs nothing", {"GET", "/-/healthy", "", "", "localhost", "", false}, 200, ""},
        {"ready says when it is not", {"GET", "/-/ready", ""}, 503, ""},
    };
    for (const auto& row : rows) {
        Heard heard;
        const WebReply reply = ask(row.asked, heard);
        EXPECT_EQ(reply.status, row.status) << row.why << ": " << reply.body;
        EXPECT_EQ(heard.last, row.heard) << row.why;
    }
}

// What the command line asks before it says anything: a stranger on the port cannot answer it.
TEST(Api, ShowsThatItHasTheToken) {
    Heard heard;
    const std::string path = "/api/v1/proof?nonce=0123456789abcdef";
    const WebReply shown = ask({"GET", path, "", "", "localhost", "", false}, heard);
    EXPECT_EQ(shown.status, 200);
    const std::string proof = Json::parse(shown.body).value()["proof"].as_string();
    EXPECT_EQ(proof, proof_of("secret", "0123456789abcdef"));
    EXPECT_NE(proof, proof_of("another", "0123456789abcdef"));
    EXPECT_NE(proof, proof_of("secret", "0123456789abcdee"));
    EXPECT_EQ(ask({"GET", "/api/v1/proof?nonce=short", ""}, heard).status, 400);
    EXPECT_EQ(ask({"GET", "/api/v1/proof", ""}, heard).status, 400);
    EXPECT_EQ(ask({"GET", path, "", "", "evil.example"}, heard).status, 403);
}

// Heartbeats come to the address that is written under `listen`. Names can be made to lead here by
// others; an address cannot.
TEST(Api, GoesByTheAddressThatARequestCameInAt) {
    const struct {
        const char *local_address, *host, *origin;
        int status;
    } rows[] = {
        {"127.0.0.5", "127.0.0.5:8321", "", 200},
        {"192.0.2.7", "192.0.2.7:8321", "http://192.0.2.7:8321", 200},
        {"[2001:db8::7]", "[2001:DB8::7]:8321", "", 200},
        {"192.0.2.7", "Alien:8321", "", 200},
        {"192.0.2.7", "192.0.2.8:8321", "", 403},
        {"192.0.2.7", "192.0.2.7.evil.example", "", 403},
        {"192.0.2.7", "192.0.2.7", "http://192.0.2.8", 403},
        {"", "", "", 403},
    };
    for (const auto& row : rows) {
        Heard heard;
        WebRequest request;
        request.method = "POST";
        request.path = "/api/v1/heartbeat/w";
        request.headers = {{"host", row.host}, {"authorization", "Bearer push"}};
        if (*row.origin != '\0') request.headers.emplace_back("origin", row.origin);
        request.local_address = row.local_address;
        EXPECT_EQ(answer(request, {"secret", "push", {}, {"alien"}}, heard).status, row.status)
            << row.local_address << " " << row.host << " " << row.origin;
    }
}

// A page of somebody else's may hold an image of a ping's address: no Origin comes with it.
TEST(Api, APageOfAnotherSiteChangesNothing) {
    const struct {
        const char *method, *path, *site;
        int status;
    } rows[] = {
        {"GET", "/ping/worker_3/fail", "cross-site", 403},
        {"GET", "/ping/worker_3/fail", "same-site", 403},
        {"POST", "/api/v1/events/deploy", "cross-site", 403},
        {"POST", "/api/v1/pause", "cross-site", 403},
        {"GET", "/ping/worker_3", "", 200},
        {"GET", "/ping/worker_3", "none", 200},
        {"POST", "/api/v1/pause", "same-origin", 200},
        {"GET", "/api/v1/health", "cross-site", 200},
    };
    for (const auto& row : rows) {
        Heard heard;
        Asked asked{row.method, row.path, "secret"};
        asked.site = row.site;
        EXPECT_EQ(ask(asked, heard).status, row.status) << row.path << " " << row.site;
        EXPECT_EQ(heard.last.empty(), row.status == 403) << row.path << " " << row.site;
    }
}

TEST(Api, AProbeNeedsNoHost) {
    Heard heard;
    Asked asked{"GET", "/-/healthy", ""};
    asked.host.clear();
    EXPECT_EQ(ask(asked, heard).status, 200);
    asked.path = "/-/ready";
    EXPECT_EQ(ask(asked, heard).status, 503) << "of the agent, which is starting";
    asked.path = "/health";
    EXPECT_EQ(ask(asked, heard).status, 403);
    asked.path = "/-/healthy";
    asked.host = "evil.example";
    EXPECT_EQ(ask(asked, heard).status, 403);
}

TEST(Api, APushTokenIsForPushesOnly) {
    const WebAccess access{"secret", "pushes", {}, {}};
    Heard heard;
    EXPECT_EQ(ask({"POST", "/api/v1/heartbeat/w", ""}, heard, access).status, 401);
    EXPECT_EQ(ask({"POST", "/api/v1/heartbeat/w", "pushes"}, heard, access).status, 200);
    EXPECT_EQ(ask({"POST", "/api/v1/grafana", "", "{}"}, heard, access).status, 401);
    const WebReply taken = ask({"POST", "/api/v2/alerts", "pushes", "[]"}, heard, access);
    EXPECT_EQ(taken.status, 200);
    EXPECT_EQ(taken.body, "") << "as Alertmanager answers";
    EXPECT_EQ(ask({"POST", "/api/v1/pause", "pushes"}, heard, access).status, 401);
}

TEST(Api, WithAPasswordReadingNeedsItToo) {
    const WebAccess access{"secret", {}, "hush", {}};
    Heard heard;
    EXPECT_EQ(ask({"GET", "/api/v1/health", ""}, heard, access).status, 401);
    EXPECT_EQ(ask({"GET", "/api/v1/health", "hush"}, heard, access).status, 200);
}

TEST(Api, AnEmptySecretLetsNobodyIn) {
    const WebAccess access{"secret", "", "", {}};
    Heard heard;
    EXPECT_EQ(ask({"GET", "/api/v1/health", ""}, heard, access).status, 401);
    EXPECT_EQ(ask({"POST", "/api/v1/heartbeat/w", ""}, heard, access).status, 401);
    EXPECT_EQ(ask({"GET", "/api/v1/health", "secret"}, heard, access).status, 200);
}

// RFC 9110: 11.1 and 15.5.6.
TEST(Api, FollowsHttpInItsHeaders) {
    Heard heard;
    const WebReply wrong = ask({"OPTIONS", "/api/v1/silences", ""}, heard);
    EXPECT_EQ(wrong.status, 405);
    ASSERT_EQ(wrong.headers.size(), 1U);
    EXPECT_EQ(wrong.headers[0].first + ": " + wrong.headers[0].second, "Allow: GET, HEAD, POST");
    WebRequest request;
    request.method = "POST";
    request.path = "/api/v1/pause";
    request.headers = {{"host", "localhost"}, {"authorization", "bearer secret"}};
    EXPECT_EQ(answer(request, {"secret", {}, {}, {}}, heard).status, 200) << "any case";
    request.headers[1].second = "basic secret";
    EXPECT_EQ(answer(request, {"secret", {}, {}, {}}, heard).status, 401);
}

TEST(Api, AStreamEndsWhereNotAllCouldBeSaid) {
    Heard heard;
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/events";
    request.from_loopback = true;
    request.headers = {{"host", "localhost"}, {"last-event-id", "3"}};
    const Json event = Json::object({{"seq", 4}, {"kind", "a.b"}});
    Json list = Json::array();
    list.push(event);
    for (const bool more : {true, false}) {
        heard.events = Json::object({{"events", list}, {"more", more}});
        const WebReply reply = answer(request, {"secret", {}, {}, {}}, heard);
        EXPECT_NE(reply.body.find("id: 4\nevent: a.b\n"), std::string::npos) << reply.body;
        EXPECT_EQ(reply.stays_open, !more) << "what comes now would hide what is left out";
    }
    request.headers.emplace_back("host", "evil.example");
    EXPECT_EQ(answer(request, {"secret", {}, {}, {}}, heard).status, 400) << "RFC 9112, 3.2";
}

TEST(Api, APingSaysHowMuchOfItIsKept) {
    Heard heard;
    const WebReply reply = ask({"GET", "/ping/worker_3", ""}, heard);
    EXPECT_EQ(reply.body, "OK\n");
    ASSERT_EQ(reply.headers.size(), 1U) << "as Healthchecks has it";
    EXPECT_EQ(reply.headers[0].first + ": " + reply.headers[0].second, "Ping-Body-Limit: 10000");
}

TEST(Api, ErrorsAreProblemJson) {
    Heard heard;
    const WebReply reply = ask({"GET", "/api/v1/services/nobody", ""}, heard);
    EXPECT_EQ(reply.type, "application/problem+json");
    const auto json = Json::parse(reply.body);
    ASSERT_TRUE(json.ok());
    EXPECT_EQ(json.value()["status"].as_int(), 404);
    EXPECT_EQ(json.value()["detail"].as_string(), "no service 'nobody'");
}

TEST(PressPage, ShowsWhatItWouldDoAndNothingAsMarkup) {
    const std::string body =
        press_page(Json::object({{"title", "<script>alert(1)</script> is down"},
                                 {"seen", "\"a\" & 'b'\x1b[2J"},
                                 {"label", "Approve"},
                                 {"plan", Json::of_strings({"rm -rf <x>"})}}))
            .body;
    EXPECT_EQ(body.find("<script"), std::string::npos);
    EXPECT_NE(body.find("<h1>&lt;script&gt;alert(1)&lt;/script&gt; is down</h1>"),
              std::string::npos);
    EXPECT_NE(body.find("&quot;a&quot; &amp; &#39;b&#39;"), std::string::npos) << body;
    EXPECT_EQ(body.find('\x1b'), std::string::npos);
    EXPECT_NE(body.find("rm -rf &lt;x&gt;"), std::string::npos);
    EXPECT_NE(body.find("<form method=\"post\"><button>Approve</button></form>"),
              std::string::npos);
    const std::string old =
        press_page(Json::object({{"title", "t"}, {"label", "Approve"}, {"is_old", true}})).body;
    EXPECT_EQ(old.find("Approve"), std::string::npos);
    EXPECT_NE(old.find("<button>Send me new links</button>"), std::string::npos);
}

TEST(ParseTarget, DecodesOrRefuses) {
    const struct {
        const char* target;
        bool ok;
        const char* path;
    } rows[] = {{"/a%20b", true, "/a b"}, {"/a?x=1", true, "/a"}, {"/%zz", false, ""},
                {"/%4", false, ""},       {"", false, ""},        {"a", false, ""}};
    for (const auto& row : rows) {
        const auto target = parse_target(row.target);
        ASSERT_EQ(target.has_value(), row.ok) << row.target;
        EXPECT_EQ(target ? target->path : "", row.path);
    }
    EXPECT_EQ(parse_target("/x?a=1+2&b")->query,
              (std::vector<std::pair<std::string, std::string>>{{"a", "1 2"}, {"b", ""}}));
}

TEST(Api, DescribesEveryPathItHas) {
    Heard heard;
    const WebReply reply = ask({"GET", "/api/v1/openapi.json", ""}, heard);
    ASSERT_EQ(reply.status, 200);
    const Json json = Json::parse(reply.body).value();
    EXPECT_EQ(json["openapi"].as_string(), "3.1.0");
    const Json& paths = json["paths"];
    for (const char* const path :
         {"/api/v1/health", "/api/v1/services/{name}", "/api/v1/incidents/{id}/approve",
          "/api/v1/heartbeat/{service}", "/api/v1/events", "/api/v1/events/{kind}", "/metrics"}) {
        EXPECT_TRUE(paths.has(path)) << path;
    }
    // Whatever is referred to is there, and each {part} of a path is a parameter.
    const std::string& text = reply.body;
    const std::string reference = "\"$ref\":\"#/components/schemas/";
    for (size_t at = text.find(reference); at != std::string::npos;
         at = text.find(reference, at + 1)) {
        const size_t from = at + reference.size();
        const std::string name = text.substr(from, text.find('"', from) - from);
        EXPECT_TRUE(json["components"]["schemas"].has(name)) << name;
    }
    for (const auto& [path, methods] : paths.members()) {
        const auto parts = static_cast<size_t>(std::count(path.begin(), path.end(), '{'));
        for (const auto& [method, operation] : methods.members()) {
            size_t in_path = 0;
            for (const Json& one : operation["parameters"].items()) {
                in_path += one["in"].as_string() == "path" ? 1U : 0U;
            }
            EXPECT_EQ(in_path, parts) << method << " " << path;
            EXPECT_FALSE(operation["summary"].as_string().empty()) << path;
        }
    }
}

TEST(Api, EventsAreAStreamFromTheOneThatWasSeenLast) {
    Heard heard;
    const WebReply now = ask({"GET", "/api/v1/events", ""}, heard);
    EXPECT_TRUE(now.stays_open);
    EXPECT_EQ(now.type, "text/event-stream");
    EXPECT_EQ(heard.last, "") << "nothing is read again";
    EXPECT_FALSE(ask({"HEAD", "/api/v1/events", ""}, heard).stays_open);
    EXPECT_EQ(ask({"GET", "/api/v1/events", "", "", "localhost", "", false}, heard).status, 401);
    EXPECT_EQ(stream_event(7, "agent.started", Json::object({{"a", "x\ny"}})),
              "id: 7\nevent: agent.started\ndata: {\"a\":\"x\\ny\"}\n\n");
}

}  // namespace
}  // namespace ops
