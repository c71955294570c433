// Of any command: nothing that runs it makes it look less dangerous.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runbook/danger_for_test.h"
#include "runbook/words.h"

namespace ops {
namespace {

// Each takes a command and runs it: as words, or as a text in one word.
std::vector<std::string> wrapped(std::vector<std::string> words, int how) {
    static const std::vector<std::vector<std::string>> kBefore = {
        {"sudo"},
        {"sudo", "-n"},
        {"sudo", "-iu", "ops"},
        {"sudo", "--user", "ops"},
        {"sudo", "-u", "ops", "--"},
        {"sudo", "--zzz", "ops"},
        {"doas"},
        {"doas", "-u", "ops"},
        {"env"},
        {"env", "-i", "A=b"},
        {"nice"},
        {"nice", "-n", "5"},
        {"nice", "-5"},
        {"timeout", "5"},
        {"timeout", "-k", "1", "-s", "KILL", "5m"},
        {"nohup"},
        {"setsid", "-f"},
        {"ionice", "-c2", "-n", "7"},
        {"ionice", "-t"},
        {"chroot", "/srv"},
        {"docker", "exec", "c"},
        {"docker", "exec", "-it", "-u", "root", "c"},
        {"docker", "compose", "exec", "-T", "c"},
        {"docker", "run", "--rm", "alpine"},
        {"podman", "exec", "c"},
        {"kubectl", "exec", "p", "--"},
        {"kubectl", "-n", "a", "exec", "-it", "p", "-c", "b", "--"},
        {"ssh", "h"},
        {"ssh", "-p", "22", "h"},
        {"xargs"},
        {"xargs", "-0", "-n", "1"},
        {"find", "/x", "-exec"},
        {"systemd-run", "--wait"},
        {"systemd-run", "-p", "A=b"},
        {"flock", "/run/x"},
        {"flock", "-n", "/run/x"},
        {"watch"},
        {"watch", "-n", "5"},
        {"busybox"},
        {"stdbuf", "-oL"},
        {"chrt", "-i", "0"},
        {"taskset", "1"},
        {"time", "-p"},
        {"runuser", "-u", "ops", "--"},
        {"nsenter", "-t", "1", "-m"},
        {"ip", "netns", "exec", "b"},
        {"unshare", "-m"},
        {"strace", "-f"},
        {"/opt/some-wrapper"},
        {"/opt/some-wrapper", "-x", "y"},
    };
    static const std::vector<std::vector<std::string>> kText = {
        {"sh", "-c"},
        {"bash", "-lc"},
        {"bash", "-e", "-c"},
        {"bash", "--login", "-c"},
        {"/bin/sh", "-ec"},
        {"bash", "-o", "pipefail", "-c"},
        {"su", "-c"},
        {"su", "-", "ops", "-c"},
        {"ssh", "h"},
        {"flock", "/run/x", "-c"},
        {"watch"},
        {"runuser", "ops", "-c"},
        {"script", "-c"},
        {"docker", "exec", "c", "sh", "-c"},
        {"env", "-S"},
    };
    const size_t at = static_cast<size_t>(how) % (kBefore.size() + kText.size());
    std::vector<std::string> all;
    if (at < kBefore.size()) {
        all = kBefore[at];
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + quote_for_shell(word);
    all = kText[at - kBefore.size()];
    all.push_back(text);
    return all;
}
constexpr int kWays = 200;

RC_GTEST_PROP(DangerOf, NoWrapperLowersIt, ()) {
    static const std::vector<std::vector<std::string>> kCommands = {
        {"rm", "-rf", "/data"},
        {"rm", "-rfvdI", "/data"},
        {"mkfs.ext4", "/dev/sdb"},
        {"dd", "if=/dev/zero", "of=/dev/sda"},
        {"reboot"},
        {"systemctl", "stop", "nginx"},
        {"systemctl", "poweroff"},
        {"systemctl", "start", "reboot.target"},
        {"redis-cli", "-n", "1", "FLUSHALL"},
        {"docker", "volume", "rm", "data"},
        {"docker", "compose", "down", "-v"},
        {"kubectl", "-n", "x", "delete", "ns", "y"},
        {"psql", "-c", "drop table x"},
        {"find", "/data", "-delete"},
        {"git", "reset", "--hard"},
        {"kill", "-9", "-1"},
        {"pkill", "worker"},
        {"ip", "link", "set", "eth0", "down"},
        {"chmod", "-R", "777", "/"},
        {"rsync", "-a", "--delete", "/e/", "/data/"},
        {"sh", "-c", "rm -rf /data"},
        {"truncate", "-s", "0", "/x"},
        {"zfs", "destroy", "p/x"},
    };
    std::vector<std::string> words = *rc::gen::elementOf(kCommands);
    const Danger bare = danger_of_words(words);
    RC_ASSERT(bare.risk >= Risk::high);
    const int times = *rc::gen::inRange(1, 4);
    for (int i = 0; i < times; ++i) {
        words = wrapped(std::move(words), *rc::gen::inRange(0, kWays));
        const Danger danger = danger_of_words(words);
        std::string shown;
        for (const std::string& word : words) shown += "[" + word + "] ";
        RC_LOG() << shown;
        RC_ASSERT(danger.risk >= bare.risk);
        RC_ASSERT(danger.effect >= bare.effect);
        RC_ASSERT(danger.known >= bare.known);
    }
}

RC_GTEST_PROP(DangerOf, WhatIsWrappedIsNotLookingWhenItIsNotBare, (const std::string& rest)) {
    static const std::vector<std::vector<std::string>> kCommands = {
        {"systemctl", "restart", "x"},
        {"curl", "-XPOST", "http://a/"},
        {"sysctl", "a=b"},
        {"date", "-s", "1"},
        {"hostname", "x"},
        {"docker", "restart", "x"},
        {"/opt/fix"},
    };
    std::vector<std::string> words = *rc::gen::elementOf(kCommands);
    if (!rest.empty() && rest.find('\0') == std::string::npos) words.push_back(rest);
    for (int i = 0; i < 3; ++i) {
        words = wrapped(std::move(words), *rc::gen::inRange(0, kWays));
        RC_ASSERT(danger_of_words(words).effect != Effect::read);
    }
}

// Of any words there is an answer, and soon.
RC_GTEST_PROP(DangerOf, ReadsAnything, (std::vector<std::string> words)) {
    static const std::vector<std::string> kWords = {
        "sudo",  "-u",   "sh",          "-c", "xargs",   "docker", "exec",  "find",
        "-exec", "rm",   "-rf",         "--", "kubectl", "ip",     "netns", "env",
        "-",     "--zz", "$(rm -rf x)", "'",  "a b; c",  "-lc",    "ssh"};
    const size_t more = *rc::gen::inRange<size_t>(0, 60);
    for (size_t i = 0; i < more; ++i) {
        words.insert(words.begin() + static_cast<std::ptrdiff_t>(i % (words.size() + 1)),
                     *rc::gen::elementOf(kWords));
    }
    (void)danger_of_words(words);
}

}  // namespace
}  // namespace ops
