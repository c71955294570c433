#include "cli/starter.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/text.h"

namespace ops {
namespace {

// Units that belong to the system itself; watching them tells a founder nothing.
constexpr auto kSystemUnits = std::to_array<std::string_view>({"systemd-",
                                                               "getty@",
                                                               "serial-getty@",
                                                               "user@",
                                                               "user-runtime-dir@",
                                                               "dbus",
                                                               "polkit",
                                                               "ssh",
                                                               "sshd",
                                                               "udisks2",
                                                               "packagekit",
                                                               "accounts-daemon",
                                                               "rsyslog",
                                                               "networking",
                                                               "NetworkManager",
                                                               "ModemManager",
                                                               "wpa_supplicant",
                                                               "unattended-upgrades",
                                                               "console-",
                                                               "kmod",
                                                               "upower",
                                                               "rtkit",
                                                               "colord",
                                                               "ops-agent"});

bool is_of_the_system(std::string_view unit) {
    return std::any_of(kSystemUnits.begin(), kSystemUnits.end(),
                       [&](std::string_view prefix) { return unit.starts_with(prefix); });
}

// A name that may stand in the configuration.
std::string safe_name(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return !is_safe_word("a" + std::string(1, c)); },
        '-');
    while (!text.empty() && text.front() == '-') text.erase(0, 1);
    return text.empty() ? "service" : text;
}

// Names are one space: hosts and services.
std::string unique_name(const std::string& wanted, std::set<std::string>& taken) {
    std::string name = safe_name(wanted);
    for (int number = 2; !taken.insert(name).second; ++number)
        name = safe_name(wanted) + "-" + std::to_string(number);
    return name;
}

// Goes between quotes of YAML and into a command: anything but these characters is left out of a
// starter.
bool is_plain(const std::string& name) {
    return !name.empty() && name.front() != '-' &&
           name.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._:-") ==
               std::string::npos;
}

std::string service_lines(const std::string& name, const std::string& check,
                          const std::string& restart) {
    std::string out = "  - name: " + name + "\n    host: local\n    check: {" + check + "}\n";
    if (!restart.empty()) out += "    restart: \"" + restart + "\"\n";
    return out;
}

}  // namespace

std::vector<std::string> units_of(const std::string& list_units) {
    std::vector<std::string> units;
    for (const std::string_view line : split(list_units, '\n')) {
        const auto words = words_of(line);
        if (words.empty() || !words[0].ends_with(".service")) continue;
        const std::string unit(words[0].substr(0, words[0].size() - 8));
        if (!is_of_the_system(unit) && is_safe_word(safe_name(unit))) units.push_back(unit);
    }
    return units;
}

// What was stopped, or ended by itself and may, is as somebody wants it: a restart would start it.
SupervisedPrograms programs_of(const std::string& supervisor_status) {
    static const std::set<std::string_view> kRunning = {"RUNNING", "STARTING", "BACKOFF", "FATAL",
                                                        "UNKNOWN"};
    static const std::set<std::string_view> kStopped = {"STOPPED", "EXITED", "STOPPING"};
    SupervisedPrograms programs;
    for (const std::string_view line : split(supervisor_status, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2) continue;
        if (kRunning.contains(words[1])) programs.running.emplace_back(words[0]);
        if (kStopped.contains(words[1])) programs.stopped.emplace_back(words[0]);
    }
    return programs;
}

std::string starter_config(const FoundMachine& machine) {
    std::set<std::string> taken = {"local", "access", "auth"};
    std::string services;
    std::string left_out;
    std::set<std::string> watched_programs;
    for (const std::string& unit : machine.units) {
        if (!is_plain(unit)) continue;
        services += service_lines(unique_name(unit, taken), "systemd: \"" + unit + ".service\"",
                                  "systemctl restart " + unit + ".service");
        watched_programs.insert(unit);
    }
    for (const std::string& program : machine.programs) {
        if (!is_plain(program)) continue;
        const size_t colon = program.find(':');
        services += service_lines(
            unique_name(colon == std::string::npos ? program : program.substr(colon + 1), taken),
            "supervisor: \"" + program + "\", via: \"" + machine.supervisor_url + "\"",
            "supervisorctl restart " + program);
    }
    for (const std::string& program : machine.stopped_programs) {
        if (!is_plain(program)) continue;
        left_out += "# supervisord's " + program + " does not run: left out\n";
    }
    for (const FoundPort& port : machine.ports) {
        const std::string at = "127.0.0.1:" + std::to_string(port.port);
        if (port.port == 22 || port.program == "sshd" || port.program == "ops-agent") continue;
        const std::string base = port.program.empty()
                                     ? "port-" + std::to_string(port.port)
                                     : port.program + "-" + std::to_string(port.port);
        services += service_lines(
            unique_name(base, taken),
            port.speaks_http
                ? "http: \"http://" + at + "/\", expect: {status: [200, 301, 302, 401, 403, 404]}"
                : "tcp: \"" + at + "\"",
            "");
    }
    return "# Written by 'ops-agent init' from what it found on this machine. Every setting: "
           "docs/configuration.md.\n"
           "agent:\n"
           "  name: " +
           safe_name(machine.host_name) +
           "\n"
           "  mode: ask            # observe: only look; ask: every action needs your yes; auto: "
           "repair by itself\n"
           "  data_dir: ./var\n"
           "  listen: 127.0.0.1:8321\n"
           "  runbook: runbook.yaml\n"
           "hosts:\n"
           "  - {name: local, local: true}\n" +
           (services.empty() ? "# Nothing was found to watch but the machine itself. For example:\n"
                               "# services:\n"
                               "#   - name: website\n"
                               "#     check: {http: \"http://127.0.0.1:8080/health\"}\n"
                               "#     restart: \"systemctl restart website\"\n"
                             : "services:\n" + services) +
           left_out +
           "# New ports, accounts and ssh keys, and logins that follow on many failures: "
           "docs/security.md.\n"
           "signals:\n"
           "  - {name: access, access: {}, every: 1m}\n" +
           (machine.auth_log.empty() ? std::string()
                                     : "logs:\n  - {name: auth, " + machine.auth_log + "}\n") +
           "# Where you are told. Without a channel, alerts go to the log.\n"
           "# channels:\n"
           "#   - {name: mail, email: {to: you@example.com, from: ops@example.com, smtp: "
           "\"smtp://127.0.0.1:25\"}}\n";
}

std::string starter_runbook(const FoundMachine& machine) {
    std::string out =
        "# What can go wrong and what to do about it: docs/runbook.md; more entries to copy from "
        "are in runbooks/.\n"
        "common_issues:\n"
        "  - name: \"Disk space critical\"\n"
        "    symptoms:\n"
        "      - disk_usage > 90%\n"
        "    for: 1m\n"
        "    auto_resolve:\n";
    // Nothing that anybody would miss: one person's yes is enough for it, and mode auto needs none.
    out += machine.units.empty() ? "      - command: \"apt-get clean\"\n"
                                 : "      - command: \"journalctl --vacuum-time=3d\"\n";
    out +=
        "      - verify: disk_usage < 90%\n"
        "      - alert_if: disk_usage > 95%\n"
        "tests:\n"
        "  - name: a full disk is cleaned\n"
        "    given: {host: local, disk_usage: 92%}\n"
        "    expect: {entry: \"Disk space critical\"}\n"
        "  - name: a roomy disk is left alone\n"
        "    given: {host: local, disk_usage: 40%}\n"
        "    expect: {entry: none}\n";
    return out;
}

}  // namespace ops
