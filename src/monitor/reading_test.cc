// Numbers from programs and queries: command, Nagios plugins, prometheus.
#include "monitor/reading.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "config/program_place.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;

std::string print_facts(const std::vector<Fact>& facts) {
    std::vector<std::string> parts;
    for (const Fact& fact : facts) parts.push_back(fact.name + "=" + fact.value.print());
    return join(parts, " ");
}

TEST(Reading, KnowsItsUnit) {
    struct Row {
        std::string text, value;
    };
    for (const Row& row : std::vector<Row>{
             {"12", "12"},        {" 12\n", "12"}, {"-3.5", "-3.5"},    {"+4", "4"},
             {"1e3", "1000"},     {"92%", "92%"},  {"250 ms", "250ms"}, {"3GB", "3GB"},
             {"5 minutes", "5m"}, {".5", "0.5"},   {"", "-"},           {"nan", "-"},
             {"inf", "-"},        {"-inf", "-"},   {"1e999", "-"},      {"12 apples", "-"},
             {"0x10", "-"},       {"1 2", "-"},    {"--1", "-"},
         }) {
        const auto value = parse_reading(row.text);
        EXPECT_EQ(value ? value->print() : "-", row.value) << row.text;
    }
}

TEST(PluginOutput, IsReadAsTheGuidelinesSay) {
    struct Row {
        std::string why, output, text, facts;
    };
    for (const Row& row : std::vector<Row>{
             {"plain", "OK", "OK", ""},
             {"check_disk", "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968",
              "DISK OK - free space: / 3326 MB (56%);", "root=2.8GB"},
             {"units", "OK|a=1 b=2s c=3ms d=4% e=5B f=6KB g=7c", "OK",
              "a=1 b=2s c=3ms d=4% e=5B f=6.1KB g=7"},
             {"quoted label", "OK|'free space on C:'=5;;;; 'it''s'=6", "OK",
              "free_space_on_c=5 it_s=6"},
             {"thresholds are ranges", "OK|t=5;@10:20;~:5;0;100", "OK", "t=5"},
             {"unknown value", "OK|a=U b=1", "OK", "b=1"},
             {"own unit", "OK|rate=12req/s", "OK", "rate=12"},
             {"second block", "OK|a=1\nlong text\nmore|b=2\nc=3", "OK", "a=1 b=2 c=3"},
             {"malformed", "OK|=5 a b= ;; 'x c=1", "OK", ""},
             {"built-in fact keeps its type", "OK|memory_usage=91 latency=2", "OK",
              "memory_usage=91% latency=2s"},
             {"our own facts cannot be set", "OK|up=1 service=2 process_status=3", "OK", ""},
             {"infinity", "OK|a=inf b=nan c=1e999", "OK", ""},
             {"escape sequences", "\x1b[31mOK\x07|a=1", "OK", "a=1"},
         }) {
        const PluginOutput found = parse_plugin_output(row.output, "");
        EXPECT_EQ(found.text, row.text) << row.why;
        EXPECT_EQ(print_facts(found.facts), row.facts) << row.why;
    }
    std::string many = "OK|";
    for (int i = 0; i < 1000; ++i) many += "x" + std::to_string(i) + "=1 ";
    EXPECT_EQ(parse_plugin_output(many, "").facts.size(), 64u);
    EXPECT_EQ(print_facts(parse_plugin_output("OK|a=1", "disk").facts), "disk_a=1");
    EXPECT_EQ(print_facts(parse_plugin_output("OK|a=0,5 b=1,5s;3 c=1,234,567 d=2", "").facts),
              "a=0.5 b=1s500ms d=2")
        << "in a locale with a decimal comma";
}

TEST(PluginOutput, IsRecognised) {
    for (const char* yes :
         {"OK", "OK - fine", "DISK WARNING - low", "CRITICAL: x", "UNKNOWN|a=1", "PING OK"}) {
        EXPECT_TRUE(looks_like_plugin(yes)) << yes;
    }
    for (const char* no :
         {"", "ok", "5", "{\"a\": 1}", "all is OK", "ERROR", "OKAY", "\n\nit is OK"}) {
        EXPECT_FALSE(looks_like_plugin(no)) << no;
    }
}

struct Case {
    std::string why, check;
    int code;
    std::string output, judged;
};

