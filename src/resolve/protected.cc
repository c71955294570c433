// Self-protection: does a command touch what we stand on?
//
// A guard against an operator's slip and a wrong match, not against an operator who hides what a
// command does (a script, a variable): those are the operator's own words. It would rather ask once
// too often.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "resolve/policy.h"
#include "runbook/danger.h"

namespace ops {
namespace {

constexpr std::array<std::string_view, 34> kNames{"ops-agent",
                                                  "ops-agent-executor",
                                                  "sshd",
                                                  "ssh",
                                                  "networking",
                                                  "networkmanager",
                                                  "network-manager",
                                                  "systemd-networkd",
                                                  "systemd-resolved",
                                                  "networkctl",
                                                  "nmcli",
                                                  "netplan",
                                                  "dhcpcd",
                                                  "dhclient",
                                                  "wpa_supplicant",
                                                  "ifup",
                                                  "ifdown",
                                                  "ifconfig",
                                                  "ip",
                                                  "iptables",
                                                  "ip6tables",
                                                  "iptables-restore",
                                                  "nft",
                                                  "nftables",
                                                  "ufw",
                                                  "firewalld",
                                                  "firewall-cmd",
                                                  "init",
                                                  "telinit",
                                                  "systemd",
                                                  "killall5",
                                                  "kexec",
                                                  "reboot",
                                                  "poweroff"};
constexpr std::array<std::string_view, 7> kPaths{"/etc/ssh",
                                                 "/etc/network",
                                                 "/etc/netplan",
                                                 "/etc/systemd/network",
                                                 "/etc/NetworkManager",
                                                 "/etc/ops-agent",
                                                 "/var/lib/ops-agent"};
constexpr std::array<std::string_view, 2> kHalts{"halt", "shutdown"};
constexpr std::array<std::string_view, 12> kSystemctlVerbs{
    "isolate",       "rescue",    "emergency",    "default",
    "daemon-reexec", "exit",      "switch-root",  "soft-reboot",
    "suspend",       "hibernate", "hybrid-sleep", "suspend-then-hibernate"};
constexpr std::array<std::string_view, 3> kKillers{"kill", "pkill", "killall"};
// With these, naming a folder above a protected one is as bad as naming it.
constexpr std::array<std::string_view, 16> kDestroyers{
    "rm",    "rmdir", "mv",     "shred",  "truncate",  "dd",       "chmod",  "chown",
    "chgrp", "rsync", "wipefs", "unlink", "tmpreaper", "tmpwatch", "umount", "-delete"};

template <class List>
bool has(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// The words a shell would see, quotes and operators taken as blanks.
std::vector<std::string> tokens_of(const std::vector<std::string>& argv) {
    std::vector<std::string> tokens;
    for (const std::string& word : argv) {
        std::string token;
        for (const char c : word + " ") {
            if (std::string_view(" \t\r\n;|&()<>\"'`,{}").find(c) == std::string_view::npos) {
                token += c;
            } else if (!token.empty()) {
                tokens.push_back(std::exchange(token, ""));
            }
        }
    }
    return tokens;
}

// "ssh.service" and "ssh@0.socket" are ssh.
std::string unit_name(std::string_view token) {
    std::string name = to_lower(token);
    for (const std::string_view suffix : {".service", ".socket", ".target", ".slice", ".exe"}) {
        if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    return name.substr(0, name.find('@'));
}

// A path without "//", "/./" and "/x/..".
std::string clean_path(std::string_view path) {
    std::vector<std::string_view> parts;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else {
            parts.push_back(part);
        }
    }
    std::string clean;
    for (const std::string_view part : parts) clean.append("/").append(part);
    return clean.empty() ? "/" : clean;
}

bool is_within(std::string_view path, std::string_view folder) {
    if (folder == "/") return true;
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string protected_path(std::string_view token, bool destroys, const Protected& things) {
    const size_t equals = token.find("=/");  // of=/var/lib/...
    if (equals != std::string_view::npos) token = token.substr(equals + 1);
    if (token.empty() || token[0] != '/') return "";
    const size_t glob = token.find_first_of("*?[$");
    const bool open_ended = glob != std::string_view::npos;
    const std::string path = open_ended ? std::string(token.substr(0, glob)) : clean_path(token);
    for (const std::string& folder : things.paths) {
        if (is_within(path, folder)) return folder;
        if (!destroys) continue;
        if (open_ended ? std::string_view(folder).starts_with(path) : is_within(folder, path)) {
            return folder;
        }
    }
    return "";
}

// The command as it is where it runs, when it is plain words: then the table of the runbook knows
// better whose pid 1 and whose shutdown it is. Nothing of a script, in which much may hide.
std::optional<CommandText> plain_words(const std::vector<std::string>& argv) {
    auto first = argv.begin();
    if (!argv.empty() && (argv[0] == "ssh" || argv[0].ends_with("/ssh"))) {
        first = std::find(argv.begin(), argv.end(), "--");
        if (argv.end() - first < 3) return std::nullopt;
        first += 2;  // it, and the destination
    }
    CommandText command;
    command.words.assign(first, argv.end());
    for (const std::string& word : command.words) {
        if (word.find_first_of(" \t\r\n;|&()<>\"'`$") != std::string::npos) return std::nullopt;
    }
    return command;
}

// In a path only the program or script counts: /etc/init.d/networking, /usr/sbin/ifdown.
std::string protected_name(std::string_view token, bool may_halt, const Protected& things) {
    if (token.find("://") != std::string_view::npos) return "";
    const size_t slash = token.rfind('/');
    if (slash != std::string_view::npos) {
        const std::string_view folder = token.substr(0, slash);
        if (!folder.ends_with("bin") && !folder.ends_with("init.d")) return "";
        token = token.substr(slash + 1);
    }
    for (const std::string_view part : split(token, ':')) {  // supervisord's group:program
        const std::string name = unit_name(part);
        if (has(things.names, name) || (may_halt && has(kHalts, name))) return name;
    }
    return "";
}

std::string protected_pid(const std::vector<std::string>& tokens, bool may_be_pid_1) {
    const bool kills =
        may_be_pid_1 && std::any_of(tokens.begin(), tokens.end(),
                                    [](const auto& token) { return has(kKillers, token); });
    const bool systemctl = has(tokens, std::string("systemctl"));
    for (const std::string& token : tokens) {
        if (kills && (token == "1" || token == "-1")) return "pid 1";
        if (systemctl && has(kSystemctlVerbs, token)) return "pid 1 (systemctl " + token + ")";
    }
    return "";
}

}  // namespace

Protected protected_with(const std::vector<std::string>& own_paths) {
    Protected things;
    things.names.assign(kNames.begin(), kNames.end());
    things.paths.assign(kPaths.begin(), kPaths.end());
    for (const std::string& path : own_paths) {
        if (!path.empty() && path[0] == '/') things.paths.push_back(clean_path(path));
    }
    return things;
}

std::string find_protected(const std::vector<std::string>& argv, std::string_view target,
                           const Protected& things) {
    if (has(things.names, unit_name(target))) return "'" + std::string(target) + "'";
    std::vector<std::string> tokens = tokens_of(argv);
    // The outermost ssh is how we get there, not what is touched.
    if (!tokens.empty() && (tokens[0] == "ssh" || tokens[0].ends_with("/ssh"))) {
        tokens.erase(tokens.begin());
    }
    const bool destroys = std::any_of(tokens.begin(), tokens.end(), [](const std::string& token) {
        const size_t slash = token.rfind('/');
        const std::string name = slash == std::string::npos ? token : token.substr(slash + 1);
        return has(kDestroyers, name) || name.starts_with("mkfs");
    });
    const std::optional<CommandText> plain = plain_words(argv);
    const bool may_halt = !plain || danger_of(*plain).risk == Risk::destructive;
    const bool may_be_pid_1 = !plain || !protected_thing(*plain).empty();
    if (std::string pid = protected_pid(tokens, may_be_pid_1); !pid.empty()) return pid;
    for (const std::string& token : tokens) {
        if (std::string name = protected_name(token, may_halt, things); !name.empty()) {
            return "'" + name + "'";
        }
        if (std::string path = protected_path(token, destroys, things); !path.empty()) {
            return "'" + path + "'";
        }
    }
    return "";
}

}  // namespace ops
