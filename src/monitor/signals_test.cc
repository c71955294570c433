// The state of an app's review from App Store Connect, and numbers by SQL: what is asked and
// judged.
#include <gtest/gtest.h>

#include "base/text.h"
#include "io/jwt.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;

// Made for this test, and used nowhere.
constexpr char kKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZMXOxa/tqhN6QN/g\n"
    "AzygDPULf98TwOslJopPHSrz3TKhRANCAARiI91NMOk3Rrvr+TKi6KyPKoucp+En\n"
    "Rz+ks4aJ3TROrhMVWCwaYYewnHfpguAILUnW65xnYzNoJkE6ZNm/2rhB\n"
    "-----END PRIVATE KEY-----\n";

Made make_app(const std::string& more = "", const std::string& key = kKey) {
    return make_from(
        "signals: [{name: app-review, every: 10m, app_store: {issuer_id: I, key_id: K, "
        "key_file: k, app_id: '123'" +
            more + "}}]\n",
        "app-review", [key](const std::string&) { return key; });
}
const HttpAsk& asked(const Question& question) { return std::get<HttpAsk>(question); }
std::string bearer(const Question& question) {
    const auto& headers = asked(question).headers;
    return headers.empty() ? "" : headers[0].second;
}
std::string version(const std::string& state, const std::string& created,
                    const std::string& number = "2.4.1") {
    return R"({"type":"appStoreVersions","attributes":{"versionString":")" + number +
           R"(","appVersionState":")" + state + R"(","createdDate":")" + created + R"("}})";
}
Answer data(const std::string& items) { return http(200, R"({"data":[)" + items + "]}"); }

// What a round begins with.
Reply a_moment(Time at = kNoon) { return reply(LocalAnswer{}, at); }

// A check that has its token.
Made with_token() {
    Made made = make_app();
    (void)made->judge(a_moment());
    return made;
}

TEST(AppStoreCheck, EveryRequestBearsATokenOfThisTime) {
    Made made = make_app();
    ASSERT_TRUE(made.check) << print(made.problems);
    EXPECT_TRUE(std::holds_alternative<LocalAsk>(made->ask().question))
        << "nobody is asked before the time is known";
    const auto token_at = [&](Time at) {
        const Judged judged = made->judge(a_moment(at));
        return judged.ask_now ? bearer(*judged.ask_now) : "none";
    };
    const std::string first = token_at(kNoon);
    EXPECT_EQ(first.substr(0, 9), "Bearer ey");
    EXPECT_EQ(asked(*made->judge(a_moment()).ask_now).max_redirects, 0);
    EXPECT_EQ(token_at(kNoon + std::chrono::minutes(15)), first);
    const std::string second = token_at(kNoon + std::chrono::minutes(16));
    EXPECT_NE(second, first) << "Apple takes one for 20 minutes";
    EXPECT_NE(token_at(kNoon), second) << "the clock was put back: it is of the future";
    // Refused with a token that is new: it is the key, the ids or the clock.
    EXPECT_EQ(print(made->judge(reply(http(401, R"({"errors":[{"detail":"bad token"}]})")))),
              "unknown: app store connect does not know us (key, key_id, issuer_id, "
              "or this machine's clock): bad token");
}

TEST(AppStoreCheck, TellsTheNewestVersionAndReview) {
    Made made = with_token();
    Judged judged = made->judge(
        reply(data(version("READY_FOR_DISTRIBUTION", "2026-08-01T10:00:00-07:00", "2.4.0") + "," +
                   version("REJECTED", "2026-08-01T16:59:59Z", "2.3.9") + "," +
                   version("METADATA_REJECTED", "2026-08-01T11:00:00-07:00", "2.4.1"))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_EQ(asked(*judged.ask_now).url,
              "https://api.appstoreconnect.apple.com/v1/reviewSubmissions?filter%5Bapp%5D=123"
              "&filter%5Bplatform%5D=IOS&limit=20");
    judged = made->judge(reply(data(
        R"({"attributes":{"state":"COMPLETE","submittedDate":"2026-07-01T00:00:00Z"}},)"
        R"({"attributes":{"state":"UNRESOLVED_ISSUES","submittedDate":"2026-08-02T00:00:00Z"}})")));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "review_state"), "\"METADATA_REJECTED\"");
    EXPECT_EQ(fact(judged, "app_review_version"), "\"2.4.1\"");
    EXPECT_EQ(fact(judged, "app_review_submission"), "\"UNRESOLVED_ISSUES\"");
}

TEST(AppStoreCheck, AnOldServerNamesTheStateOtherwise) {
    Made made = with_token();
    (void)made->judge(reply(data(R"({"attributes":{"appStoreState":"IN_REVIEW"}})")));
    EXPECT_EQ(fact(made->judge(reply(data(""))), "review_state"), "\"IN_REVIEW\"");
}

TEST(AppStoreCheck, SparesTheCallsThatAreLeft) {
    Made made = with_token();
    HttpAnswer few = std::get<HttpAnswer>(data(version("IN_REVIEW", "2026-08-01T10:00:00Z")));
    few.headers = {{"x-rate-limit", "user-hour-lim:3500;user-hour-rem:59;"}};
    const Judged judged = made->judge(reply(few));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "review_state"), "\"IN_REVIEW\"");
    few.headers = {{"x-rate-limit", "user-hour-lim:3500;user-hour-rem:60;"}};
    EXPECT_TRUE(made->judge(reply(few)).ask_now);
}

