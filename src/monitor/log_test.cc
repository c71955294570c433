#include <gtest/gtest.h>

#include "base/text.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;
using std::chrono::seconds;

Answer lines(std::vector<std::string> text, std::string cursor = "c1", uint64_t skipped = 0) {
    LocalAnswer answer;
    answer.log = LogSeen{std::move(text), skipped, std::move(cursor)};
    return answer;
}

TEST(LogCheck, GivesTheNewestLinesWhateverTheySay) {
    Made made = make("{log: /var/log/x}");
    std::vector<std::string> many;
    for (int i = 0; i < 50; ++i) many.push_back("line " + std::to_string(i));
    many.emplace_back("\x1b[31mred");
    const Judged judged = made->judge(reply(lines(many)));
    ASSERT_EQ(judged.last_lines.size(), 20U);
    EXPECT_EQ(judged.last_lines.front(), "line 31");
    EXPECT_EQ(judged.last_lines.back(), "red");
    EXPECT_TRUE(judged.error_lines.empty());
}

TEST(LogCheck, KnowsErrorsByTheirWords) {
    struct Row {
        std::string line;
        bool is_error;
    };
    for (const Row& row : std::vector<Row>{
             {"2026-01-29 ERROR cannot connect", true},
             {"level=error msg=x", true},
             {"Traceback (most recent call last):", true},
             {"kernel: Out of memory: Killed process 5", true},
             {"panic: runtime error", true},
             {R"(level=error msg="Request failed" error="connection refused")", true},
             {R"(level=info msg=ok error="" took=3ms)", false},
             {"level=info msg=ok err=nil", false},
             {R"({"level":"info","error":null,"errors": 0})", false},
             {R"({"level":"error","error":"no route to host"})", true},
             {R"(level=error msg="cannot write" err="")", true},
             {R"({"level": "ERROR", "error": null, "msg": "x"})", true},
             {R"({"severity":"critical","errors":0})", true},
             {R"(level=info msg="level=high" error="")", false},
             {"web-1 : ok=3 changed=0 unreachable=0 failed=0", false},
             {"errors: 0, warnings: 3", false},
             {"error: none", false},
             {"ERROR: null value in column \"id\" violates not-null constraint", true},
             {"Error: none of the servers answered", true},
             {"TypeError: Cannot read properties of undefined (reading 'id')", true},
             {"Exception in thread \"main\" java.lang.NullPointerException: null", true},
             {"java.lang.NullPointerException: x is null", true},
             {"requests.exceptions.ConnectionError: HTTPConnectionPool", true},
             {"thread 'main' panicked at src/main.rs:2:5:", true},
             {"GET /errors/list 200", false},
             {"0 errors, 3 warnings", false},
             {"finished without errors", false},
             {"request ok error=null", false},
             {"terror in the aisles", false},
             {"all good", false},
             {"", false},
         }) {
        Made made = make("{log: /var/log/x}");
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        EXPECT_EQ(made->judge(reply(lines({row.line}))).error_lines.size(), row.is_error ? 1u : 0u)
            << row.line;
    }
}

TEST(LogCheck, ReadsALogThatComesLaterFromItsBeginning) {
    Made made = make("{log: /var/log/x}");
    const Judged missing = made->judge(failure(Fault::not_found, "log '/var/log/x': no such file"));
    EXPECT_EQ(print(missing), "unknown: log '/var/log/x': no such file");
    ASSERT_TRUE(missing.next_question.has_value());
    EXPECT_EQ(std::get<LocalAsk>(*missing.next_question).names, std::vector<std::string>{"log1\n"});
    EXPECT_TRUE(made->judge(reply(lines({}))).next_question.has_value());
    EXPECT_FALSE(made->judge(failure(Fault::not_found, "gone")).next_question.has_value())
        << "what was read of it stays known";
}

TEST(LogCheck, ItsRowsKeysAreNearToWhatWasMisspelt) {
    const Made made = make("{log: /var/log/x, servcie: web}");
    EXPECT_NE(print(made.problems).find("(did you mean 'service'?)"), std::string::npos)
        << print(made.problems);
}

TEST(LogCheck, CountsErrorsAMinute) {
    Made made = make("{log: '/var/log/*.log', error_pattern: [oops, '^bad'], ignore: expected}");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const auto first_ask = std::get<LocalAsk>(made->ask().question);
    EXPECT_EQ(first_ask.what, LocalAsk::What::log_tail);
    EXPECT_TRUE(first_ask.names.empty());

    const Judged first = made->judge(reply(lines({"oops"})));
    EXPECT_EQ(print(first), "good");
    EXPECT_EQ(fact(first, "error_rate"), "-") << "nobody knows over which time";
    ASSERT_TRUE(first.next_question.has_value());
    EXPECT_EQ(std::get<LocalAsk>(*first.next_question).names, std::vector<std::string>{"c1"});
    EXPECT_EQ(std::get<LocalAsk>(made->ask().question).names, std::vector<std::string>{"c1"});

    const Judged second = made->judge(
        reply(lines({"oops 1", "fine", "bad\x1b[31m", "not bad", "oops expected"}, "c2"),
              kNoon + seconds(30)));
    EXPECT_EQ(fact(second, "error_rate"), "4");
    EXPECT_EQ(fact(second, "log_lines"), "5");
    EXPECT_EQ(join(second.error_lines, ","), "oops 1,bad");
    EXPECT_EQ(second.observation.evidence, "oops 1\nbad");

    const Judged flood = made->judge(reply(lines({"oops", "x"}, "c3", 998), kNoon + seconds(90)));
    EXPECT_EQ(fact(flood, "error_rate"), "500") << "as many among the lines that were not read";
    EXPECT_EQ(fact(flood, "log_lines"), "1000");
    EXPECT_NE(flood.observation.evidence.find("(998 lines were not read)"), std::string::npos);
}

TEST(LogCheck, CapsWhatItKeeps) {
    Made made = make("{log: /var/log/x}");
    const Judged judged = made->judge(
        reply(lines(std::vector<std::string>(1100, "error " + std::string(9000, 'x')))));
    EXPECT_EQ(judged.error_lines.size(), 1000u);
    EXPECT_LE(judged.error_lines[0].size(), 2048u);
    EXPECT_LE(judged.observation.evidence.size(), 4096u);
}

TEST(LogCheck, ReadsTheJournal) {
    Made made =
        make("{log: {journald: true, unit: nginx.service, security_pattern: 'Failed password'}}");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const auto ask = std::get<LocalAsk>(made->ask().question);
    EXPECT_EQ(ask.what, LocalAsk::What::journal_tail);
    EXPECT_EQ(ask.text, "nginx.service");
    const Judged judged =
        made->judge(reply(lines({"Failed password for root", "Failed password for root"})));
    EXPECT_EQ(judged.events, std::vector<std::string>{"security"}) << "once a look";
    EXPECT_EQ(print(made->judge(failure(Fault::denied, "permission denied"))),
              "unknown: permission denied");
}

}  // namespace
}  // namespace ops
