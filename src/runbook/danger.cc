#include "runbook/danger.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "runbook/words.h"

namespace ops {
namespace {

using Words = std::span<const std::string>;

// A row says: this program, with one of these first operands, with all of these options. The first
// row that fits decides, so the dangerous ones of a program stand first.
struct Row {
    std::string_view program;   // one or more, separated by spaces
    std::string_view operands;  // any of these as an operand or "a b" as two in a row; "": whatever
    std::string_view options;   // any of these among the options; "": whatever
    Effect effect;
    Risk risk;
};

constexpr auto kRead = Effect::read;
constexpr auto kIdempotent = Effect::idempotent;
constexpr auto kOnce = Effect::once;

constexpr auto kRows = std::to_array<Row>({
    // What cannot be taken back.
    {"rm", "", "-r|-R|--recursive", kIdempotent, Risk::destructive},
    {"rm unlink", "", "", kIdempotent, Risk::medium},
    {"mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs mkswap wipefs dd shred fdisk sfdisk "
     "sgdisk parted blkdiscard",
     "", "", kOnce, Risk::destructive},
    {"lvremove vgremove pvremove", "", "", kOnce, Risk::destructive},
    {"zpool zfs btrfs", "destroy|delete|subvolume delete", "", kOnce, Risk::destructive},
    {"reboot shutdown poweroff halt telinit", "", "", kOnce, Risk::destructive},
    {"init", "0|6", "", kOnce, Risk::destructive},
    {"systemctl", "reboot|poweroff|halt|kexec|rescue|emergency", "", kOnce, Risk::destructive},
    {"docker podman", "volume rm|volume prune|system reset", "", kOnce, Risk::destructive},
    {"docker podman", "system prune", "--volumes", kOnce, Risk::destructive},
    {"docker podman docker-compose", "down", "-v|--volumes", kOnce, Risk::destructive},
    {"dropdb userdel deluser groupdel", "", "", kOnce, Risk::destructive},
    {"find", "", "-delete", kIdempotent, Risk::destructive},
    {"find", "", "-exec|-execdir|-ok|-okdir", kOnce, Risk::high},
    {"find", "", "-fprint|-fprint0|-fprintf|-fls", kOnce, Risk::medium},
    {"find", "", "", kRead, Risk::low},
    {"git", "reset|clean", "", kOnce, Risk::destructive},
    {"redis-cli valkey-cli", "FLUSHALL|FLUSHDB|flushall|flushdb", "", kIdempotent,
     Risk::destructive},
    {"redis-cli valkey-cli", "PING|INFO|ping|info", "", kRead, Risk::low},
    {"kubectl", "delete|drain", "", kIdempotent, Risk::high},
    {"kubectl", "rollout restart", "", kIdempotent, Risk::low},
    {"kubectl", "get|describe|logs|top", "", kRead, Risk::low},
    // Processes and services.
    {"kill pkill killall", "", "-9|-KILL|-SIGKILL|-s", kIdempotent, Risk::high},
    {"kill pkill killall", "", "", kIdempotent, Risk::high},
    {"systemctl", "restart|try-restart|reload|reload-or-restart|start|reset-failed|daemon-reload",
     "", kIdempotent, Risk::low},
    {"systemctl", "stop|disable|mask|isolate|kill", "", kIdempotent, Risk::high},
    {"systemctl", "enable|unmask", "", kIdempotent, Risk::medium},
    {"systemctl", "status|show|cat|is-active|is-failed|is-enabled|list-units|list-timers", "",
     kRead, Risk::low},
    {"service rc-service invoke-rc.d", "stop", "", kIdempotent, Risk::high},
    {"service rc-service invoke-rc.d", "status", "", kRead, Risk::low},
    {"service rc-service invoke-rc.d", "restart|reload|start|force-reload", "", kIdempotent,
     Risk::low},
    {"supervisorctl", "restart|start|update|reread", "", kIdempotent, Risk::low},
    {"supervisorctl", "stop|shutdown|remove", "", kIdempotent, Risk::high},
    {"supervisorctl", "status|tail|pid|avail", "", kRead, Risk::low},
    {"pm2", "restart|reload|start", "", kIdempotent, Risk::low},
    {"pm2", "list|status|jlist|logs", "", kRead, Risk::low},
    {"nginx", "reload", "-s", kIdempotent, Risk::low},
    {"nginx apachectl apache2ctl", "configtest", "-t", kRead, Risk::low},
    {"apachectl apache2ctl", "graceful", "", kIdempotent, Risk::low},
    // Containers.
    {"docker podman", "system prune", "-a|--all", kIdempotent, Risk::medium},
    {"docker podman", "system prune|image prune|container prune|builder prune|network prune", "",
     kIdempotent, Risk::low},
    {"docker podman", "rm|rmi|kill|stop|down", "", kIdempotent, Risk::high},
    {"docker podman docker-compose", "restart|start|compose up|up", "", kIdempotent, Risk::low},
    {"docker-compose", "down|stop|rm|kill", "", kIdempotent, Risk::high},
    {"docker podman docker-compose", "ps|logs|inspect|stats|info|images|version|system df|top", "",
     kRead, Risk::low},
    // Room on disks.
    {"journalctl", "", "--vacuum-time|--vacuum-size|--vacuum-files|--rotate", kIdempotent,
     Risk::low},
    {"journalctl", "", "", kRead, Risk::low},
    {"logrotate", "", "", kIdempotent, Risk::low},
    {"systemd-tmpfiles", "", "--clean", kIdempotent, Risk::low},
    {"apt-get apt", "clean|autoclean", "", kIdempotent, Risk::low},
    {"apt-get apt", "autoremove|update", "", kIdempotent, Risk::medium},
    {"apt-get apt dpkg dnf yum", "", "", kOnce, Risk::high},
    {"fstrim", "", "", kIdempotent, Risk::low},
    {"truncate", "", "", kIdempotent, Risk::high},
    // Permissions, network, accounts.
    {"chmod chown chgrp", "", "-R|--recursive", kIdempotent, Risk::high},
    {"chmod chown chgrp mkdir touch ln", "", "", kIdempotent, Risk::medium},
    {"iptables ip6tables nft ufw ifdown ifup nmcli", "", "", kOnce, Risk::high},
    {"ip", "set|add|del|delete|flush|replace", "", kOnce, Risk::high},
    {"ip", "", "", kRead, Risk::low},
    {"crontab passwd usermod visudo", "", "", kOnce, Risk::high},
    {"mount umount swapoff", "", "", kOnce, Risk::high},
    {"sysctl", "", "-w|--write|-p", kIdempotent, Risk::medium},
    {"certbot", "renew", "", kIdempotent, Risk::medium},
    {"chronyc", "makestep|burst", "", kIdempotent, Risk::medium},
    {"sync", "", "", kIdempotent, Risk::low},
    // Only looking.
    {"curl", "", "-X|--request|-d|--data|--data-raw|--data-binary|-T|--upload-file|-F|--form|-o|-O",
     kOnce, Risk::medium},
    {"curl", "", "", kRead, Risk::low},
    {"ps df du free uptime ss netstat lsof cat head tail grep egrep zgrep ls stat dmesg vmstat "
     "iostat "
     "pgrep pidof echo true false test nproc hostname last who w findmnt lsblk dig host nslookup "
     "ping "
     "id uname date wc sha256sum readlink getent arp mtr traceroute sensors smartctl pg_isready "
     "timedatectl resolvectl loginctl chage",
     "", "", kRead, Risk::low},
    {"top", "", "-b", kRead, Risk::low},
    {"openssl", "s_client|x509|version", "", kRead, Risk::low},
    {"chronyc", "tracking|sources|sourcestats", "", kRead, Risk::low},
    {"sysctl", "", "", kRead, Risk::low},
    {"ops-agent", "inspect", "", kRead, Risk::low},
});

std::string_view base_name(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_shell(std::string_view program) {
    return program == "sh" || program == "bash" || program == "dash" || program == "zsh" ||
           program == "ksh";
}

// Programs that only run another one: sudo -u ops nice -n 5 rm ...
Words without_wrappers(Words words) {
    static constexpr auto kWrappers =
        std::to_array<std::string_view>({"sudo", "doas", "env", "nice", "ionice", "nohup",
                                         "timeout", "setsid", "stdbuf", "chrt", "time", "runuser"});
    while (!words.empty()) {
        const std::string_view program = base_name(words[0]);
        if (std::find(kWrappers.begin(), kWrappers.end(), program) == kWrappers.end()) return words;
        words = words.subspan(1);
        // Options, NAME=VALUE and bare numbers belong to the wrapper; so does the word after -u.
        while (!words.empty()) {
            const std::string& word = words[0];
            const bool has_value = word == "-u" || word == "-g" || word == "-n" || word == "-c" ||
                                   word == "-s" || word == "-k";
            const bool number = !word.empty() && word[0] >= '0' && word[0] <= '9';
            if (!word.starts_with('-') && !number && word.find('=') == std::string::npos) break;
            // sudo -n takes no value, nice -n does.
            const bool takes = has_value && !(word == "-n" && program == "sudo");
            words = words.subspan(std::min<size_t>(takes ? 2 : 1, words.size()));
        }
    }
    return words;
}

// Asked for every row of the table and every command that is planned: no list is made.
template <class Fits>
bool any_part(std::string_view parts, char separator, Fits fits) {
    while (!parts.empty()) {
        const std::string_view part = parts.substr(0, parts.find(separator));
        if (!part.empty() && fits(part)) return true;
        parts.remove_prefix(std::min(parts.size(), part.size() + 1));
    }
    return false;
}

bool is_one_of(std::string_view parts, std::string_view name) {
    const size_t at = name.empty() ? std::string_view::npos : parts.find(name);
    if (at == std::string_view::npos) return false;  // the common answer, without a loop of ours
    return any_part(parts, ' ', [&](std::string_view part) { return part == name; });
}

bool has_option(Words words, std::string_view option) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        if (word == option || word.starts_with(std::string(option) + "=")) return true;
        // -rf holds -r; but -name is one option of find, so only letters of length 1 are looked
        // for.
        return option.size() == 2 && option[1] != '-' && word.size() > 1 && word[0] == '-' &&
               word[1] != '-' && word.size() <= 5 && word.find(option[1]) != std::string::npos;
    });
}