TEST(AppStoreCheck, WhatCannotBeAskedIsUnknown) {
    struct Row {
        Reply reply;
        std::string judged;
    };
    for (const Row& row : std::vector<Row>{
             {failure(Fault::unavailable, "connection refused"),
              "unknown: app store connect: connection refused"},
             {reply(http(403, R"({"errors":[{"title":"no role"}]})")),
              "unknown: the key may not read this app: no role"},
             {reply(http(404, "{}")), "unknown: app store connect has no such app"},
             {reply(http(429, "{}")),
              "unknown: app store connect asks to be left alone for a while"},
             {reply(http(500, "")), "unknown: app store connect answers HTTP 500"},
             {reply(http(200, "[]")), "unknown: app store connect answers no list"},
         }) {
        Made made = with_token();
        EXPECT_EQ(print(made->judge(row.reply)), row.judged);
        // Whatever stage it broke off in, the next round begins with the versions.
        (void)made->judge(a_moment());
        EXPECT_TRUE(made->judge(reply(data(""))).ask_now);
    }
}

TEST(AppStoreCheck, SettingsAreChecked) {
    EXPECT_NE(print(make_app("", "no key").problems).find("no private key of the curve P-256"),
              std::string::npos);
    EXPECT_NE(print(make_app(", platform: ISO").problems).find("did you mean 'IOS'?"),
              std::string::npos);
    EXPECT_NE(print(make_app(", url: 'http://a.example'").problems).find("over https only"),
              std::string::npos);
}

Made make_sql(const std::string& more) {
    return make_from("signals: [{name: shop, every: 5m, sql: 'select 1', " + more + "}]\n", "shop");
}

TEST(SqlCheck, IsAskedWithoutAnythingThatChangesData) {
    const Made sqlite = make_sql("sqlite: /srv/shop.db");
    ASSERT_TRUE(sqlite.check) << print(sqlite.problems);
    const auto words = [](const Made& made) {
        return join(std::get<CommandAsk>(made.check->ask().question).command.argv, "|");
    };
    EXPECT_EQ(words(sqlite), "sqlite3|-readonly|-batch|-csv|-header|/srv/shop.db|select 1");
    const Made postgresql = make_sql("postgresql: 'postgresql://ops@127.0.0.1/shop'");
    EXPECT_EQ(words(postgresql),
              "psql|--no-psqlrc|--no-password|--csv|--quiet|--set=ON_ERROR_STOP=1|"
              "--dbname=postgresql://ops@127.0.0.1/shop|"
              "--command=SET default_transaction_read_only = on|--command=select 1");
}

TEST(SqlCheck, OneRowBecomesFacts) {
    struct Row {
        std::string why, output, judged, facts;
    };
    for (const Row& row : std::vector<Row>{
             {"one number", "sum(amount)\r\n1837.5\r\n", "good", "1837.5 - -"},
             {"several columns", "mrr,charges last hour\n1837,12\n", "good", "- 1837 12"},
             {"a quoted name with comma and quote", "mrr,\"charges, \"\"last\"\" hour\"\n1,2\n",
              "good", "- 1 2"},
             {"null of several", "mrr,charges last hour\n,2\n", "good", "- - 2"},
             {"null alone", "n\n\n", "unknown: the query gives no row", "- - -"},
             {"no row", "n\n", "unknown: the query gives no row", "- - -"},
             {"two rows", "n\n1\n2\n",
              "unknown: the query gives more than one row; make one of them: sum(...)", "- - -"},
             {"a word", "n\nmany\n", "unknown: the query gives \"many\", no number", "- - -"},
             {"nothing", "", "unknown: the query gives no row", "- - -"},
         }) {
        Made made = make_sql("sqlite: a.db");
        const Judged judged = made->judge(reply(exited(0, row.output)));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_EQ(fact(judged, "shop") + " " + fact(judged, "shop_mrr") + " " +
                      fact(judged, "shop_charges_last_hour"),
                  row.facts)
            << row.why;
    }
    Made bounded = make_sql("sqlite: a.db, min: 10");
    EXPECT_EQ(print(bounded->judge(reply(exited(0, "n\n9\n")))), "bad: 9 is under 10");
    Made several = make_sql("sqlite: a.db, max: 10");
    EXPECT_EQ(print(several->judge(reply(exited(0, "a,b,c\n9,many,11\n")))),
              "bad: c: 11 is over 10");
    EXPECT_EQ(print(several->judge(reply(exited(0, "a,b\n9,10\n")))), "good");
    Exit noted;
    noted.output = "n\n11\n";
    noted.errors = "NOTICE:  relation \"a\" does not exist, skipping\n";
    EXPECT_EQ(print(bounded->judge(reply(noted))), "good");
    EXPECT_EQ(print(bounded->judge(reply(exited(2, "psql: error: no route\nmore")))),
              "unknown: exit 2: psql: error: no route");
}

TEST(SqlCheck, SettingsAreChecked) {
    struct Row {
        std::string more, problem;
    };
    for (const Row& row : std::vector<Row>{
             {"min: 1", "either sqlite: FILE or postgresql: URL"},
             {"sqlite: a.db, postgresql: 'postgresql://a/b'",
              "either sqlite: FILE or postgresql: URL"},
             {"postgresql: 'mysql://a/b'", "a URL such as postgresql://"},
             {"postgresql: 'postgresql://u:secret@a/b'",
              "a password in the URL is seen by everybody"},
             {"postgresql: 'postgresql://u@a/b?password=x'",
              "a password in the URL is seen by everybody"},
         }) {
        const Made made = make_sql(row.more);
        EXPECT_NE(print(made.problems).find(row.problem), std::string::npos)
            << row.more << "\n"
            << print(made.problems);
        EXPECT_FALSE(made.check) << row.more;
    }
    const Made dotted =
        make_from("signals: [{name: shop, sql: '.shell touch /tmp/x', sqlite: a.db}]\n", "shop");
    EXPECT_NE(print(dotted.problems).find("begins with a word of SQL"), std::string::npos);
}

}  // namespace
}  // namespace ops
