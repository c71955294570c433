#include "patterns/header.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

struct Row {
    const char* why;
    const char* line;
    LogLevel level;
    const char* program;
    const char* content;
};

TEST(Header, IsTakenOffEachKnownForm) {
    const Row rows[] = {
        {"RFC 3164 and journalctl's short output",
         "Jan 29 14:30:00 web-1 sshd[123]: Invalid user bob", LogLevel::unknown, "sshd",
         "Invalid user bob"},
        {"without a process id", "Jan  9 04:30:00 web-1 kernel: oom-killer invoked",
         LogLevel::unknown, "kernel", "oom-killer invoked"},
        {"with <PRI>", "<11>Jan 29 14:30:00 h app: it broke", LogLevel::error, "app", "it broke"},
        {"RFC 5424", "<12>1 2026-01-29T14:30:00.003Z h app 1 ID47 [a@1 b=\"x]y\"] slow disk",
         LogLevel::warning, "app", "slow disk"},
        {"RFC 5424 without data", "<165>1 2026-01-29T14:30:00Z h - - - - hello", LogLevel::info, "",
         "hello"},
        {"journalctl -o short-iso", "2026-01-29T14:30:00+0000 h nginx[7]: started",
         LogLevel::unknown, "nginx", "started"},
        {"ISO time alone", "2026-01-29T14:30:00Z disk is full", LogLevel::unknown, "",
         "disk is full"},
        {"an application's colon is no tag", "2026-01-29 14:30:00 worker failed: out of disk",
         LogLevel::unknown, "", "worker failed: out of disk"},
        {"nginx error log", "2026/01/29 14:30:00 [error] 12#12: *3 open() \"/a\" failed",
         LogLevel::error, "", "open() \"/a\" failed"},
        {"Apache error log",
         "[Thu Jan 29 14:30:00.123456 2026] [core:error] [pid 1:tid 2] [client 1.2.3.4:5] AH00037: "
         "x",
         LogLevel::error, "", "AH00037: x"},
        {"old Apache error log", "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok",
         LogLevel::info, "", "workerEnv.init() ok"},
        {"access log",
         "1.2.3.4 - bob [29/Jan/2026:14:30:00 +0000] \"GET /a HTTP/1.1\" 502 157 \"-\" \"curl\"",
         LogLevel::error, "", "\"GET /a HTTP/1.1\" 502 157 \"-\" \"curl\""},
        {"Python's logging", "2026-01-29 14:30:00,123 - app.db - ERROR - no connection",
         LogLevel::error, "app.db", "no connection"},
        {"Python's default", "WARNING:root:nearly full", LogLevel::warning, "root", "nearly full"},
        {"log4j", "2026-01-29 14:30:00,123 INFO  [main] c.e.App - up", LogLevel::info, "c.e.App",
         "up"},
        {"Zookeeper", "2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]@774] - Notification",
         LogLevel::info, "", "Notification"},
        {"glog", "E0129 14:30:00.123456 77 a.cc:12] cannot open", LogLevel::error, "",
         "cannot open"},
        {"logfmt", "time=\"2026-01-29T14:30:00Z\" level=error msg=\"no route\" n=1",
         LogLevel::error, "", "msg=\"no route\" n=1"},
        {"JSON", R"({"level":"error","message":"it \"broke\"","service":"api","n":1})",
         LogLevel::error, "api", "it \"broke\""},
        {"JSON of pino", R"({"level":50,"time":1,"msg":"gone","err":"EPIPE"})", LogLevel::error, "",
         "gone EPIPE"},
        {"JSON without a message is content", R"({"a":1})", LogLevel::unknown, "", R"({"a":1})"},
        {"broken JSON is content", R"({"msg":"a)", LogLevel::unknown, "", R"({"msg":"a)"},
        {"a level alone", "ERROR: cannot bind", LogLevel::error, "", "cannot bind"},
        {"bracketed level", "[WARN] low", LogLevel::warning, "", "low"},
        {"a word is no level", "error while reading", LogLevel::unknown, "", "error while reading"},
        {"nothing known", "Started nginx.service", LogLevel::unknown, "", "Started nginx.service"},
        {"nothing", "", LogLevel::unknown, "", ""},
    };
    for (const Row& row : rows) {
        const LogLine line = strip_header(row.line);
        EXPECT_EQ(name_of(line.level), name_of(row.level)) << row.why;
        EXPECT_EQ(line.program, row.program) << row.why;
        EXPECT_EQ(line.content, row.content) << row.why;
    }
}

}  // namespace
}  // namespace ops