TEST(CommandCheck, JudgesExitAndOutput) {
    for (const Case& one : std::vector<Case>{
             {"well", "{command: x}", 0, "whatever", "good"},
             {"not well", "{command: x}", 1, "first\nno such table\n",
              "bad: exit 1: no such table"},
             {"silent", "{command: x}", 7, "", "bad: exit 7"},
             {"plugin warning", "{command: x}", 1, "DISK WARNING - 8% left|a=1",
              "good degraded: DISK WARNING - 8% left"},
             {"plugin critical", "{command: x}", 2, "DISK CRITICAL - 1% left",
              "bad: DISK CRITICAL - 1% left"},
             {"plugin unknown", "{command: x}", 3, "UNKNOWN - no such disk",
              "unknown: UNKNOWN - no such disk"},
             {"plugin ok", "{command: x}", 0, "OK - fine|a=1", "good"},
             {"told to be a plugin", "{command: x, nagios: true}", 1, "hm", "good degraded: hm"},
             {"told to be none", "{command: x, nagios: false}", 1, "WARNING - hm",
              "bad: exit 1: WARNING - hm"},
             {"a plugin's other exit", "{command: x, nagios: true}", 127, "", "unknown: exit 127"},
             {"number in range", "{command: x, max: 10}", 0, "9", "good"},
             {"number too large", "{command: x, max: 10}", 0, "12", "bad: 12 is over 10"},
             {"number too small", "{command: x, min: 90%}", 0, "88", "bad: 88 is under 90%"},
             {"another unit", "{command: x, max: 5s}", 0, "3GB",
              "bad: 3GB is not in the unit of 'max'"},
             {"no number to compare", "{command: x, max: 10}", 0, "many",
              "unknown: printed neither a number nor JSON: \"many\""},
             {"the one member", "{command: x, max: 100}", 0, R"({"queue": 5000, "on": true})",
              "bad: queue: 5000 is over 100"},
             {"the member called value", "{command: x, max: 100}", 0,
              R"({"a": 1, "value": 5000, "z": 2})", "bad: value: 5000 is over 100"},
             {"it is within", "{command: x, max: 100}", 0, R"({"a": 900, "value": 5})", "good"},
             {"which member?", "{command: x, max: 100}", 0, R"({"a": 1, "b": 5000})",
              "unknown: printed several numbers, and none is called value"},
             {"no member", "{command: x, max: 100}", 0, R"({"a": "b"})",
              "unknown: printed no number to compare"},
             {"a plugin's number", "{command: x, max: 100}", 0, "OK - fine | queue=5000",
              "bad: queue: 5000 is over 100"},
             {"a plugin's numbers", "{command: x, max: 100}", 0, "OK - fine | a=1 b=2",
              "unknown: printed several numbers, and none is called value"},
             {"its warning counts", "{command: x, max: 100}", 1, "WARNING - hm | a=1 b=2",
              "good degraded: WARNING - hm"},
             {"over, and warned of", "{command: x, max: 100}", 1, "WARNING - hm | a=101",
              "bad: a: 101 is over 100"},
             {"what it cannot say", "{command: x, max: 100}", 3, "UNKNOWN - hm | a=101",
              "unknown: UNKNOWN - hm"},
         }) {
        Made made = make(one.check);
        ASSERT_NE(made.check, nullptr) << one.why << print(made.problems);
        EXPECT_EQ(print(made->judge(reply(exited(one.code, one.output)))), one.judged) << one.why;
    }
    Exit late;
    late.how = Exit::How::timed_out;
    late.time_limit = std::chrono::seconds(5);
    late.output = "OK so far";
    Made made = make("{command: x}");
    EXPECT_EQ(made->judge(reply(late)).observation.health, Health::bad);
    EXPECT_EQ(print(made->judge(failure(Fault::not_found, "no program 'x'"))),
              "unknown: no program 'x'");
}

// perl complains of the locale, python of something deprecated, on standard error.
TEST(CommandCheck, StandardOutputDecides) {
    struct Row {
        std::string why, check;
        int code;
        std::string output, errors, judged;
    };
    const std::string warning = "perl: warning: Setting locale failed.\n";
    for (const Row& row : std::vector<Row>{
             {"a number", "{command: x, max: 50}", 0, "42\n", warning, "good"},
             {"a plugin", "{command: x}", 1, "DISK WARNING - 8% left\n", warning,
              "good degraded: DISK WARNING - 8% left"},
             {"that knows nothing", "{command: x}", 3, "UNKNOWN - no such disk\n", warning,
              "unknown: UNKNOWN - no such disk"},
             {"a plugin's words are no plugin's beside others", "{command: x}", 1, "so far\n",
              "WARNING - hm\n", "bad: exit 1: WARNING - hm"},
             {"without output the errors are it", "{command: x, max: 50}", 0, " \n", "51\n",
              "bad: 51 is over 50"},
             {"why it failed", "{command: x}", 2, "one\ntwo\n", "no such table\n",
              "bad: exit 2: no such table"},
         }) {
        Made made = make(row.check);
        ASSERT_NE(made.check, nullptr) << row.why << print(made.problems);
        EXPECT_TRUE(std::get<CommandAsk>(made->ask().question).command.errors_apart);
        Exit exit;
        exit.code = row.code;
        exit.output = row.output;
        exit.errors = row.errors;
        const Judged judged = made->judge(reply(exit));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        if (row.code == 2) EXPECT_EQ(judged.observation.evidence, "one\ntwo\nno such table");
    }
}