bool has_operand(Words words, std::string_view operand) {
    std::vector<std::string_view> operands;
    for (const std::string& word : words) {
        if (!word.starts_with('-')) operands.push_back(word);
    }
    const size_t space = operand.find(' ');
    if (space == std::string_view::npos) {
        return std::find(operands.begin(), operands.end(), operand) != operands.end();
    }
    for (size_t i = 0; i + 1 < operands.size(); ++i) {
        if (operands[i] == operand.substr(0, space) &&
            operands[i + 1] == operand.substr(space + 1)) {
            return true;
        }
    }
    return false;
}

bool fits(const Row& row, std::string_view program, Words arguments) {
    if (!is_one_of(row.program, program)) return false;
    if (!row.operands.empty() && !any_part(row.operands, '|', [&](std::string_view operand) {
            return has_operand(arguments, operand);
        })) {
        return false;
    }
    return row.options.empty() || any_part(row.options, '|', [&](std::string_view option) {
               return has_option(arguments, option);
           });
}

// Statements of SQL in any argument of a database's own client.
std::optional<Danger> danger_of_sql(std::string_view program, Words arguments) {
    if (program != "psql" && program != "mysql" && program != "mariadb" && program != "sqlite3") {
        return std::nullopt;
    }
    std::string all;
    for (const std::string& argument : arguments) all += " " + to_lower(argument);
    const auto says = [&all](std::string_view word) { return all.find(word) != std::string::npos; };
    if (says("drop ") || says("truncate ") || says("delete ")) {
        return Danger{Effect::once, Risk::destructive, true};
    }
    if (says("update ") || says("insert ") || says("alter ") || says("create ")) {
        return Danger{Effect::once, Risk::high, true};
    }
    return Danger{Effect::once, Risk::medium, true};
}

