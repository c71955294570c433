// Programs that run another one, and which of their words are that one's: from their man pages.
#include <algorithm>
#include <array>

#include "runbook/danger_words.h"

namespace ops {
namespace {

struct Wrapper {
    std::string_view programs;
    ValueOptions values;
    ValueOptions flags;    // options without a word of their own
    size_t operands = 0;   // of its own, before the command
    bool assigns = false;  // NAME=value may stand before the command
};

constexpr auto kWrappers = std::to_array<Wrapper>({
    {"sudo",
     {"CDghpRrtTUu",
      "close-from|chdir|group|host|prompt|chroot|role|type|command-timeout|other-user|user"},
     {"AbBEHiknPSsv",
      "askpass|background|bell|preserve-env|set-home|login|reset-timestamp|non-interactive|"
      "preserve-groups|stdin|shell"},
     0,
     true},
    {"doas", {"Cu", ""}, {"Lns", ""}},
    {"env", {"uC", "unset|chdir"}, {"i0v", "ignore-environment|null|debug"}, 0, true},
    {"nice", {"n", "adjustment"}, {"0123456789", ""}},
    {"ionice", {"cn", "class|classdata"}, {"t", "ignore"}},
    {"nohup", {}, {}},
    {"setsid", {}, {"cfw", "ctty|fork|wait"}},
    {"stdbuf", {"ioe", "input|output|error"}, {}},
    {"timeout", {"ks", "kill-after|signal"}, {"v", "foreground|preserve-status|verbose"}, 1},
    {"chrt",
     {"TPD", "sched-runtime|sched-period|sched-deadline"},
     {"abdfiorRv", "all-tasks|batch|deadline|fifo|idle|other|rr|reset-on-fork|verbose"},
     1},
    {"taskset", {}, {"ac", "all-tasks|cpu-list"}, 1},
    {"time", {"fo", "format|output"}, {"apqv", "append|portability|quiet|verbose"}},
    {"runuser", {"ugG", "user|group|supp-group"}, {"mp", "preserve-environment"}},
    {"chroot", {"", "userspec|groups"}, {"", "skip-chdir"}, 1},
    {"nsenter",
     {"tSGW", "target|setuid|setgid|wdns"},
     {"aimnpuCTUFre", "all|mount|uts|ipc|net|pid|user|cgroup|time|no-fork|root|env"}},
    {"busybox toybox", {}, {}},
    // What a shell has for it.
    {"command builtin eval coproc", {}, {"p", ""}},
    {"exec", {"a", ""}, {"cl", ""}},
});
constexpr Wrapper kDockerExec{"",
                              {"euw", "env|env-file|user|workdir|detach-keys|index"},
                              {"ditT", "detach|interactive|tty|privileged|no-tty|no-TTY|latest"},
                              1,
                              false};
constexpr Wrapper kKubectlExec{
    "",
    {"cnf", "container|namespace|filename|context|kubeconfig|cluster|pod-running-timeout"},
    {"itq", "stdin|tty|quiet"},
    1,
    false};
constexpr Wrapper kXargs{
    "",
    {"adEILnPs",
     "arg-file|delimiter|max-lines|max-args|max-procs|max-chars|replace|process-slot-var"},
    {"0eilprtxo", "null|interactive|no-run-if-empty|verbose|exit|open-tty|show-limits"}};

// How many words the option at words[0] is; nothing when it is not known.
std::optional<size_t> length_of_option(const Wrapper& wrapper, Words words) {
    const std::string_view word = words[0];
    if (word.starts_with("--")) {
        const size_t equals = word.find('=');
        const bool attached = equals != std::string_view::npos;
        const std::string_view name = word.substr(2, attached ? equals - 2 : equals);
        if (is_one_of(wrapper.values.names, name, '|')) return attached ? 1 : 2;
        if (is_one_of(wrapper.flags.names, name, '|')) return 1;
        return std::nullopt;
    }
    for (size_t i = 1; i < word.size(); ++i) {
        if (wrapper.values.letters.find(word[i]) != std::string_view::npos) {
            return i + 1 == word.size() ? 2 : 1;
        }
        if (wrapper.flags.letters.find(word[i]) == std::string_view::npos) return std::nullopt;
    }
    return 1;
}

bool is_assignment(std::string_view word) {
    const size_t equals = word.find('=');
    return equals != std::string_view::npos && equals > 0 &&
           word.substr(0, equals).find('/') == std::string_view::npos;
}

Wrapped unwrap_with(const Wrapper& wrapper, Words words) {
    const Words all = words;
    while (!words.empty() && words[0].size() > 1 && words[0][0] == '-') {
        if (words[0] == "--") {
            words = words.subspan(1);
            break;
        }
        const std::optional<size_t> length = length_of_option(wrapper, words);
        if (!length) return {.inner = all, .is_certain = false};
        words = words.subspan(std::min(*length, words.size()));
    }
    // env - rm: an empty environment.
    while (wrapper.assigns && !words.empty() && (words[0] == "-" || is_assignment(words[0]))) {
        words = words.subspan(1);
    }
    return {.inner = words.subspan(std::min(wrapper.operands, words.size()))};
}

Wrapped within(Wrapped wrapped) {
    wrapped.in_container = true;
    return wrapped;
}

// kubectl exec POD [-c NAME] -- COMMAND, and as it was once: kubectl exec POD COMMAND.
Wrapped unwrap_kubectl(Words words) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    if (dashes == words.end()) return within(unwrap_with(kKubectlExec, words));
    return within({.inner = words.subspan(static_cast<size_t>(dashes - words.begin()) + 1)});
}

// find -exec COMMAND {} ; and the like. Of several the words of all are looked at.
Wrapped unwrap_find(Words arguments) {
    Wrapped wrapped{.inner = {}, .least = {Effect::once, Risk::high, Effect::once}, .many = true};
    const auto runs = [](const std::string& word) {
        return is_one_of("-exec -execdir -ok -okdir", word);
    };
    const auto first = std::find_if(arguments.begin(), arguments.end(), runs);
    const auto start = first + 1;
    const auto end = std::find_if(
        start, arguments.end(), [](const std::string& word) { return word == ";" || word == "+"; });
    wrapped.is_certain = std::find_if(start, arguments.end(), runs) == arguments.end();
    wrapped.inner = {start, wrapped.is_certain ? end : arguments.end()};
    return wrapped;
}

// docker [container|compose] exec, ip netns exec, kubectl exec.
std::optional<Wrapped> unwrap_exec(std::string_view program, Words arguments) {
    const std::vector<size_t> operands = operands_of(program, arguments);
    const auto is = [&](size_t at, std::string_view word) {
        return at < operands.size() && arguments[operands[at]] == word;
    };
    const auto after = [&](size_t at) {
        return at < operands.size() ? arguments.subspan(operands[at] + 1) : Words{};
    };
    if (program == "kubectl" && is(0, "exec")) return unwrap_kubectl(after(0));
    if (is_one_of("docker podman docker-compose", program)) {
        if (is(0, "exec")) return within(unwrap_with(kDockerExec, after(0)));
        if (is(0, "container") && is(1, "exec")) {
            return within(unwrap_with(kDockerExec, after(1)));
        }
        if (!is(0, "compose")) return std::nullopt;
        return unwrap_exec("docker-compose", after(0));
    }
    if (program == "ip" && operands.size() > 1 && is(1, "exec")) {
        const bool all = std::any_of(arguments.begin(), arguments.end(), [](const auto& word) {
            return word == "-a" || word == "-all" || word == "--all";
        });
        return Wrapped{.inner = after(all ? 1 : 2)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Wrapped> unwrap(Words words) {
    const std::string_view program = base_name(words[0]);
    const Words arguments = words.subspan(1);
    // Without -u it is as su is: runuser ops -c 'rm -rf x'.
    if (program == "runuser" &&
        std::none_of(arguments.begin(), arguments.end(), [](const std::string& word) {
            return word.starts_with("-u") || word.starts_with("--user");
        })) {
        return Wrapped{.inner = arguments, .is_certain = false};
    }
    for (const Wrapper& wrapper : kWrappers) {
        if (is_one_of(wrapper.programs, program)) return unwrap_with(wrapper, arguments);
    }
    if (program == "xargs") {
        Wrapped wrapped = unwrap_with(kXargs, arguments);
        wrapped.least = {Effect::once, Risk::medium, Effect::read};
        wrapped.many = true;
        return wrapped;
    }
    if (program == "find" &&
        std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
            return is_one_of("-exec -execdir -ok -okdir", word);
        })) {
        return unwrap_find(arguments);
    }
    // Where the command begins is not worked out.
    if (is_one_of("su ssh flock watch systemd-run unshare setpriv script at batch parallel strace "
                  "ltrace chpst softlimit s6-setuidgid gosu su-exec tini dumb-init firejail lxc "
                  "pct start-stop-daemon daemonize screen tmux proot fakeroot pkexec machinectl "
                  "systemd-nspawn systemd-inhibit numactl cgexec prlimit trickle unbuffer cset",
                  program)) {
        return Wrapped{.inner = arguments, .is_certain = false};
    }
    return unwrap_exec(program, arguments);
}

}  // namespace ops
