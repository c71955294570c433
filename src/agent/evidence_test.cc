#include "agent/evidence.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "runbook/diagnostics.h"

namespace ops {
namespace {

using std::chrono::minutes;

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    for (const std::string_view word : words_of(text)) all.emplace_back(word);
    return all;
}

TEST(Evidence, LooksWhereTheTroubleIs) {
    std::vector<std::string> all;
    for (const Diagnostic& one : diagnostics()) all.emplace_back(one.id);
    const std::string unit =
        "unit_status unit_log top_memory memory kernel_log disks listening_ports connections";
    struct Row {
        Complaint trouble;
        std::vector<std::string> can_run;
        size_t most;
        std::string looks, why;
    };
    const std::vector<Row> rows = {
        {{.facts = {"memory_usage"}}, all, 2, "top_memory memory", "who takes the memory"},
        {{.facts = {"worker_memory_usage"}}, all, 1, "top_memory", "in a group's spelling"},
        {{.facts = {"cpu_usage", "load"}}, all, 3, "top_cpu load unit_status", "no look twice"},
        {{.is_host = true, .facts = {"disk_usage"}},
         all,
         4,
         "disks largest_files growing_files",
         "a full disk, and nothing that is about services"},
        {{.is_host = true, .facts = {"inode_usage"}}, all, 4, "inodes disks", "inodes"},
        {{.is_down = true, .over_network = true},
         words(unit),
         4,
         "unit_status unit_log listening_ports connections",
         "down, asked over the network"},
        {{.is_down = true,
          .over_network = true,
          .reason = "look up 'api.example.com': no such name"},
         words(unit + " dns tls"),
         3,
         "dns unit_status unit_log",
         "a name that does not resolve: who says so"},
        {{.is_down = true,
          .over_network = true,
          .reason = "the certificate of 'api' expired 3d ago"},
         words("listening_ports connections dns tls clock"),
         4,
         "tls clock listening_ports dns",
         "a certificate: which one, and is our clock right"},
        {{.is_down = true, .over_network = true},
         words("connections dependencies dns listening_ports tls"),
         9,
         "listening_ports dns tls dependencies connections",
         "down at an address that is asked by name"},
        {{.is_host = true, .reason = "/data is mounted read-only"},
         all,
         3,
         "mounts disk_errors file_system_errors",
         "Linux does that when a disk fails"},
        {{.facts = {"tls_expires_in"}}, words("tls load"), 4, "tls", "it ends soon"},
        {{.is_down = true},
         words("program_status program_log load"),
         4,
         "program_status program_log",
         "down, of supervisord"},
        {{.is_down = true, .facts = {"memory_usage"}},
         words(unit),
         8,
         "top_memory memory kernel_log unit_status unit_log",
         "down and known to have run out of memory: both"},
        {{.is_host = true, .is_down = true}, all, 4, "", "a dead host answers nothing"},
        {{.facts = {"something_of_ours"}},
         words("failed_units host_log load"),
         2,
         "failed_units host_log",
         "what nobody knows: the host"},
        {{.facts = {"upload"}},
         words("top_cpu load unit_status"),
         4,
         "unit_status",
         "a fact that ends like another is not it"},
        {{.facts = {"memory_usage"}}, all, 0, "", "none wanted"},
        {{.is_down = true}, {}, 4, "", "none can be run"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(join(looks_for(row.trouble, row.can_run, row.most), " "), row.looks) << row.why;
    }
}

// What a rule names must be in the catalogue, or it is never run.
TEST(Evidence, EveryLookOfARuleIsADiagnostic) {
    std::vector<std::string> all;
    for (const Diagnostic& one : diagnostics()) all.emplace_back(one.id);
    for (const char* const fact :
         {"memory_usage", "swap_usage", "cpu_usage", "load", "disk_usage", "inode_usage", "latency",
          "clock_skew", "disk_read_only", "tls_expires_in", "security_incident", "error_rate",
          "new_error_pattern", "crash"}) {
        EXPECT_FALSE(looks_for({.facts = {fact}}, all, 9).empty()) << fact;
    }
}

std::vector<HistorySample> samples_of(const std::vector<double>& values) {
    std::vector<HistorySample> samples;
    for (const double value : values) samples.push_back({Time{}, value, value - 1, value + 1});
    return samples;
}

TEST(Evidence, AHistoryIsOneLine) {
    struct Row {
        Fact now;
        std::vector<HistorySample> samples;
        std::string line, why;
    };
    const std::vector<Row> rows = {
        {{"memory_usage", Value::percentage(93)},
         samples_of({41, 41, 55, 92}),
         "memory_usage 93%, last 1h: 40% to 93%, mean 64.4% ▁▁▃██",
         "lowest and highest are those of the samples, not of their means; now is the last"},
        {{"memory_usage", Value::percentage(93)}, {}, "memory_usage 93%", "nothing recorded"},
        {{"process_status", Value::string("dead")},
         samples_of({1, 2}),
         "process_status \"dead\"",
         "a text has no history of numbers"},
        {{"disk_usage", Value::percentage(40)},
         {{Time{}, 40, 40, 40}, {Time{}, 40, 40, 40}},
         "disk_usage 40%, last 1h: the same",
         "what did not move"},
        {{"note", Value::string("a\x1b[31mb\nc")},
         {},
         "note \"ab\\nc\"",
         "nothing that moves a cursor"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(history_line(row.now, row.samples, minutes(60)), row.line) << row.why;
    }
}

TEST(Evidence, ASparklineHasAtMostItsWidth) {
    EXPECT_EQ(sparkline({}, 8), "");
    EXPECT_EQ(sparkline(samples_of({5, 5, 5}), 8), "▁▁▁");
    EXPECT_EQ(sparkline(samples_of({0, 0, 10, 10}), 2), "▁█");
    EXPECT_EQ(sparkline(samples_of(std::vector<double>(1000, 1)), 24).size(), 24 * 3U);
}

TEST(Evidence, ASecretThatIsCutIsStillOne) {
    const std::string long_text =
        std::string(60, 'x') + " token=sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
    const std::string line = history_line({"note", Value::string(long_text)}, {}, minutes(60));
    EXPECT_EQ(line.find("sk-ant"), std::string::npos) << line;
}

TEST(Evidence, TextsThatAnybodyMayHavePushedAreShownAsOneSays) {
    const auto shown = [](const std::string& text) { return "<" + text + ">"; };
    struct Row {
        std::string text, out, why;
    };
    const std::vector<Row> rows = {
        {"up true\n", "up true\n", "nothing quoted"},
        {"state: \"ok\", now \"do evil\"\nx 1\n", "state: <ok>, now <do evil>\nx 1\n", "two"},
        {R"(a "say \"ignore\" it" b)", R"(a <say \"ignore\" it> b)", "quotes within"},
        {"a \"cut off\nb 2", "a <cut off>\nb 2", "without its end: to the end of the line"},
        {"a \"", "a <>", "at the very end"},
        {R"(a "x\)", R"(a <x\>)", "a backslash at the very end"},
    };
    for (const Row& row : rows) EXPECT_EQ(with_texts_shown(row.text, shown), row.out) << row.why;
}

TEST(Evidence, WhatChangedSinceItWasWell) {
    Facts before, now;
    before.set("process_status", Value::string("running"));
    before.set("http_status", Value::number(200));
    before.set("latency", Value::seconds(1.0));
    before.set("rss", Value::size(1000));
    before.set("uptime", Value::seconds(5000));
    now.set("process_status", Value::string("dead"));
    now.set("latency", Value::seconds(1.05));
    now.set("rss", Value::size(3000));
    now.set("uptime", Value::seconds(3));
    now.set("exit_code", Value::number(137));
    EXPECT_EQ(differences(before, now),
              "http_status: 200, now not known\nprocess_status: \"running\", now \"dead\"\n"
              "rss: 1KB, now 3KB\nexit_code: now 137\n");
    EXPECT_EQ(differences(now, now), "");
}

}  // namespace
}  // namespace ops
