// Words, placeholders, hosts: from a command's text to the argv that runs.
#include "runbook/command.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runbook/builtin.h"
#include "runbook/words.h"

namespace ops {
namespace {

constexpr const char* kSmallCompany = R"(
hosts:
  - {name: alien, local: true}
  - {name: pc, ssh: ops@pc.lan}
  - {name: router, check: {tcp: "127.0.0.1:80"}}
services:
  - name: worker_{3..3}
    group: worker
    host: pc
    check: {supervisor: "worker_{n}"}
    restart: ssh pc 'supervisorctl restart worker_{name}'
  - {name: litellm, check: {systemd: litellm}, restart: "systemctl restart {service}"}
  - {name: x, host: router, check: {systemd: x}}
signals:
  - {name: revenue, command: ./revenue}
)";

Inventory small_company() {
    Problems problems;
    Settings settings = read_settings_leniently({{"f", kSmallCompany}}, {}, problems);
    EXPECT_EQ(problems.print(), "");
    // No configuration makes such values; if something else ever does, they are refused all the
    // same.
    settings.inventory.services.back().own_name = "-rf /";
    settings.inventory.services.back().group = "a b";
    return settings.inventory;
}

CommandText parsed(std::string_view text, Shell shell = Shell::no) {
    const Inventory inventory = small_company();
    std::vector<CommandIssue> issues;
    return parse_command(text, shell, &inventory, issues);
}

TEST(SplitWords, AsAShellWould) {
    struct Row {
        std::string_view text;
        std::vector<std::string> words;
        std::string_view why;
    };
    const std::vector<Row> rows = {
        {"a b  c", {"a", "b", "c"}, "blanks separate"},
        {"  a\tb ", {"a", "b"}, "tabs too, and the ends do not count"},
        {"'a b' \"c d\"", {"a b", "c d"}, "quotes hold together"},
        {"a'b'\"c\"d", {"abcd"}, "quotes inside a word"},
        {"'' \"\"", {"", ""}, "empty words are words"},
        {"a\\ b", {"a b"}, "a backslash quotes one character"},
        {"'a\\b'", {"a\\b"}, "but nothing between single quotes"},
        {R"("a\"b\\c\$d\e")", {R"(a"b\c$d\e)"}, "and four between double quotes"},
        {"'a;b' \"a|b\" a\\;b", {"a;b", "a|b", "a;b"}, "operators inside quotes are text"},
        {"a=b --c=d", {"a=b", "--c=d"}, "an equals sign behind the first word"},
        {"x a#b a~b",
         {"x", "a#b", "a~b"},
         "these signs begin something only at the start of a word"},
        {"ls a]b [x", {"ls", "a]b", "[x"}, "half a bracket is a bracket"},
        {"uniçode '日 本'", {"uniçode", "日 本"}, "characters of several bytes"},
        {"a\n", {"a"}, "the newline at a YAML block's end"},
        {"", {}, "nothing"},
    };
    for (const Row& row : rows) {
        const SplitWords split = split_words(row.text);
        if (row.why != "an equals sign behind the first word") {
            EXPECT_TRUE(split.problems.empty()) << row.why << ": " << row.text;
        }
        EXPECT_EQ(split.words, row.words) << row.why;
    }
}

TEST(SplitWords, PointsAtEveryOperator) {
    struct Row {
        std::string_view text;
        std::vector<size_t> offsets;
    };
    const std::vector<Row> rows = {
        {"a && b || c", {2, 7}}, {"a | b", {2}},     {"a; b", {1}},     {"a &", {2}},
        {"a > b", {2}},          {"a 2>&1", {3, 4}}, {"(a)", {0, 2}},   {"echo $x", {5}},
        {"echo `a`", {5, 7}},    {"ls *", {3}},      {"ls a?", {4}},    {"a\nb", {1}},
        {"ls ~", {3}},           {"# a", {0}},       {"A=b c", {0}},    {"ls [ab]", {3}},
        {"echo \"$x\"", {6}},    {"echo 'a", {5}},   {"echo \"a", {5}}, {"a\\", {1}},
        {"a <<< b", {2, 4}},
    };
    for (const Row& row : rows) {
        std::vector<size_t> offsets;
        for (const expr::Problem& problem : split_words(row.text).problems)
            offsets.push_back(problem.offset);
        EXPECT_EQ(offsets, row.offsets) << row.text;
    }
}

