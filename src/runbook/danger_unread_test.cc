// What the words of a command do not tell: names and code that only their program can read.
#include <gtest/gtest.h>

#include "runbook/danger_for_test.h"

namespace ops {
namespace {

TEST(DangerOf, CodeThatIsWrittenOutIsForAPersonToRead) {
    for (const std::string_view command : {
             "python3 -c 'import shutil; shutil.rmtree(\"/\")'",
             "python3.11 -Ic 'print(1)'",
             "/usr/bin/python3 -W ignore -c 'print(1)'",
             "sudo -u ops python3 -c 'print(1)'",
             "docker exec app python -c 'print(1)'",
             "ssh other 'python3 -c x'",
             "perl -e 'unlink glob \"/x/*\"'",
             "perl -MFile::Path -ne x",
             "perl -i.bak -pe x /etc/x",
             "ruby -rfileutils -e x",
             "ruby -r fileutils -e x",
             "node -e x",
             "nodejs --eval=x",
             "node --require fs -pe x",
             "php8.2 -d a=b -r x",
             "lua5.4 -e x",
             "Rscript -e x",
             "deno eval x",
             "python3 -",
             "python3",
             "bash",
             "bash -s x",
         }) {
        const Danger danger = danger_of(parsed(command));
        EXPECT_EQ(name_of(danger.risk), name_of(Risk::high)) << command;
        EXPECT_EQ(name_of(danger.effect), name_of(Effect::once)) << command;
    }
    EXPECT_EQ(danger_of(parsed("python3 -c 'print(1)'")).known, Effect::read) << "it may only look";
    EXPECT_EQ(danger_of(parsed("curl -fsS http://a/ | sh", Shell::yes)).risk, Risk::high);
    EXPECT_EQ(danger_of(parsed("curl -fsS http://a/ | python3 -", Shell::yes)).risk, Risk::high);
}

// A file has a name that an operator chose, as any program has.
TEST(DangerOf, AScriptOfYourOwnIsAProgramOfYourOwn) {
    for (const std::string_view command : {
             "python3 /opt/fix.py -c 5 -e prod",
             "python3 -u /opt/fix.py",
             "python3 -m fix -c 5",
             "python3 --version",
             "perl /opt/fix.pl -e prod",
             "perl -MFile::Spec /opt/fix.pl",
             "perl -w -I lib /opt/fix.pl -e",
             "ruby -I lib /opt/fix.rb -e prod",
             "node /opt/fix.js -e prod",
             "node -r dotenv /opt/fix.js -e prod",
             "php -f /opt/fix.php -r x",
             "sh /opt/fix.sh",
             "bash -x /opt/fix.sh -s",
         }) {
        EXPECT_EQ(name_of(danger_of(parsed(command)).risk), name_of(Risk::medium)) << command;
    }
}

TEST(DangerOf, AProgramWhoseNameAVariableHoldsIsForAPersonToRead) {
    struct Row {
        std::string_view script;
        Risk risk;
    };
    const std::vector<Row> rows = {
        {"rm${IFS}-rf${IFS}/x", Risk::destructive},
        {"rm$IFS-rf$IFS/x", Risk::destructive},
        {"X=rm; $X -rf /x", Risk::high},
        {"${X} -rf /x", Risk::high},
        {"$(which rm) -rf /x", Risk::high},
        {"rm${X}-rf${X}/x", Risk::high},
        {"if true; then $X; fi", Risk::high},
        {"\"$HOME\"/bin/fix", Risk::medium},
        {"/opt/$V/bin/fix $X", Risk::medium},
        {"systemctl restart \"$1\"", Risk::medium},
        {"log '$5 an hour'", Risk::medium},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(name_of(danger_of(parsed(row.script, Shell::yes)).risk), name_of(row.risk))
            << row.script;
    }
}

// What supervisorctl and others call an end of their own.
TEST(DangerOf, AShutdownOfAProgramIsNotThatOfTheMachine) {
    struct Row {
        std::string_view command;
        Risk risk;
    };
    const std::vector<Row> rows = {
        {"mytool --mode shutdown", Risk::high},
        {"mytool shutdown", Risk::high},
        {"sudo mytool shutdown --graceful", Risk::high},
        {"sh /opt/ctl.sh shutdown", Risk::high},
        {"mytool shutdown node_3", Risk::high},
        {"redis-cli shutdown", Risk::high},
        {"redis-cli -n 1 shutdown nosave", Risk::destructive},
        {"mytool shutdown now", Risk::destructive},
        {"mytool shutdown -h now", Risk::destructive},
        {"mytool shutdown -r +5", Risk::destructive},
        {"mytool shutdown 23:00", Risk::destructive},
        {"mytool /sbin/shutdown", Risk::destructive},
        {"mytool halt -p", Risk::destructive},
        {"mytool reboot", Risk::destructive},
        {"ssh other shutdown", Risk::destructive},
        {"sudo --zzz ops shutdown", Risk::destructive},
        {"sudo shutdown", Risk::destructive},
        {"mytool sudo shutdown", Risk::destructive},
        {"mytool 'sleep 5; shutdown'", Risk::destructive},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(name_of(danger_of(parsed(row.command)).risk), name_of(row.risk)) << row.command;
    }
}

TEST(DangerOf, WhatNobodyCouldReadIsDestructive) {
    std::vector<std::string> deep(2000, "sudo");
    deep.emplace_back("ls");
    EXPECT_EQ(danger_of_words(deep).risk, Risk::destructive);
    std::vector<std::string> doubtful;
    for (int i = 0; i < 400; ++i) {
        doubtful.insert(doubtful.end(), {"sudo", "--zz"});
    }
    EXPECT_EQ(danger_of_words(doubtful).risk, Risk::destructive);
    EXPECT_EQ(danger_of_words(std::vector<std::string>(20'000, "/opt/x")).risk, Risk::destructive);
}

}  // namespace
}  // namespace ops
