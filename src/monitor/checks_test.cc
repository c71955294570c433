#include "monitor/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "monitor/check_for_test.h"
#include "monitor/check_kind.h"
#include "monitor/check_numbers.h"

namespace ops {
namespace {

using namespace test;

struct Mistake {
    std::string why, check, message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.check; }

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreNotedWithTheirPlace) {
    const Made made = make(GetParam().check);
    const std::string said = print(made.problems);
    EXPECT_NE(said.find(GetParam().message), std::string::npos)
        << GetParam().why << "\n  said: " << said << "\n  want: " << GetParam().message;
    EXPECT_EQ(made.check, nullptr) << GetParam().why;
}

const std::string kAt = "ops-agent.yaml:3:";
INSTANTIATE_TEST_SUITE_P(
    All, Mistakes,
    testing::Values(
        Mistake{"unknown kind", "{htp: x}",
                kAt + "13: error: unknown kind of check 'htp' (did you mean 'http'?)"},
        Mistake{"two kinds", "{http: 'http://a', tcp: 'a:1'}",
                kAt + "31: error: two kinds in one check"},
        Mistake{"unknown setting", "{http: 'http://a', expct: 200}",
                kAt + "31: error: unknown key 'expct'"},
        Mistake{"nearest setting", "{http: 'http://a', expct: 200}", "did you mean 'expect'?"},
        Mistake{"nested unknown", "{http: {url: 'http://a', metod: GET}}", "unknown key 'metod'"},
        Mistake{"key beside a nested map", "{http: {url: 'http://a'}, expect: 200}",
                "unknown key 'expect'"},
        Mistake{"no URL", "{http: ''}", kAt + "19: error: url of the check of 'web' is empty"},
        Mistake{"URL is a list", "{http: [a]}",
                kAt + "19: error: url of the check of 'web' is a list"},
        Mistake{"no scheme", "{http: 'a.example/health'}", "is no URL that can be asked"},
        Mistake{"bad port", "{http: 'http://a:99999/'}", "has no port from 1 to 65535"},
        Mistake{"space in URL", "{http: 'http://a/b c'}", "has a space"},
        Mistake{"bad method", "{http: 'http://a', method: GTE}", "did you mean 'GET'?"},
        Mistake{"bad status", "{http: 'http://a', expect: {status: 2000}}", "is no HTTP status"},
        Mistake{"backward range", "{http: 'http://a', expect: {status: 300-200}}",
                "is no HTTP status"},
        Mistake{"bad pattern", "{http: 'http://a', expect: {matches: '(('}}",
                "is no regular expression"},
        Mistake{"json is no map", "{http: 'http://a', expect: {json: ok}}",
                "is a map of path to value"},
        Mistake{"unknown expectation", "{http: 'http://a', expect: {stauts: 200}}",
                "did you mean 'status'?"},
        Mistake{"header injection", "{http: 'http://a', headers: {X: \"a\\r\\nY: b\"}}",
                "is not one line of text"},
        Mistake{"header name", "{http: 'http://a', headers: {'a b': c}}",
                "cannot be the name of a header"},
        Mistake{"password without user", "{http: 'http://a', password_file: x}",
                "'password_file' without 'user'"},
        Mistake{"latency without unit", "{http: 'http://a', max_latency: 5}", "write a duration"},
        Mistake{"no body comes", "{http: 'http://a', method: HEAD, expect: {body: ok}}",
                "an answer to HEAD has no body, and 'expect' asks for one"},
        Mistake{"too many redirects", "{http: 'http://a', redirects: 11}", "from 0 to 10"},
        Mistake{"no port", "{tcp: 'a.example'}", "names no port, write host:port"},
        Mistake{"port is a word", "{tcp: 'a:ssh'}", "has no port from 1 to 65535"},
        Mistake{"process name with space", "{supervisor: 'a b'}", "is no name of a process"},
        Mistake{"via is rubbish", "{supervisor: a, via: 'ftp://x'}", "is no URL that can be asked"},
        Mistake{"from", "{supervisor: a, from: hots}", "did you mean 'host'?"},
        Mistake{"from host without ssh", "{supervisor: a, from: host}",
                "needs a service on a host with 'ssh'"},
        Mistake{"unit with space", "{systemd: 'a b'}", "is no name of a unit"},
        Mistake{"unit looks like an option", "{systemd: '--help'}", "is no name of a unit"},
        Mistake{"relative pidfile", "{pidfile: run/x.pid}", "is no absolute path"},
        Mistake{"bad process pattern", "{process: '*x'}", "is no regular expression"},
        Mistake{"max below min", "{process: x, min: 3, max: 2}", "'max' is less than 'min'"},
        Mistake{"pipe", "{command: 'a | b'}",
                kAt + "25: error: command: shell operator '|' outside quotes"},
        Mistake{"unterminated quote", "{command: \"a 'b\"}",
                "unterminated quote: the ' opened here is not closed"},
        Mistake{"empty command", "{command: []}", "an empty command"},
        Mistake{"limit is a word", "{command: a, max: lots}",
                "'max' must be a number such as 10, 90% or 3GB"},
        Mistake{"limits cross", "{command: a, min: 5, max: 4}", "'max' is less than 'min'"},
        Mistake{"limits of two units", "{command: a, min: 5s, max: 4GB}", "different units"},
        Mistake{"no query", "{prometheus: 'http://a'}", "needs 'query'"},
        Mistake{"empty means", "{prometheus: 'http://a', query: x, empty: goood}",
                "did you mean 'good'?"},
        Mistake{"mount is relative", "{disks: [data]}", "is no mount point"},
        Mistake{"log and journal", "{log: /var/log/x, journald: true}",
                "either 'file: PATH' or 'journald: true'"},
        Mistake{"unit of a file", "{log: /var/log/x, unit: a}", "'unit' needs 'journald: true'"},
        Mistake{"signal kind on a service", "{stripe: {key_file: x}}",
                "is a signal, write it under 'signals:'"}));

TEST(Checks, ASecretFromTheEnvironmentIsNeverShown) {
    const Made made = make("{http: 'ftp://${SECRET}@a'}");
    EXPECT_EQ(made.check, nullptr);
    EXPECT_EQ(print(made.problems).find("s3cret"), std::string::npos) << print(made.problems);
    EXPECT_NE(print(made.problems).find("from the environment"), std::string::npos);
}

TEST(Checks, SecretsComeFromFiles) {
    std::string asked;
    const SecretReader reader = [&](const std::string& path) -> Result<std::string> {
        asked = path;
        return std::string("hunter2\n");  // as an editor leaves it
    };
    const Made made =
        make_from(text_with("{http: 'http://a', user: ops, password_file: pw}"), "web", reader);
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    EXPECT_EQ(asked, "pw");
    const auto headers = std::get<HttpAsk>(made->ask().question).headers;
    ASSERT_EQ(headers.size(), 1u);
    EXPECT_EQ(headers[0].second, "Basic b3BzOmh1bnRlcjI=");

    const SecretReader refusing = [](const std::string&) -> Result<std::string> {
        return Error{Fault::denied, "mode 0644 lets others read it"};
    };
    const Made refused =
        make_from(text_with("{http: 'http://a', bearer_file: pw}"), "web", refusing);
    EXPECT_EQ(refused.check, nullptr);
    EXPECT_NE(print(refused.problems).find("'bearer_file' cannot be read: mode 0644"),
              std::string::npos);
}

TEST(Checks, ServicesAndSignalsHaveKindsOfTheirOwn) {
    const Made http = make_signal("http: 'http://a'");
    EXPECT_NE(print(http.problems).find("is a check of a service or host, no signal"),
              std::string::npos);
}

TEST(Checks, OneMistakeInSevenServicesIsOneProblem) {
    Problems problems;
    const Settings settings = read_settings_leniently(
        {{"f.yaml", "services: [{name: 'w_{1..7}', check: {supervisor: 'w {n}'}}]\n"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    const CheckList list = make_checks(settings, problems);
    EXPECT_EQ(std::count_if(problems.all().begin(), problems.all().end(),
                            [](const Problem& one) { return one.kind == Problem::Kind::error; }),
              1)
        << print(problems);
    EXPECT_EQ(list.checks.size(), list.intervals.size());
}

TEST(Checks, EveryHostHasItsTwo) {
    const Made made = make("{http: 'http://a'}");
    Problems problems;
    const CheckList list = make_checks(made.settings, problems);
    std::vector<std::string> kinds;
    for (const auto& check : list.checks)
        kinds.push_back(check->target() + " " + std::string(check->kind()));
    EXPECT_EQ(join(kinds, ", "), "here disks, here machine, pc disks, pc machine, web http");
    EXPECT_TRUE(std::holds_alternative<LocalAsk>(list.checks[0]->ask().question));
    EXPECT_TRUE(std::holds_alternative<CommandAsk>(list.checks[2]->ask().question));
    for (size_t i = 0; i < list.checks.size(); ++i) {
        EXPECT_EQ(list.checks[i]->index(), i);
        EXPECT_EQ(list.checks[i]->ask().check, i);
    }
}

struct Configured {
    Settings settings;
    CheckList list;
};
Configured configured(const std::string& text, const std::string& secret = "s") {
    Problems problems;
    Configured made;
    made.settings = read_settings_leniently(
        {{"ops-agent.yaml", text}}, [](const std::string&) { return std::optional<std::string>(); },
        problems);
    made.list = make_checks(made.settings, problems,
                            [secret](const std::string&) -> Result<std::string> { return secret; });
    EXPECT_FALSE(problems.has_errors()) << print(problems);
    return made;
}

TEST(Checks, AreTheSameWhenTheyAskAndJudgeAlike) {
    const std::string before =
        "hosts: [{name: here, local: true}, {name: pc, ssh: ops@pc}]\n"
        "services: [{name: web, host: pc, check: {http: 'http://w/', password_file: pw, user: "
        "me}}]";
    const auto differs = [&](const std::string& from, const std::string& to,
                             const std::string& secret = "s") {
        const std::string after = replace_all(before, from, to);
        return configured(before).list.identities.back() !=
               configured(after, secret).list.identities.back();
    };
    EXPECT_FALSE(differs("\n", "\n# a word\n\n")) << "wherever it stands";
    EXPECT_FALSE(differs("services: [", "services: [{name: new, check: {tcp: 'n:1'}}, "));
    EXPECT_FALSE(differs("host: pc,", "host: pc, failures: 5,")) << "the detector's";
    EXPECT_TRUE(differs("http://w/", "http://w/2"));
    EXPECT_TRUE(differs("host: pc,", "host: pc, timeout: 9s,"));
    EXPECT_TRUE(differs("host: pc,", "host: pc, interval: 9s,"));
    EXPECT_TRUE(differs("host: pc,", "host: here,"));
    EXPECT_TRUE(differs("ops@pc", "ops@other"));
    EXPECT_TRUE(differs("name: web", "name: shop"));
    EXPECT_TRUE(differs("", "", "another")) << "a secret beside the configuration";
    EXPECT_TRUE(differs("hosts:", "limits: {http_body: 5KiB}\nhosts:"));
}

TEST(Checks, GoOnUnderTheirNumbers) {
    const std::string logs = "logs: [{name: app, file: /var/log/app.log}]";
    Configured before = configured(
        "services:\n"
        "  - {name: a, check: {tcp: 'a:1'}}\n"
        "  - {name: b, check: {tcp: 'b:1'}}\n" +
        logs);
    CheckNumbers numbers;
    CheckList& known = before.list;
    renumber(known, numbers.assign(known.identities, Duration(0)), {});
    const auto find = [](const CheckList& list, const std::string& target) -> const Check* {
        for (const auto& check : list.checks) {
            if (check && check->target() == target) return check.get();
        }
        return nullptr;
    };
    const Check* const was = find(known, "b");
    const uint32_t gone = find(known, "a")->index();
    const uint32_t log = known.logs[0].check;
    Configured after = configured(
        "services:\n"
        "  - {name: b, check: {tcp: 'b:1'}}\n"
        "  - {name: c, check: {tcp: 'c:1'}, interval: 7s}\n" +
        logs);
    CheckList& next = after.list;
    renumber(next, numbers.assign(next.identities, Duration(0)), std::move(known));
    EXPECT_EQ(next.checks[gone], nullptr);
    EXPECT_EQ(find(next, "b"), was) << "with all it remembers";
    const Check* const fresh = find(next, "c");
    EXPECT_GT(fresh->index(), log);
    EXPECT_EQ(next.checks[fresh->index()].get(), fresh);
    EXPECT_EQ(fresh->ask().check, fresh->index());
    EXPECT_EQ(next.intervals[fresh->index()], std::chrono::seconds(7));
    EXPECT_EQ(next.logs[0].check, log);
}

// Every setting in the table is read, in both forms, and nothing else is.
TEST(Checks, ThoseThatAreAlikeDifferAllTheSame) {
    Problems problems;
    const Settings settings = read_settings_leniently(
        {{"ops-agent.yaml",
          "services:\n"
          "  - {name: a, check: {http: 'http://a/1'}}\n"
          "  - {name: b, check: {http: 'http://b/2'}}\n"
          "  - {name: c, check: {http: 'http://c/3', expect: 3xx}}\n"
          "  - {name: d, timeout: 1s, check: {http: {url: 'http://d/4', "
          "method: HEAD}}}\n"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    const CheckList list = make_checks(settings, problems);
    std::vector<std::string> asked;
    for (const auto& check : list.checks) {
        if (check == nullptr) continue;
        const Ask ask = check->ask();
        const auto* const http = std::get_if<HttpAsk>(&ask.question);
        if (http == nullptr) continue;
        HttpAnswer answer;
        answer.status = 302;
        const Judged judged = check->judge(Reply{.check = 0, .answer = Answer(answer)});
        asked.push_back(http->method + " " + http->url + " " +
                        std::to_string(ask.time_limit.count()) + " " +
                        std::string(name_of(judged.observation.health)));
    }
    const std::vector<std::string> expected = {
        "GET http://a/1 10000 bad", "GET http://b/2 10000 bad", "GET http://c/3 10000 good",
        "HEAD http://d/4 1000 bad"};
    EXPECT_EQ(asked, expected);
}

TEST(Checks, TheTableNamesWhatIsRead) {
    const auto problems_of = [](const CheckKind& kind, const std::string& check) {
        return print(kind.use == CheckKind::Use::signal ? make_signal(check).problems
                                                        : make("{" + check + "}").problems);
    };
    for (const CheckKind& kind : check_kinds()) {
        for (const SettingHelp& setting : kind.settings) {
            const std::string written =
                std::string(kind.name) + ": {" + std::string(setting.name) + ": x}";
            const std::string said = problems_of(kind, written);
            EXPECT_EQ(said.find("unknown key '" + std::string(setting.name) + "'"),
                      std::string::npos)
                << written << "\n"
                << said;
            EXPECT_FALSE(setting.help.empty()) << kind.name << "." << setting.name;
        }
        const std::string odd = std::string(kind.name) + ": {qqqqqqqq: x}";
        EXPECT_NE(problems_of(kind, odd).find("unknown key 'qqqqqqqq'"), std::string::npos) << odd;
    }
}

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// docs/checks.md holds a section per kind, and its table of settings is that of the program.
TEST(Checks, TheManualSaysTheSame) {
    const std::string manual = read_file(std::string(OPS_SOURCE_DIR) + "/docs/checks.md");
    ASSERT_FALSE(manual.empty());
    for (const CheckKind& kind : check_kinds()) {
        const size_t start = manual.find("\n## " + std::string(kind.name) + "\n");
        ASSERT_NE(start, std::string::npos) << "no section on " << kind.name;
        const size_t end = std::min(manual.find("\n## ", start + 1), manual.size());
        const std::string part = manual.substr(start, end - start);
        for (const SettingHelp& setting : kind.settings) {
            const std::string otherwise(setting.otherwise.empty() ? "required" : setting.otherwise);
            const std::string row = "| `" + std::string(setting.name) + "` | " +
                                    std::string(setting.type) + " | " + otherwise + " | " +
                                    std::string(setting.help) + " |\n";
            EXPECT_NE(part.find(row), std::string::npos) << "section " << kind.name << " lacks\n"
                                                         << row;
        }
        size_t table_rows = 0;
        for (const std::string_view line : split(part, '\n')) table_rows += line.starts_with("| `");
        EXPECT_EQ(table_rows, kind.settings.size()) << "section " << kind.name;
        if (kind.make != nullptr) {
            EXPECT_NE(part.find("```yaml"), std::string::npos) << kind.name << " has no example";
        }
    }
}

// Every example of the manual is accepted as it stands.
TEST(Checks, TheManualsExamplesAreValid) {
    const std::string manual = read_file(std::string(OPS_SOURCE_DIR) + "/docs/checks.md");
    size_t at = 0, count = 0;
    while ((at = manual.find("```yaml\n", at)) != std::string::npos) {
        const size_t start = at + 8;
        const size_t end = manual.find("```", start);
        const std::string example = manual.substr(start, end - start);
        Problems problems;
        const Settings settings = read_settings_leniently(
            {{"example.yaml", example}},
            [](const std::string&) { return std::optional<std::string>(); }, problems);
        (void)make_checks(settings, problems);
        EXPECT_FALSE(problems.has_errors()) << example << print(problems);
        at = end;
        ++count;
    }
    EXPECT_GE(count, 10u);
}

TEST(Checks, LogsBelongToAServiceOrToThisMachine) {
    Problems problems;
    const Settings settings = read_settings_leniently(
        {{"f.yaml",
          "hosts: [{name: here, local: true}]\n"
          "services: [{name: web, check: {tcp: 'a:1'}}, {name: app, check: {tcp: 'a:1'}}]\n"
          "logs:\n"
          "  - {name: app, file: /var/log/app.log}\n"
          "  - {name: nginx, service: web, file: /var/log/nginx/error.log, every: 5s, learning: "
          "2h}\n"
          "  - {name: all, journald: true, error_pattern: [oops]}\n"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    std::vector<LogRow> rows;
    const auto logs = log_checks(settings, problems, &rows);
    ASSERT_EQ(rows.size(), logs.size());
    EXPECT_EQ(rows[1].name, "nginx");
    EXPECT_EQ(rows[1].target, "web");
    EXPECT_EQ(rows[1].learning, std::chrono::hours(2));
    EXPECT_EQ(rows[0].learning, std::chrono::hours(72)) << "three days";
    ASSERT_EQ(logs.size(), 3u) << print(problems);
    EXPECT_EQ(logs[0].target, "app");
    EXPECT_EQ(logs[1].target, "web");
    EXPECT_EQ(logs[1].interval, std::chrono::seconds(5));
    EXPECT_EQ(logs[2].target, "here");
    for (const CheckSettings& log : logs) {
        EXPECT_NE(make_check(log, 9, settings, problems), nullptr) << print(problems);
    }
    EXPECT_FALSE(problems.has_errors()) << print(problems);
}

TEST(Checks, BadLogRowsAreNoted) {
    struct Row {
        std::string why, row, message;
    };
    const std::vector<Row> rows = {
        {"no map", "oops", "4:10: error: a log is a map"},
        {"unknown key", "{name: a, file: /x, patern: y}", "unknown key 'patern'"},
        {"no name", "{file: /x}", "needs 'name'"},
        {"no such service", "{name: a, service: wbe, file: /x}",
         "unknown service 'wbe' (did you mean 'web'?)"},
        {"nothing to read", "{name: a}", "either 'file: PATH' or 'journald: true'"},
        {"too often", "{name: a, file: /x, every: 10ms}", "must be 1s or longer"},
        {"on another machine", "{name: a, service: far, file: /x}",
         "logs are read on this machine only"},
    };
    for (const Row& row : rows) {
        Problems problems;
        const Settings settings = read_settings_leniently(
            {{"f.yaml",
              "hosts: [{name: here, local: true}, {name: pc, ssh: pc}]\n"
              "services: [{name: web, check: {tcp: 'a:1'}},\n"
              "           {name: far, host: pc, check: {tcp: 'a:1'}}]\n"
              "logs:  [ " +
                  row.row + " ]\n"}},
            [](const std::string&) { return std::optional<std::string>(); }, problems);
        (void)make_checks(settings, problems);
        EXPECT_NE(print(problems).find(row.message), std::string::npos)
            << row.why << ": " << print(problems);
    }
}

TEST(Checks, HostileTextIsCappedAndPrintable) {
    EXPECT_EQ(shown("a\x1b[31m\nb\x07"), "a b");
    EXPECT_LE(shown(std::string(100000, 'x')).size(), 200u);
    EXPECT_LE(shown_evidence(std::string(100000, 'x')).size(), 4096u);
    EXPECT_EQ(shown_evidence("one\ntwo\n"), "one\ntwo");
}

}  // namespace
}  // namespace ops