// What /bin/sh itself makes of a command, one argument a line. This room may not use io/.
std::string shell_says(const std::string& command) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return "?";
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::string script = "printf '%s\\n' " + command;
    std::string shell = "/bin/sh", option = "-c";
    const std::array<char*, 4> argv = {shell.data(), option.data(), script.data(), nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, "/bin/sh", &actions, nullptr, argv.data(), nullptr);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(ends[0], buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<size_t>(count));
    }
    ::close(ends[0]);
    int status = 1;
    if (failed == 0) ::waitpid(child, &status, 0);
    return status == 0 ? text : "?";
}

TEST(SplitWords, AgreesWithARealShell) {
    const std::vector<std::string> commands = {
        R"(a 'b c' "d e" f\ g)",
        R"('it'\''s' "a\"b" x"y"'z')",
        R"(-- --a=b a,b:c@d%e+f)",
        R"("a\\b" 'a\b' a\\b)",
        R"('' "" x)",
        R"(a]b '[x]' "*")",
    };
    for (const std::string& command : commands) {
        std::string ours;
        for (const std::string& word : split_words(command).words) ours += word + "\n";
        EXPECT_EQ(ours, shell_says(command)) << command;
    }
}

RC_GTEST_PROP(QuoteForShell, IsReadBackUnchanged, (const std::vector<std::string>& words)) {
    std::string command;
    for (const std::string& word : words)
        command += (command.empty() ? "" : " ") + quote_for_shell(word);
    const SplitWords split = split_words(command);
    std::vector<std::string> wanted = words;
    // A newline at the very end is taken for that of a YAML block; inside quotes there is none.
    RC_ASSERT(split.problems.empty());
    RC_ASSERT(split.words == wanted);
}

TEST(QuoteForShell, ARealShellReadsItBack) {
    for (const std::string word :
         {"a b", "it's", "$HOME `x` \"y\"", "a\\b", "*", "~", "-n", "", "a;b|c&d", "a\tb"}) {
        EXPECT_EQ(shell_says(quote_for_shell(word)), word + "\n") << word;
    }
}

TEST(FillIn, PutsValuesOfTheInventory) {
    struct Row {
        std::string_view command, target, text;
    };
    const std::vector<Row> rows = {
        {"echo {name} {service} {host} {group} {n}", "worker_3", "echo 3 worker_3 pc worker 3"},
        {"echo w{name}w", "worker_3", "echo w3w"},
        {"echo {name} {service}", "litellm", "echo litellm litellm"},
        {"echo {host} {name}", "pc", "echo pc pc"},
        {"echo {{name}} '{ name }' {}", "worker_3", "echo {{name}} '{ name }' {}"},
        {"ssh {host} 'echo {n}'", "worker_3", "ssh pc 'echo 3'"},
    };
    for (const Row& row : rows) {
        const Result<CommandLine> line = fill_in(parsed(row.command), row.target, small_company());
        ASSERT_TRUE(line.ok()) << row.command << ": " << line.error().message;
        EXPECT_EQ(line.value().text, row.text);
    }
}

TEST(FillIn, RefusesWhatMayNotBeFilled) {
    struct Row {
        std::string_view command, target;
        Fault fault;
        std::string_view message;
    };
    const std::vector<Row> rows = {
        {"echo {group}", "litellm", Fault::denied, "'{group}' has no value for 'litellm'"},
        {"echo {n}", "litellm", Fault::denied, "'{n}' has no value for 'litellm'"},
        {"echo {host}", "litellm", Fault::denied, "'{host}' has no value for 'litellm'"},
        {"ssh {host} ls", "litellm", Fault::denied, "'{host}' has no value for 'litellm'"},
        {"echo {service}", "pc", Fault::denied, "'{service}' has no value for 'pc'"},
        {"echo {group}", "revenue", Fault::denied, "'{group}' has no value for 'revenue'"},
        {"echo {name}", "x", Fault::denied,
         "the value of '{name}' for 'x' may not stand in a command"},
        {"echo {group}", "x", Fault::denied,
         "the value of '{group}' for 'x' may not stand in a command"},
        {"ssh {host} ls", "x", Fault::denied, "the host 'router' has no 'ssh' destination"},
        {"echo", "nobody", Fault::not_found, "there is no 'nobody' in the configuration"},
    };
    for (const Row& row : rows) {
        const Result<CommandLine> line = fill_in(parsed(row.command), row.target, small_company());
        ASSERT_FALSE(line.ok()) << row.command;
        EXPECT_EQ(line.error().fault, row.fault) << row.command;
        EXPECT_EQ(line.error().message, row.message);
    }
}

