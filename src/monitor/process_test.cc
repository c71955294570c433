// The checks whose service is a process: pidfile, process, supervisor.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "monitor/check_for_test.h"
#include "monitor/check_url.h"
#include "monitor/process_facts.h"
#include "monitor/xmlrpc.h"

namespace ops {
namespace {

using namespace test;
using std::chrono::seconds;

TEST(ProcessChecks, JudgeWhatTheySee) {
    struct Row {
        std::string why, check;
        std::vector<ProcessSeen> seen;
        std::string judged, status;
    };
    const std::vector<Row> rows = {
        {"alive", "{pidfile: /run/x.pid}", {process(7)}, "good", "\"running\""},
        {"waiting for a disk is alive",
         "{pidfile: /run/x.pid}",
         {process(7, 'D')},
         "good",
         "\"running\""},
        {"gone",
         "{pidfile: /run/x.pid}",
         {},
         "bad certain: process of pidfile '/run/x.pid' is not running",
         "\"dead\""},
        {"zombie",
         "{pidfile: /run/x.pid}",
         {process(7, 'Z')},
         "bad certain: process of pidfile '/run/x.pid': process 7 is a zombie, dead but not "
         "collected by its parent",
         "\"dead\""},
        {"SIGSTOP",
         "{pidfile: /run/x.pid}",
         {process(7, 'T')},
         "bad: process of pidfile '/run/x.pid': process 7 is stopped (SIGSTOP)",
         "\"stopped\""},
        {"traced",
         "{pidfile: /run/x.pid}",
         {process(7, 't')},
         "bad: process of pidfile '/run/x.pid': process 7 is stopped (SIGSTOP)",
         "\"stopped\""},
        {"one of two stopped is enough left",
         "{process: x}",
         {process(7, 'T'), process(8)},
         "good",
         "\"running\""},
        {"no match",
         "{process: x}",
         {},
         "bad certain: process matching 'x' is not running",
         "\"dead\""},
        {"too few",
         "{process: x, min: 3}",
         {process(7), process(8)},
         "bad: process matching 'x': 2 running, at least 3 expected",
         "\"dead\""},
        {"too many",
         "{process: x, max: 1}",
         {process(7), process(8)},
         "good degraded: process matching 'x': 2 running, at most 1 expected",
         "\"running\""},
        {"none is asked for", "{process: x, min: 0, max: 0}", {}, "good", "\"running\""},
    };
    for (const Row& row : rows) {
        Made made = make(row.check);
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        const Judged judged = look(made, processes(row.seen));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_EQ(fact(judged, "process_status"), row.status) << row.why;
        EXPECT_EQ(fact(judged, "up"),
                  judged.observation.health == Health::good || judged.observation.degraded
                      ? "true"
                      : "false")
            << row.why;
    }
}

TEST(ProcessChecks, MeasureBetweenTwoLooks) {
    Made made = make("{pidfile: /run/x.pid}");
    Judged first = made->judge(reply(processes({process(7)})));
    ASSERT_TRUE(first.ask_now.has_value()) << "the machine's memory is asked for once";
    EXPECT_EQ(std::get<LocalAsk>(*first.ask_now).what, LocalAsk::What::machine);
    first = made->judge(reply(machine(10e9)));
    EXPECT_EQ(fact(first, "cpu_usage"), "-") << "one look is no rate";
    EXPECT_EQ(fact(first, "memory_usage"), "10%");
    EXPECT_EQ(fact(first, "rss"), "1GB");
    ASSERT_TRUE(first.watch.has_value());
    EXPECT_EQ(first.watch->pid, 7);

    ProcessSeen later = process(7, 'S', seconds(110));
    later.cpu_seconds = 6;
    const Judged second = made->judge(reply(processes({later}), kNoon + seconds(10)));
    EXPECT_FALSE(second.ask_now.has_value());
    EXPECT_FALSE(second.watch.has_value()) << "it is watched already";
    EXPECT_EQ(fact(second, "cpu_usage"), "50%");
    EXPECT_EQ(fact(second, "uptime"), "1m50s");

    // A confirming look at once: no rate over a millisecond, and the old look stays the base.
    const Judged at_once = made->judge(reply(processes({later}), kNoon + Duration(10001)));
    EXPECT_EQ(fact(at_once, "cpu_usage"), "-");
    later.age = seconds(120);
    const Judged third = made->judge(reply(processes({later}), kNoon + seconds(20)));
    EXPECT_EQ(fact(third, "cpu_usage"), "0%");

    const Judged dead = made->judge(reply(processes({}), kNoon + seconds(30)));
    EXPECT_EQ(fact(dead, "rss"), "unknown");
    EXPECT_EQ(fact(dead, "cpu_usage"), "unknown");
    EXPECT_EQ(fact(dead, "memory_usage"), "unknown");
    ASSERT_TRUE(dead.watch.has_value());
    EXPECT_EQ(dead.watch->pid, 0) << "nothing to watch any more";
}

TEST(ProcessChecks, TheMemoryQuestionMayFail) {
    Made made = make("{pidfile: /run/x.pid}");
    ASSERT_TRUE(made->judge(reply(processes({process(7)}))).ask_now.has_value());
    const Judged judged = made->judge(failure(Fault::unavailable, "the queue is full"));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "memory_usage"), "-");
    EXPECT_EQ(print(made->judge(reply(processes({process(7)})))), "good")
        << "it is not asked again";
}