Danger worse(const Danger& a, const Danger& b) {
    return {std::max(a.effect, b.effect), std::max(a.risk, b.risk), a.known && b.known};
}

Danger danger_of_words(Words words);

// Each command of a script, cut at what separates them. Good enough to see a `rm -r` in it.
Danger danger_of_script(std::string_view script) {
    Danger danger{Effect::once, Risk::medium, true};
    size_t start = 0;
    while (start <= script.size()) {
        const size_t end = std::min(script.find_first_of("|&;\n()`", start), script.size());
        const SplitWords part = split_words(trim(script.substr(start, end - start)));
        if (!part.words.empty()) danger = worse(danger, danger_of_words(part.words));
        start = end + 1;
    }
    return danger;
}

Danger danger_of_words(Words words) {
    words = without_wrappers(words);
    if (words.empty()) return {};
    const std::string_view program = base_name(words[0]);
    const Words arguments = words.subspan(1);
    if (is_shell(program)) {
        for (size_t i = 0; i + 1 < arguments.size(); ++i) {
            if (arguments[i] == "-c") return danger_of_script(arguments[i + 1]);
        }
        return {};
    }
    if (program == "xargs") {
        return worse({Effect::once, Risk::medium, true}, danger_of_words(arguments));
    }
    if (const std::optional<Danger> sql = danger_of_sql(program, arguments)) return *sql;
    for (const Row& row : kRows) {
        if (fits(row, program, arguments)) return {row.effect, row.risk, true};
    }
    return {};
}