TEST(FillIn, RunsHereOrThere) {
    const Inventory inventory = small_company();
    const auto argv = [&](std::string_view command, std::string_view target) {
        return fill_in(parsed(command), target, inventory).value();
    };
    EXPECT_EQ(argv("ls /x", "worker_3").argv, (std::vector<std::string>{"ls", "/x"}));
    EXPECT_EQ(argv("ls /x", "worker_3").host, "alien");
    EXPECT_EQ(argv("ssh alien 'ls /x'", "worker_3").argv, (std::vector<std::string>{"ls", "/x"}));
    // By its name or by its destination, a host is the same host.
    for (const std::string_view command : {"ssh pc 'ls \"a b\"'", "ssh ops@pc.lan 'ls \"a b\"'"}) {
        const CommandLine line = argv(command, "worker_3");
        EXPECT_EQ(line.host, "pc") << command;
        const std::vector<std::string> tail(line.argv.end() - 4, line.argv.end());
        EXPECT_EQ(tail, (std::vector<std::string>{"--", "ops@pc.lan", "ls", "'a b'"})) << command;
        EXPECT_EQ(line.argv[0], "ssh");
        const auto has = [&](std::string_view option) {
            return std::find(line.argv.begin(), line.argv.end(), option) != line.argv.end();
        };
        EXPECT_TRUE(has("BatchMode=yes"));
        EXPECT_TRUE(has("StrictHostKeyChecking=yes"));
        EXPECT_TRUE(has("ControlMaster=auto"));
    }
    EXPECT_EQ(argv("ssh elsewhere ls", "worker_3").host, "elsewhere");
}

TEST(FillIn, KeepsAScriptWhole) {
    const Inventory inventory = small_company();
    const CommandLine here =
        fill_in(parsed("cd /srv && ls *.log # {name}", Shell::yes), "worker_3", inventory).value();
    EXPECT_EQ(here.argv, (std::vector<std::string>{"/bin/sh", "-c", "cd /srv && ls *.log # 3"}));
    const CommandLine there =
        fill_in(parsed("ssh pc 'cd /srv && ls *.log'", Shell::yes), "worker_3", inventory).value();
    const std::vector<std::string> tail(there.argv.end() - 4, there.argv.end());
    EXPECT_EQ(tail,
              (std::vector<std::string>{"ops@pc.lan", "/bin/sh", "-c", "'cd /srv && ls *.log'"}));
}

TEST(FillIn, TheRestartOfATarget) {
    const Inventory inventory = small_company();
    CommandText own;
    own.restart_target = true;
    EXPECT_EQ(fill_in(own, "worker_3", inventory).value().text,
              "ssh pc 'supervisorctl restart worker_3'");
    EXPECT_EQ(fill_in(own, "litellm", inventory).value().argv,
              (std::vector<std::string>{"systemctl", "restart", "litellm"}));
    EXPECT_EQ(fill_in(own, "pc", inventory).error().fault, Fault::denied);
    // Of another service the values are its own, whatever the incident's target is.
    const CommandText other = restart_command(*inventory.find_service("worker_3"));
    EXPECT_EQ(fill_in(other, "litellm", inventory).value().text,
              "ssh pc 'supervisorctl restart worker_3'");
}

TEST(BuiltinRestart, IsTheSameEverywhere) {
    const Inventory inventory = small_company();
    const Runbook empty;
    const auto entry = find_entry(empty, inventory, kBuiltinRestart, "worker_3");
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(entry->sha256, builtin_restart(*inventory.find_service("worker_3")).sha256);
    EXPECT_NE(entry->sha256, builtin_restart(*inventory.find_service("litellm")).sha256);
    EXPECT_EQ(entry->effect, Effect::idempotent);
    EXPECT_EQ(entry->risk, Risk::low);
    Service stopping = *inventory.find_service("litellm");
    stopping.restart = "sh -c 'systemctl stop litellm; systemctl start litellm'";
    EXPECT_EQ(builtin_restart(stopping).risk, Risk::high);
    EXPECT_FALSE(find_entry(empty, inventory, kBuiltinRestart, "x").has_value())
        << "it has no restart";
    EXPECT_FALSE(find_entry(empty, inventory, "other", "worker_3").has_value());
}

}  // namespace
}  // namespace ops