TEST(ProcessChecks, CountCrashesAndRestarts) {
    Made made = make("{pidfile: /run/x.pid}");
    const auto events = [&](std::vector<ProcessSeen> seen) {
        const Judged judged = look(made, processes(std::move(seen)));
        return join(judged.events, " ") + " " + fact(judged, "restarts");
    };
    EXPECT_EQ(events({}), " 0") << "dead when watching begins is no crash";
    EXPECT_EQ(events({process(7)}), " 0");
    EXPECT_EQ(events({process(7)}), " 0");
    EXPECT_EQ(events({}), "crash 0");
    EXPECT_EQ(events({}), " 0") << "told once";
    EXPECT_EQ(events({process(8)}), "restart 1");
    EXPECT_EQ(events({process(9)}), "crash restart 2") << "between two looks";
    ProcessSeen reused = process(9);
    reused.id.start_ticks += 5;
    EXPECT_EQ(events({reused}), "crash restart 3") << "the number was used again";
}

TEST(ProcessChecks, AMissingPidfileIsLookedAtTwice) {
    Made made = make("{pidfile: /run/x.pid}");
    const Judged judged = made->judge(failure(Fault::not_found, "no such file"));
    EXPECT_EQ(print(judged), "bad: no pidfile '/run/x.pid'");
    EXPECT_EQ(fact(judged, "process_status"), "\"dead\"");
    EXPECT_EQ(print(made->judge(failure(Fault::invalid, "holds no process id"))),
              "bad: pidfile '/run/x.pid' holds no process id");
    EXPECT_EQ(print(made->judge(failure(Fault::denied, "permission denied"))),
              "unknown: permission denied");
}

std::string remote(const std::string& sections) {
    return "Welcome!\n@ops 1\n" + sections + "@end\n";
}