TEST(CommandCheck, GivesFacts) {
    Made service = make("{command: x}");
    const Judged number = service->judge(reply(exited(0, "42\n")));
    EXPECT_EQ(fact(number, "value"), "42");
    EXPECT_EQ(fact(number, "exit_code"), "0");
    EXPECT_EQ(fact(service->judge(reply(exited(0, "5 minutes"))), "value"), "300")
        << "always a number, so that a rule has one type";
    const Judged json = service->judge(reply(exited(
        0,
        R"({"depth": 5, "Lag Time": "3s", "deep": {"er": 1}, "on": true, "bad": [1], "up": 0})")));
    EXPECT_EQ(fact(json, "depth"), "5");
    EXPECT_EQ(fact(json, "lag_time"), "3s");
    EXPECT_EQ(fact(json, "deep_er"), "1");
    EXPECT_EQ(fact(json, "on"), "true");
    EXPECT_EQ(fact(json, "bad"), "-");
    EXPECT_EQ(fact(json, "up"), "true") << "the exit status says so, not the JSON";

    Made signal = make_signal("command: x");
    ASSERT_NE(signal.check, nullptr) << print(signal.problems);
    EXPECT_EQ(fact(signal->judge(reply(exited(0, "7"))), "queue_depth"), "7");
    EXPECT_EQ(fact(signal->judge(reply(exited(0, "7%"))), "queue_depth"), "7%");
    EXPECT_EQ(fact(signal->judge(reply(exited(0, "{\"a\": 1}"))), "queue_depth_a"), "1");
    EXPECT_EQ(print(signal->judge(reply(exited(0, "no idea")))),
              "unknown: printed neither a number nor JSON: \"no idea\"");
    EXPECT_EQ(print(signal->judge(reply(exited(1, "oops")))), "bad: exit 1: oops");
    Made bounded = make_signal("command: x, max: 100");
    EXPECT_EQ(print(bounded->judge(reply(exited(0, R"({"value": 101, "other": 1})")))),
              "bad: queue_depth_value: 101 is over 100");
}

TEST(CommandCheck, AnotherUserTakesAProberOfRoot) {
    const auto problems = [](const std::string& agent, const std::string& signal) {
        return print(
            make_from(agent + "signals: [{name: q, every: 1m, " + signal + "}]\n", "q").problems);
    };
    const std::string packaged = "agent: {prober_socket: /run/ops-agent-prober/socket}\n";
    const std::string by_postgres = "command: x, as: postgres";
    EXPECT_EQ(problems("", by_postgres), "") << "`run` starts it as it is itself";
    EXPECT_EQ(problems(packaged, "command: x"), "");
    EXPECT_NE(problems(packaged, by_postgres)
                  .find("2:48: warning: only a prober that runs as root "
                        "may become 'postgres'"),
              std::string::npos)
        << problems(packaged, by_postgres);
    EXPECT_NE(problems(packaged, "sql: select 1, sqlite: a.db, as: postgres").find("warning: only"),
              std::string::npos);
}