std::string protected_unit(std::string_view word) {
    std::string_view unit = word;
    if (unit.ends_with(".service") || unit.ends_with(".socket"))
        unit = unit.substr(0, unit.rfind('.'));
    if (unit == "ssh" || unit == "sshd") return "sshd";
    if (unit == "ops-agent" || unit.starts_with("ops-agent-") || unit.starts_with("ops-agent@")) {
        return "ops-agent";
    }
    if (unit == "networking" || unit == "systemd-networkd" || unit == "NetworkManager" ||
        unit == "network" || unit == "network-online.target" || unit == "network.target") {
        return "networking";
    }
    return "";
}

bool acts_on_units(std::string_view program) {
    static constexpr auto kPrograms =
        std::to_array<std::string_view>({"systemctl", "service", "rc-service", "invoke-rc.d",
                                         "supervisorctl", "pkill", "killall", "initctl"});
    return std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end();
}

std::string protected_in_words(Words words) {
    words = without_wrappers(words);
    if (words.empty() || danger_of_words(words).effect == Effect::read) return "";
    const std::string_view program = base_name(words[0]);
    const Words arguments = words.subspan(1);
    if (is_shell(program) && arguments.size() >= 2) {
        const std::string_view script = arguments[1];
        size_t start = 0;
        while (start <= script.size()) {
            const size_t end = std::min(script.find_first_of("|&;\n()`", start), script.size());
            const SplitWords part = split_words(trim(script.substr(start, end - start)));
            if (std::string found = protected_in_words(part.words); !found.empty()) return found;
            start = end + 1;
        }
        return "";
    }
    for (const std::string& argument : arguments) {
        if (program == "kill" && argument == "1") return "pid 1";
        if ((program == "pkill" || program == "killall") &&
            (argument == "systemd" || argument == "init")) {
            return "pid 1";
        }
        if (!acts_on_units(program)) continue;
        if (std::string found = protected_unit(argument); !found.empty()) return found;
    }
    static constexpr auto kNetwork = std::to_array<std::string_view>(
        {"ip", "ifdown", "nmcli", "iptables", "ip6tables", "nft", "ufw", "ifconfig"});
    if (std::find(kNetwork.begin(), kNetwork.end(), program) != kNetwork.end()) return "networking";
    return "";
}

}  // namespace

Danger danger_of(const CommandText& command) { return danger_of_words(command.words); }

std::string protected_thing(const CommandText& command) {
    return protected_in_words(command.words);
}

}  // namespace ops