TEST(ProcessChecks, LookOverSsh) {
    struct Row {
        std::string why, check;
        int code;
        std::string output, judged;
    };
    const std::string memory = "@meminfo\nMemTotal: 1000000 kB\n";
    const std::vector<Row> rows = {
        {"alive", "{pidfile: /run/x.pid}", 0,
         remote("@pid\npid 42\n@ps\n   42 Ssl   100 00:01:02 51200\nexit 0\n" + memory), "good"},
        {"gone", "{pidfile: /run/x.pid}", 0, remote("@pid\npid 42\n@ps\nexit 1\n" + memory),
         "bad certain: process of pidfile '/run/x.pid' is not running"},
        {"no file", "{pidfile: /run/x.pid}", 0, remote("@pid\nmissing\n@ps\nexit 1\n"),
         "bad: no pidfile '/run/x.pid'"},
        {"empty", "{pidfile: /run/x.pid}", 0, remote("@pid\npid \n@ps\nexit 1\n"),
         "bad: pidfile '/run/x.pid' holds no process id"},
        {"unreadable", "{pidfile: /run/x.pid}", 0, remote("@pid\nunreadable\n@ps\nexit 1\n"),
         "unknown: ssh ops@pc: pidfile '/run/x.pid' cannot be read"},
        {"no ps there is no death", "{pidfile: /run/x.pid}", 0,
         remote("@pid\npid 42\n@ps\nexit 127\n"), "unknown: ssh ops@pc: ps cannot be run there"},
        {"host gone", "{pidfile: /run/x.pid}", 255,
         "ssh: connect to host pc port 22: No route to host\r\n",
         "unknown: ssh ops@pc: ssh: connect to host pc port 22: No route to host"},
        {"cut short", "{pidfile: /run/x.pid}", 0, "@ops 1\n@pid\npid 42\n",
         "unknown: ssh ops@pc: the answer was cut short"},
        {"matched here", "{process: 'worker.py --n [12]'}", 0,
         remote("@ps\n 1 Ss 900 00:00:09 9000 /sbin/init\n 5 S 50 00:00:01 100 python3 worker.py "
                "--n 1\n"),
         "good"},
        {"not matched", "{process: worker}", 0, remote("@ps\n 1 Ss 900 00:00:09 9000 /sbin/init\n"),
         "bad certain: process matching 'worker' is not running"},
        {"no ps", "{process: worker}", 0, remote("@ps\n"),
         "unknown: ssh ops@pc: ps cannot be run there"},
        {"stopped there", "{process: worker}", 0, remote("@ps\n 5 T 50 00:00:01 100 worker\n"),
         "bad: process matching 'worker': process 5 is stopped (SIGSTOP)"},
        {"unit", "{systemd: nginx}", 0,
         remote("@unit\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID="
                "5\nNRestarts=0\n"
                "MemoryCurrent=[not set]\nexit 0\n@ps\n 5 Ss 50 00:00:01 100\n" +
                memory),
         "good"},
        {"failed unit", "{systemd: nginx}", 0,
         remote("@unit\nLoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-"
                "code\nexit 0\n@ps\n"),
         "bad certain: unit 'nginx.service' failed: exit-code"},
        {"no systemd", "{systemd: nginx}", 0, remote("@unit\nexit 127\n@ps\n"),
         "unknown: ssh ops@pc: systemctl cannot be asked there"},
    };
    for (const Row& row : rows) {
        Made made = make(row.check, "pc");
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        const Judged judged = made->judge(reply(exited(row.code, row.output)));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_FALSE(judged.watch.has_value()) << row.why << ": only local ones are watched";
    }
    Exit late;
    late.how = Exit::How::timed_out;
    late.time_limit = seconds(5);
    Made made = make("{systemd: nginx}", "pc");
    EXPECT_EQ(print(made->judge(reply(late))).substr(0, 20), "unknown: ssh ops@pc:");
}