TEST(CommandCheck, RunsWhatIsWritten) {
    struct Row {
        std::string check, argv;
    };
    for (const Row& row : std::vector<Row>{
             {"{command: ssh pc uptime}", "ssh|pc|uptime"},
             {"{command: \"a 'b c' d\\\\ e \\\"\\\"\"}", "a|b c|d e|"},
             {"{command: [a, 'b c', '$x']}", "a|b c|$x"},
             {"{command: 'a | b', shell: true}", "/bin/sh|-c|a | b"},
             {"{command: {run: a b}}", "a|b"},
         }) {
        Made made = make(row.check);
        ASSERT_NE(made.check, nullptr) << row.check << print(made.problems);
        EXPECT_EQ(join(std::get<CommandAsk>(made->ask().question).command.argv, "|"), row.argv);
    }
    Problems problems;
    const Settings settings = read_settings_leniently(
        {{"/etc/ops/ops-agent.yaml", "services: [{name: web, check: {command: ./count}}]"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    const CheckList list = make_checks(settings, problems);
    for (const auto& check : list.checks) {
        if (check->target() != "web") continue;
        EXPECT_EQ(std::get<CommandAsk>(check->ask().question).command.argv[0], "/etc/ops/count");
    }
    // ./ops-agent.yaml is what the command line finds by itself: its folder is the current one.
    const std::string here = std::filesystem::current_path().string();
    EXPECT_EQ(program_beside("ops-agent.yaml", "./count"), here + "/count");
    EXPECT_EQ(program_beside("x/ops-agent.yaml", "bin/count"), here + "/x/bin/count");
    EXPECT_EQ(program_beside("ops-agent.yaml", "count"), "count");
}

TEST(PrometheusCheck, JudgesEveryAnswer) {
    const auto vector = [](const std::string& result) {
        return R"({"status":"success","data":{"resultType":"vector","result":[)" + result + "]}}";
    };
    const std::string five = R"({"metric":{},"value":[1795441236.1,"5"]})";
    const std::string check = "{prometheus: 'http://p:9090', query: x}";
    for (const Case& one : std::vector<Case>{
             {"one", check, 200, vector(five), "good"},
             {"none", check, 200, vector(""), "unknown: the query gives nothing"},
             {"none is well", "{prometheus: 'http://p', query: x, empty: good}", 200, vector(""),
              "good"},
             {"none is bad", "{prometheus: 'http://p', query: x, empty: bad}", 200, vector(""),
              "bad: the query gives nothing"},
             {"none is zero", "{prometheus: 'http://p', query: x, empty: zero, min: 1}", 200,
              vector(""), "bad: 0 is under 1"},
             {"two", check, 200, vector(five + "," + five),
              "unknown: the query gives 2 series, make one of them: sum(...), max(...)"},
             {"over", "{prometheus: 'http://p', query: x, max: 4}", 200, vector(five),
              "bad: 5 is over 4"},
             {"NaN", check, 200, vector(R"({"value":[1,"NaN"]})"),
              "unknown: the query gives NaN, no number"},
             {"+Inf", check, 200, vector(R"({"value":[1,"+Inf"]})"),
              "unknown: the query gives +Inf, no number"},
             {"no value", check, 200, vector("{}"), "unknown: prometheus answers without a value"},
             {"no JSON", check, 200, "<html>", "unknown: prometheus answers no JSON"},
             {"no data", check, 200, "{}", "unknown: the query gives a , not one number"},
             {"404", check, 404, "404 page not found", "unknown: prometheus answers HTTP 404"},
         }) {
        Made made = make(one.check);
        ASSERT_NE(made.check, nullptr) << one.why << print(made.problems);
        EXPECT_EQ(print(made->judge(reply(http(one.code, one.output)))), one.judged) << one.why;
    }
    Made made = make(check);
    EXPECT_EQ(std::get<HttpAsk>(made->ask().question).url, "http://p:9090/api/v1/query?query=x");
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "connection refused"))),
              "unknown: prometheus: connection refused");
    Made signal = make_signal("prometheus: {url: 'http://p/prom/', query: 'a > 1'}");
    ASSERT_NE(signal.check, nullptr) << print(signal.problems);
    EXPECT_EQ(std::get<HttpAsk>(signal->ask().question).url,
              "http://p/prom/api/v1/query?query=a%20%3E%201");
    EXPECT_EQ(fact(signal->judge(reply(http(200, vector(five)))), "queue_depth"), "5");
}

// Real replies of Prometheus 2.42, kept outside the project.
TEST(PrometheusCheck, ReadsRealReplies) {
    const std::string folder =
        std::string(OPS_SOURCE_DIR) + "/../shared/contracts/captures/prometheus/";
    const auto read = [&](const std::string& name) {
        std::ifstream in(folder + name);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    };
    if (read("vector.json").empty()) GTEST_SKIP() << "no captures at " << folder;
    for (const Case& one : std::vector<Case>{
             {"", "scalar.json", 200, "", "good"},
             {"", "empty.json", 200, "", "unknown: the query gives nothing"},
             {"", "vector.json", 200, "",
              "unknown: the query gives 2 series, make one of them: sum(...), max(...)"},
             {"", "matrix.json", 200, "", "unknown: the query gives a matrix, not one number"},
             {"", "string.json", 200, "", "unknown: the query gives a string, not one number"},
             {"", "parse_error.json", 400, "",
              "unknown: prometheus: bad_data: invalid parameter \"query\": 1:4: parse error: "
              "unexpected end of "
              "input inside braces"},
             {"", "timeout.json", 503, "",
              "unknown: prometheus: timeout: query timed out in query execution"},
             {"", "notfound.txt", 404, "", "unknown: prometheus answers HTTP 404"},
         }) {
        Made made = make("{prometheus: 'http://p', query: x}");
        EXPECT_EQ(print(made->judge(reply(http(one.code, read(one.check))))), one.judged)
            << one.check;
    }
    Made made = make("{prometheus: 'http://p', query: x}");
    const std::string many = print(made->judge(reply(http(422, read("many_to_many.json")))));
    EXPECT_EQ(many.substr(0, 31), "unknown: prometheus: execution:") << many;
}

}  // namespace
}  // namespace ops