TEST(ProcessChecks, WhatAnAnswerOverSshLostIsNotDead) {
    Made made = make("{process: worker}", "pc");
    Exit exit;
    exit.output = remote("@ps\n 1 Ss 900 00:00:09 9000 /sbin/init\n");
    EXPECT_EQ(print(made->judge(reply(exit))).substr(0, 11), "bad certain");
    exit.output_bytes = 1024 * 1024 + 1;  // the middle of it was left out
    EXPECT_EQ(print(made->judge(reply(exit))),
              "unknown: ssh ops@pc: an answer over 1 MiB, of which a part was left out");
    std::string many;
    for (int i = 0; i < 30'000; ++i) many += "1 S 9 0 9 x\n";
    EXPECT_EQ(print(made->judge(reply(exited(0, remote("@ps\n" + many + "2 S 9 0 9 worker\n"))))),
              "unknown: ssh ops@pc: an answer over 20000 lines");
}

TEST(ProcessChecks, NothingOfTheConfigurationIsRunByTheRemoteShell) {
    Made made = make("{pidfile: \"/run/$(reboot)';reboot;'.pid\"}", "pc");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const auto command = std::get<CommandAsk>(made->ask().question).command;
    EXPECT_EQ(command.argv.front(), "ssh");
    EXPECT_EQ(command.argv.back(), "sh -s");
    EXPECT_EQ(command.argv[command.argv.size() - 2], "ops@pc");
    EXPECT_EQ(command.argv[command.argv.size() - 3], "--");
    EXPECT_NE(command.input.find("'/run/$(reboot)'\\'';reboot;'\\''.pid'"), std::string::npos)
        << command.input;
}

std::string info(const std::string& state, int pid, int64_t start = 1000, int64_t now = 1100,
                 int exit = 0, const std::string& spawn_error = "") {
    const auto member = [](const std::string& name, const std::string& type,
                           const std::string& value) {
        return "<member>\n<name>" + name + "</name>\n<value><" + type + ">" + value + "</" + type +
               "></value>\n</member>\n";
    };
    return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n" +
           member("name", "string", "w") + member("start", "int", std::to_string(start)) +
           member("now", "int", std::to_string(now)) + member("statename", "string", state) +
           member("spawnerr", "string", spawn_error) +
           member("exitstatus", "int", std::to_string(exit)) +
           member("pid", "int", std::to_string(pid)) +
           "</struct></value>\n</param>\n</params>\n</methodResponse>\n";
}

TEST(SupervisorCheck, JudgesEveryState) {
    struct Row {
        std::string state, judged, status;
    };
    const std::vector<Row> rows = {
        {"RUNNING", "good", "\"running\""},
        {"STARTING", "unknown: process 'w' is starting", "\"starting\""},
        {"STOPPING", "unknown: process 'w' is stopping", "\"stopped\""},
        {"STOPPED", "bad: process 'w' is stopped in supervisord", "\"stopped\""},
        {"EXITED", "bad: process 'w' ended with exit 3", "\"dead\""},
        {"BACKOFF", "bad: process 'w' ends right after its start", "\"dead\""},
        {"FATAL", "bad certain: process 'w' cannot be started", "\"fatal\""},
        {"UNKNOWN", "unknown: supervisord says UNKNOWN of 'w'", "\"unknown\""},
    };
    for (const Row& row : rows) {
        Made made = make("{supervisor: w, via: 'http://10.0.0.1:9001/RPC2'}");
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        const Judged judged = made->judge(reply(http(200, info(row.state, 0, 1000, 1100, 3))));
        EXPECT_EQ(print(judged), row.judged);
        EXPECT_EQ(fact(judged, "process_status"), row.status) << row.state;
    }
    Made made = make("{supervisor: w, via: 'http://10.0.0.1:9001'}");
    EXPECT_EQ(std::get<HttpAsk>(made->ask().question).url, "http://10.0.0.1:9001/RPC2");
    EXPECT_EQ(
        print(made->judge(reply(http(200, info("FATAL", 0, 1, 2, 0, "can't find command '/x'"))))),
        "bad certain: process 'w' cannot be started: can't find command '/x'");
    EXPECT_EQ(fact(made->judge(reply(http(200, info("RUNNING", 5)))), "uptime"), "1m40s");
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "connection refused"))),
              "bad: supervisord at http://10.0.0.1:9001/RPC2: connection refused");
    EXPECT_EQ(print(made->judge(reply(http(401, "<html>")))),
              "unknown: supervisord wants another user and password");
    EXPECT_EQ(print(made->judge(reply(http(200, "<html>")))).substr(0, 33),
              "unknown: supervisord: no XML-RPC:");
}

TEST(SupervisorCheck, LooksAtTheProcessItself) {
    Made made = make("{supervisor: w, via: 'http://127.0.0.1:9001/RPC2'}");
    const auto asked = [&](const Judged& judged) {
        return judged.ask_now ? std::get<LocalAsk>(*judged.ask_now).text : "nothing";
    };
    EXPECT_EQ(asked(made->judge(reply(http(200, info("RUNNING", 7))))), "7");
    const Judged good = look(made, processes({process(7)}));
    EXPECT_EQ(print(good), "good");
    EXPECT_EQ(fact(good, "memory_usage"), "10%");
    ASSERT_TRUE(good.watch.has_value());
    EXPECT_EQ(*good.watch, process(7).id);

    EXPECT_EQ(asked(made->judge(reply(http(200, info("RUNNING", 7))))), "7");
    EXPECT_EQ(print(look(made, processes({process(7, 'T')}))),
              "bad: process 'w': process 7 is stopped (SIGSTOP), though supervisord says RUNNING");

    EXPECT_EQ(asked(made->judge(reply(http(200, info("RUNNING", 7))))), "7");
    EXPECT_EQ(print(look(made, processes({}))), "bad: process 'w' is not running")
        << "supervisord has not noticed; not certain, it may start it again";

    EXPECT_EQ(asked(made->judge(reply(http(200, info("RUNNING", 8, 1095))))), "8");
    const Judged again = look(made, processes({process(8, 'S', seconds(5))}));
    EXPECT_EQ(print(again), "good");
    EXPECT_EQ(join(again.events, " "), "restart");
}

TEST(SupervisorCheck, ANumberFromAnotherContainerIsNotOurs) {
    Made made = make("{supervisor: w, via: 'http://127.0.0.1:9001/RPC2'}");
    ASSERT_TRUE(made->judge(reply(http(200, info("RUNNING", 7)))).ask_now.has_value());
    const Judged other = look(made, processes({process(7, 'T', std::chrono::hours(90))}));
    EXPECT_EQ(print(other), "good") << "its age tells that it is another process";
    EXPECT_EQ(fact(other, "rss"), "-");
    EXPECT_FALSE(other.watch.has_value());
    ASSERT_TRUE(made->judge(reply(http(200, info("RUNNING", 7)))).ask_now.has_value());
    EXPECT_EQ(print(look(made, processes({}))), "good");
    ASSERT_TRUE(made->judge(reply(http(200, info("RUNNING", 7)))).ask_now.has_value());
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "the queue is full"))), "good");
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "connection refused"))),
              "bad: supervisord at http://127.0.0.1:9001/RPC2: connection refused");
}

TEST(SupervisorCheck, AsksOnTheHostWhenViaIsItsLoopback) {
    const auto secret = [](const std::string&) -> Result<std::string> {
        return std::string("p\"w");
    };
    const Made made = make_from(
        text_with(
            "{supervisor: 'g:w', via: 'http://127.0.0.1:9001/RPC2', user: u, password_file: f}",
            "pc"),
        "web", secret);
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const auto command = std::get<CommandAsk>(made->ask().question).command;
    EXPECT_EQ(join(command.argv, " ").find("Basic"), std::string::npos) << "no secret in argv";
    EXPECT_EQ("Basic " + command.secret, basic_authorization("u", "p\"w"));
    EXPECT_EQ(command.input.find(command.secret), std::string::npos)
        << "the prober, which may not read it, makes the same";
    EXPECT_NE(whole_input(command).value().find("header = \"Authorization: Basic " +
                                                command.secret + "\"\n"),
              std::string::npos)
        << command.input;
    EXPECT_NE(command.input.find("url = \"http://127.0.0.1:9001/RPC2\""), std::string::npos)
        << command.input;
    EXPECT_NE(command.input.find("<string>g:w</string>"), std::string::npos);
    const auto judge = [&](const std::string& output) {
        return print(made.check->judge(reply(exited(0, remote(output)))));
    };
    EXPECT_EQ(judge("@http\n" + info("RUNNING", 7) + "@status\n200\n\n@exit\n0\n"), "good");
    EXPECT_EQ(judge("@http\n" + info("EXITED", 0) + "@status\n200\n\n@exit\n0\n"),
              "bad: process 'g:w' ended with exit 0");
    EXPECT_EQ(judge("@http\n@status\n000\n@exit\n7\n"),
              "bad: supervisord at http://127.0.0.1:9001/RPC2: connection refused");
    EXPECT_EQ(judge("@http\n@status\n000\n@exit\ndenied\n"),
              "unknown: ssh ops@pc: supervisord's socket http://127.0.0.1:9001/RPC2 may not be "
              "opened there");
    EXPECT_EQ(judge("@http\n@exit\n127\n"), "unknown: ssh ops@pc: there is no curl there");
    const Made direct =
        make("{supervisor: w, via: 'http://127.0.0.1:9001/RPC2', from: agent}", "pc");
    EXPECT_TRUE(std::holds_alternative<HttpAsk>(direct.check->ask().question));
}

// Real replies of supervisord 4.2.5, kept outside the project.
TEST(SupervisorCheck, ReadsRealReplies) {
    const std::string folder =
        std::string(OPS_SOURCE_DIR) + "/../shared/contracts/captures/supervisord/";
    const auto read = [&](const std::string& name) {
        std::ifstream in(folder + name);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    };
    if (read("getProcessInfo.xml").empty()) GTEST_SKIP() << "no captures at " << folder;
    struct Row {
        std::string file, judged;
    };
    for (const Row& row : std::vector<Row>{
             {"getProcessInfo.xml", "good"},
             {"fault_bad_name.xml",
              "bad: supervisord knows no process 'w' (in a group it is GROUP:NAME)"},
             {"fault_not_running.xml", "unknown: supervisord: NOT_RUNNING: off (fault 70)"},
             {"fault_unknown_method.xml", "unknown: http://a:9001/RPC2 is no supervisord"},
             {"fault_already_started.xml", "unknown: supervisord: ALREADY_STARTED: web (fault 60)"},
             {"getState.xml", "unknown: supervisord answers without a state"},
             {"listMethods.xml", "unknown: supervisord answers without a state"},
             {"startProcess.xml", "unknown: supervisord answers without a state"},
         }) {
        Made made = make("{supervisor: w, via: 'http://a:9001/RPC2'}");
        EXPECT_EQ(print(made->judge(reply(http(200, read(row.file))))), row.judged) << row.file;
    }
    const auto all = parse_xmlrpc(read("getAllProcessInfo.xml"));
    ASSERT_TRUE(all.ok()) << all.error().message;
    EXPECT_GE(all.value().value.items().size(), 3u);
    EXPECT_EQ(parse_xmlrpc(read("tailProcessStderrLog.xml")).value().value.items()[0].as_string(),
              "boom\nboom\n");
}

TEST(XmlRpc, IsStrict) {
    const auto wrap = [](const std::string& value) {
        return "<methodResponse><params><param>" + value + "</param></params></methodResponse>";
    };
    struct Row {
        std::string why, text, value;
    };
    std::string deep = "x";
    for (int i = 0; i < 100; ++i) deep = "<value><array><data>" + deep + "</data></array></value>";
    for (const Row& row : std::vector<Row>{
             {"string", wrap("<value><string>a &lt;b&gt; &#x41;&#66;</string></value>"),
              "\"a <b> AB\""},
             {"bare text is a string", wrap("<value> a </value>"), "\" a \""},
             {"empty string", wrap("<value><string></string></value>"), "\"\""},
             {"empty element", wrap("<value><string/></value>"), "\"\""},
             {"int", wrap("<value><i4>-5</i4></value>"), "-5"},
             {"boolean", wrap("<value><boolean>1</boolean></value>"), "true"},
             {"array",
              wrap("<value><array><data><value><int>1</int></value></data></array></value>"),
              "[1]"},
             {"no number", wrap("<value><int>5x</int></value>"), "error"},
             {"overflow", wrap("<value><int>99999999999999999999</int></value>"), "error"},
             {"unknown entity", wrap("<value>&xxe;</value>"), "error"},
             {"surrogate", wrap("<value>&#xD800;</value>"), "error"},
             {"DTD", "<!DOCTYPE a [<!ENTITY x \"y\">]>" + wrap("<value>a</value>"), "error"},
             {"unknown element", wrap("<value><date>a</date></value>"), "error"},
             {"unclosed", "<methodResponse><params><param><value>", "error"},
             {"after the end", wrap("<value>a</value>") + "x", "error"},
             {"deep", wrap(deep), "error"},
             {"nothing", "", "error"},
             {"html", "<html><body>hi</body></html>", "error"},
             {"large", std::string(2 << 20, ' '), "error"},
         }) {
        const auto parsed = parse_xmlrpc(row.text);
        EXPECT_EQ(parsed.ok() ? parsed.value().value.dump() : "error", row.value) << row.why;
    }
    EXPECT_EQ(
        xmlrpc_call("a.b", {"<&>"}),
        "<?xml "
        "version='1.0'?><methodCall><methodName>a.b</methodName><params><param><value><string>"
        "&lt;&amp;&gt;</string></value></param></params></methodCall>");
}

TEST(PsText, IsReadStrictly) {
    EXPECT_EQ(parse_ps_time("00:01:02"), 62);
    EXPECT_EQ(parse_ps_time("01:02"), 62);
    EXPECT_EQ(parse_ps_time("1-00:00:01"), 86401);
    for (const char* bad : {"", "a", "1:2:3:4", "1-", "-1", "1:-2", "99999999999999999999"}) {
        EXPECT_FALSE(parse_ps_time(bad).has_value()) << bad;
    }
    std::string_view rest;
    const auto seen = parse_ps_line("  42 Ssl  100 00:00:05  2048 python3 -m x  ", &rest);
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->id.pid, 42);
    EXPECT_EQ(seen->rss_bytes, 2048.0 * 1024);
    EXPECT_EQ(rest, "python3 -m x");
    for (const char* bad :
         {"", "42", "x S 1 00:01 1", "-1 S 1 00:01 1", "1 S 1 00:01 -5", "1 S x 00:01 1"}) {
        EXPECT_FALSE(parse_ps_line(bad).has_value()) << bad;
    }
}

}  // namespace
}  // namespace ops
