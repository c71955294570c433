// The table of docs/runbook.md, of programs that run no other.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "runbook/danger_words.h"

namespace ops {
namespace {

// A row says: this program, with one of these verbs, with one of these options. The first row that
// fits decides, so the dangerous ones of a program stand first.
struct Row {
    std::string_view program;  // one or more, separated by spaces
    // Any of these is its first operand, or "a b" its first two; "*": it has any; "!": it has none;
    // "": whatever.
    std::string_view verbs;
    std::string_view options;  // any of these among the options; "": whatever
    Effect effect;
    Risk risk;
};

constexpr auto kRead = Effect::read;
constexpr auto kIdempotent = Effect::idempotent;
constexpr auto kOnce = Effect::once;

constexpr auto kRows = std::to_array<Row>({
    // What cannot be taken back.
    {"rm", "", "-r|-R|--recursive", kIdempotent, Risk::destructive},
    {"rm unlink rmdir", "", "", kIdempotent, Risk::medium},
    {"mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.ntfs mke2fs "
     "mkswap wipefs dd shred fdisk sfdisk sgdisk cfdisk gdisk parted blkdiscard badblocks "
     "lvremove vgremove pvremove lvreduce dropdb dropuser pg_dropcluster userdel deluser groupdel "
     "delgroup tmpreaper tmpwatch srm wipe",
     "", "", kOnce, Risk::destructive},
    {"cryptsetup", "luksFormat|erase|luksErase|reencrypt|luksKillSlot|luksRemoveKey", "", kOnce,
     Risk::destructive},
    {"mdadm", "", "--zero-superblock|--create|-C|--stop|-S|--remove|-r|--fail|-f", kOnce,
     Risk::destructive},
    {"mdadm", "", "--detail|-D|--examine|-E|--query|-Q", kRead, Risk::low},
    {"nvme", "format|sanitize|delete-ns|write-zeroes", "", kOnce, Risk::destructive},
    {"hdparm", "", "--security-erase|--security-erase-enhanced|--trim-sector-ranges", kOnce,
     Risk::destructive},
    {"zpool zfs", "destroy|rollback|labelclear|remove|detach|offline|export|receive|recv|split", "",
     kOnce, Risk::destructive},
    {"zpool", "create|add|replace", "", kOnce, Risk::destructive},
    {"zpool zfs", "list|status|get|iostat|history", "", kRead, Risk::low},
    {"btrfs", "subvolume delete|device remove|device delete|delete", "", kOnce, Risk::destructive},
    {"fsck e2fsck fsck.ext4 xfs_repair resize2fs tune2fs debugfs btrfsck", "", "", kOnce,
     Risk::high},
    {"reboot shutdown poweroff halt telinit kexec pm-suspend", "", "", kOnce, Risk::destructive},
    {"init", "0|1|6|s|S", "", kOnce, Risk::destructive},
    {"rsync", "",
     "--delete|--delete-before|--delete-during|--delete-delay|--delete-after|"
     "--delete-excluded|--del|--remove-source-files",
     kOnce, Risk::destructive},
    {"git",
     "reset|clean|restore|stash drop|stash clear|filter-branch|filter-repo|update-ref|reflog "
     "expire",
     "", kOnce, Risk::destructive},
    {"git", "checkout|switch|push|branch|worktree|tag",
     "-f|--force|-D|--delete|--mirror|"
     "--discard-changes|--force-with-lease|--prune",
     kOnce, Risk::destructive},
    {"git", "status|log|diff|show|rev-parse|describe|ls-files|ls-remote", "--output", kOnce,
     Risk::medium},
    {"git", "status|log|diff|show|rev-parse|describe|ls-files|ls-remote", "", kRead, Risk::low},
    {"find", "", "-delete", kIdempotent, Risk::destructive},
    {"find", "", "-exec|-execdir|-ok|-okdir", kOnce, Risk::high},
    {"find", "", "-fprint|-fprint0|-fprintf|-fls", kOnce, Risk::medium},
    {"find", "", "", kRead, Risk::low},
    {"terraform tofu pulumi", "destroy", "", kOnce, Risk::destructive},
    {"terraform tofu pulumi", "apply|up", "", kOnce, Risk::high},
    {"helm", "uninstall|delete|rollback", "", kOnce, Risk::high},
    {"helm", "list|ls|status|get|history|version", "", kRead, Risk::low},
    {"virsh qm", "destroy|undefine|vol-delete|pool-delete|shutdown|reboot|reset|stop", "", kOnce,
     Risk::destructive},
    {"redis-cli valkey-cli", "SHUTDOWN NOSAVE", "", kOnce, Risk::destructive},
    {"redis-cli valkey-cli", "FLUSHALL|FLUSHDB|CLUSTER RESET|FUNCTION FLUSH", "", kIdempotent,
     Risk::destructive},
    {"redis-cli valkey-cli", "", "--eval|--pipe|--cluster|--rdb|--functions-rdb|-x|-X", kOnce,
     Risk::medium},
    {"redis-cli valkey-cli", "SHUTDOWN|REPLICAOF|SLAVEOF|FAILOVER|DEBUG|SCRIPT|SWAPDB", "", kOnce,
     Risk::high},
    {"redis-cli valkey-cli",
     "PING|INFO|GET|EXISTS|TTL|TYPE|LLEN|SCARD|ZCARD|HLEN|XLEN|STRLEN|DBSIZE|TIME|ROLE|LASTSAVE|"
     "CLIENT LIST|CONFIG GET|MEMORY USAGE|MEMORY STATS|SLOWLOG GET|CLUSTER INFO|CLUSTER NODES",
     "", kRead, Risk::low},
    {"kubectl", "delete|drain", "", kIdempotent, Risk::high},
    {"kubectl", "rollout restart", "", kIdempotent, Risk::low},
    {"kubectl",
     "get|describe|logs|top|version|api-resources|api-versions|explain|events|wait|diff|"
     "rollout status|rollout history|auth can-i|config view|config current-context|"
     "config get-contexts",
     "", kRead, Risk::low},
    // Processes and services.
    {"kill pkill killall killall5 skill xkill", "", "", kIdempotent, Risk::high},
    {"systemctl",
     "reboot|poweroff|halt|kexec|rescue|emergency|exit|switch-root|soft-reboot|suspend|hibernate|"
     "hybrid-sleep|suspend-then-hibernate|sleep|clean",
     "", kOnce, Risk::destructive},
    {"systemctl",
     "restart|try-restart|reload|reload-or-restart|try-reload-or-restart|"
     "reload-or-try-restart|force-reload|condrestart|start|reset-failed|daemon-reload",
     "", kIdempotent, Risk::low},
    {"systemctl",
     "stop|disable|mask|isolate|kill|default|daemon-reexec|freeze|cancel|set-default|revert|"
     "preset-all",
     "", kIdempotent, Risk::high},
    {"systemctl", "enable|unmask|reenable|thaw", "", kIdempotent, Risk::medium},
    {"systemctl",
     "status|show|cat|help|is-active|is-failed|is-enabled|is-system-running|list-units|list-timers|"
     "list-unit-files|list-sockets|list-dependencies|list-jobs|list-paths|list-automounts|"
     "list-machines|get-default|show-environment",
     "", kRead, Risk::low},
    {"systemctl", "!", "", kRead, Risk::low},
    {"service rc-service invoke-rc.d", "stop", "", kIdempotent, Risk::high},
    {"service rc-service invoke-rc.d", "status", "", kRead, Risk::low},
    {"service rc-service invoke-rc.d", "restart|reload|start|force-reload|try-restart", "",
     kIdempotent, Risk::low},
    {"service", "!", "--status-all", kRead, Risk::low},
    {"supervisorctl", "restart|start|update|reread|add", "", kIdempotent, Risk::low},
    {"supervisorctl", "stop|shutdown|remove|signal", "", kIdempotent, Risk::high},
    {"supervisorctl", "status|tail|pid|avail|version|maintail", "", kRead, Risk::low},
    {"pm2", "restart|reload|start|startOrRestart|startOrReload", "", kIdempotent, Risk::low},
    {"pm2", "stop|delete|del|kill", "", kIdempotent, Risk::high},
    {"pm2", "list|ls|status|jlist|prettylist|logs|describe|show|info|ping", "", kRead, Risk::low},
    {"nginx", "stop|quit", "-s", kIdempotent, Risk::high},
    {"nginx", "reload|reopen", "-s", kIdempotent, Risk::low},
    {"nginx", "!", "-t|-T|-v|-V", kRead, Risk::low},
    {"apachectl apache2ctl", "stop|graceful-stop", "", kIdempotent, Risk::high},
    {"apachectl apache2ctl", "graceful|restart|start", "", kIdempotent, Risk::low},
    {"apachectl apache2ctl", "configtest|status|fullstatus", "", kRead, Risk::low},
    {"apachectl apache2ctl", "!", "-t|-S|-v|-V|-M", kRead, Risk::low},
    {"rabbitmqctl", "reset|force_reset|delete_vhost|delete_queue|purge_queue|delete_user", "",
     kOnce, Risk::destructive},
    {"rabbitmqctl", "shutdown|stop|stop_app", "", kOnce, Risk::high},
    {"rabbitmqctl", "status|ping|list_queues|cluster_status|list_connections", "", kRead,
     Risk::low},
    {"mysqladmin mariadb-admin", "drop", "", kOnce, Risk::destructive},
    {"mysqladmin mariadb-admin", "shutdown|kill|flush-hosts|password", "", kOnce, Risk::high},
    {"mysqladmin mariadb-admin", "ping|status|extended-status|processlist|variables|version", "",
     kRead, Risk::low},
    // Containers.
    {"docker podman",
     "volume rm|volume remove|volume prune|system reset|swarm leave|stack rm|pod rm|pod prune", "",
     kOnce, Risk::destructive},
    {"docker podman", "system prune", "--volumes", kOnce, Risk::destructive},
    {"docker-compose", "down|rm", "-v|--volumes", kOnce, Risk::destructive},
    {"docker podman", "system prune", "-a|--all", kIdempotent, Risk::medium},
    {"docker podman", "system prune|image prune|container prune|builder prune|network prune", "",
     kIdempotent, Risk::low},
    {"docker podman",
     "rm|rmi|kill|stop|down|pause|container rm|container kill|container stop|container pause|"
     "image rm|network rm|service rm|secret rm|config rm|node rm|pod stop|pod kill",
     "", kIdempotent, Risk::high},
    {"docker podman", "restart|start|container restart|container start", "", kIdempotent,
     Risk::low},
    {"docker-compose", "restart|start|up", "", kIdempotent, Risk::low},
    {"docker-compose", "down|stop|rm|kill|pause", "", kIdempotent, Risk::high},
    {"docker podman",
     "ps|logs|inspect|stats|info|images|version|top|port|events|history|search|diff|system df|"
     "system info|container ls|container list|container ps|container inspect|container logs|"
     "container top|container stats|image ls|image inspect|network ls|network inspect|volume ls|"
     "volume inspect|service ls|service ps|service inspect|service logs|node ls|node inspect",
     "", kRead, Risk::low},
    {"docker-compose", "ps|logs|images|version|top|port|ls|events|config", "-o|--output", kOnce,
     Risk::medium},
    {"docker-compose", "ps|logs|images|version|top|port|ls|events|config", "", kRead, Risk::low},
    // Room on disks.
    {"journalctl", "",
     "--vacuum-time|--vacuum-size|--vacuum-files|--rotate|--flush|--sync|--relinquish-var|"
     "--smart-relinquish-var|--update-catalog|--setup-keys|--cursor-file",
     kIdempotent, Risk::low},
    {"journalctl", "", "", kRead, Risk::low},
    {"logrotate", "", "", kIdempotent, Risk::low},
    {"systemd-tmpfiles", "", "--remove|--purge", kIdempotent, Risk::destructive},
    {"systemd-tmpfiles", "", "--clean", kIdempotent, Risk::low},
    {"apt-get apt", "clean|autoclean", "", kIdempotent, Risk::low},
    {"apt-get apt", "autoremove|update", "", kIdempotent, Risk::medium},
    {"apt apt-cache", "list|show|policy|search|depends|rdepends|showpkg", "", kRead, Risk::low},
    {"apt-get apt aptitude dpkg dnf yum rpm snap zypper apk pacman", "", "", kOnce, Risk::high},
    {"fstrim", "", "", kIdempotent, Risk::low},
    {"truncate", "", "", kIdempotent, Risk::high},
    // Permissions, network, accounts.
    {"chmod chown chgrp setfacl chattr", "", "-R|--recursive", kIdempotent, Risk::high},
    {"chmod chown chgrp setfacl chattr mkdir touch ln", "", "", kIdempotent, Risk::medium},
    {"iptables ip6tables iptables-restore ip6tables-restore nft ipset ufw firewall-cmd ifdown ifup "
     "ifconfig route netplan nmcli networkctl tc brctl ethtool dhclient wg-quick",
     "", "", kOnce, Risk::high},
    {"ip", "", "", kOnce, Risk::high},
    {"crontab", "", "-r|-e|-i", kOnce, Risk::high},
    {"crontab", "!", "-l", kRead, Risk::low},
    {"crontab passwd chpasswd usermod groupmod useradd adduser gpasswd visudo vipw chsh", "", "",
     kOnce, Risk::high},
    {"chage", "",
     "-d|-E|-I|-m|-M|-W|--lastday|--expiredate|--inactive|--mindays|--maxdays|"
     "--warndays",
     kOnce, Risk::high},
    {"chage", "", "-l|--list", kRead, Risk::low},
    {"chage", "", "", kOnce, Risk::high},
    {"loginctl", "terminate-session|terminate-user|terminate-seat|kill-session|kill-user", "",
     kOnce, Risk::high},
    {"loginctl",
     "list-sessions|session-status|show-session|list-users|user-status|show-user|list-seats|"
     "seat-status|show-seat|!",
     "", kRead, Risk::low},
    {"mount umount swapoff swapon losetup modprobe rmmod insmod", "", "", kOnce, Risk::high},
    {"sysctl", "", "-w|--write|-p|-f|--load|--system", kIdempotent, Risk::medium},
    {"certbot", "renew", "", kIdempotent, Risk::medium},
    {"certbot", "revoke|delete", "", kOnce, Risk::high},
    {"chronyc", "makestep|burst", "", kIdempotent, Risk::medium},
    {"chronyc", "tracking|sources|sourcestats|activity|ntpdata", "", kRead, Risk::low},
    {"sync", "", "", kIdempotent, Risk::low},
    {"logger wall write", "", "", kOnce, Risk::medium},
    // Programs that look, and what else they can do.
    {"date", "", "--set", kOnce, Risk::medium},
    {"date hostname domainname", "*", "", kOnce, Risk::medium},
    {"hostname domainname", "", "-F|--file|-b|--boot", kOnce, Risk::medium},
    {"timedatectl", "status|show|timesync-status|show-timesync|list-timezones|!", "", kRead,
     Risk::low},
    {"hostnamectl localectl", "status|show|!", "", kRead, Risk::low},
    {"resolvectl", "flush-caches|reset-statistics|reset-server-features", "", kIdempotent,
     Risk::low},
    {"resolvectl", "status|statistics|query|service|openpgp|tlsa|show-cache|show-server-state|!",
     "", kRead, Risk::low},
    {"ss", "", "-K|--kill", kOnce, Risk::high},
    {"ss", "", "-D|--diag", kOnce, Risk::medium},
    {"dmesg", "", "-C|-c|-D|-E|-n|--clear|--read-clear|--console-off|--console-on|--console-level",
     kOnce, Risk::medium},
    {"arp", "", "-s|-d|-f|--set|--delete|--file", kOnce, Risk::medium},
    {"smartctl", "", "-s|-t|-X|-o|-S|--smart|--test|--abort|--offlineauto|--saveauto|--set", kOnce,
     Risk::medium},
    {"sensors", "", "-s|--set", kOnce, Risk::medium},
    {"sort", "", "-o|--output", kOnce, Risk::medium},
    {"openssl", "", "-out|-CAcreateserial|-CAserial|-sess_out|-keylogfile|-writerand", kOnce,
     Risk::medium},
    {"openssl", "s_client|x509|verify|version|ciphers", "", kRead, Risk::low},
    {"hostname date domainname ss dmesg arp smartctl sensors sort sysctl "
     "ps df du free uptime netstat lsof cat head tail grep egrep fgrep zgrep zcat ls stat vmstat "
     "iostat pgrep pidof echo printf true false test [ nproc host last who w findmnt lsblk dig "
     "nslookup ping id uname wc sha256sum md5sum readlink realpath basename dirname getent mtr "
     "traceroute pg_isready mountpoint lscpu lsmod lspci cmp diff cut tr jq pwd",
     "", "", kRead, Risk::low},
    {"top", "", "-b", kRead, Risk::low},
    {"ops-agent", "inspect", "", kRead, Risk::low},
});

// Options of the programs above that take the next word, so that it is not taken for the verb.
struct Values {
    std::string_view program;
    ValueOptions options;
};
constexpr auto kValues = std::to_array<Values>({
    {"kubectl",
     {"nsv",
      "namespace|server|context|cluster|user|kubeconfig|as|as-group|as-uid|token|cache-dir|"
      "certificate-authority|client-certificate|client-key|request-timeout|tls-server-name|"
      "username|password|profile|profile-output|vmodule|log-file|log-dir|v"}},
    {"docker podman",
     {"Hcl",
      "host|context|config|log-level|tlscacert|tlscert|tlskey|connection|url|root|runroot|"
      "storage-driver|storage-opt|identity|log-opt"}},
    {"docker-compose",
     {"fpHc",
      "file|project-name|project-directory|profile|env-file|ansi|parallel|progress|host|"
      "context|log-level|tlscacert|tlscert|tlskey"}},
    {"ip", {"", "n|netns|f|family|l|loops|rc|rcvbuf|b|batch"}},
    {"systemctl",
     {"HMtspPno",
      "host|machine|type|signal|property|lines|output|root|image|state|job-mode|"
      "kill-whom|kill-who|kill-value|what|timestamp|preset-mode|message|check-inhibitors"}},
    {"loginctl timedatectl resolvectl hostnamectl localectl",
     {"HMpPnosipct",
      "host|machine|property|lines|output|signal|kill-whom|kill-who|interface|"
      "protocol|class|type"}},
    {"supervisorctl", {"csupr", "configuration|serverurl|username|password|history-file"}},
    {"pm2", {"", "name|watch-delay|interpreter|cwd|env"}},
    {"redis-cli valkey-cli",
     {"hpsaunrditDX",
      "user|pass|cacert|cacertdir|cert|key|sni|tls-ciphers|tls-ciphersuites|eval|"
      "rdb|pattern|quoted-pattern|count|cursor|show-pushes"}},
    {"git", {"Cc", "git-dir|work-tree|namespace|exec-path|config-env|super-prefix"}},
    {"apt-get apt apt-cache", {"oct", "option|config-file|target-release|default-release"}},
    {"nginx", {"cgpe", ""}},
    {"apachectl apache2ctl", {"dfCcDeE", ""}},
    {"helm", {"n", "namespace|kube-context|kubeconfig|kube-token|kube-apiserver"}},
    {"mysqladmin mariadb-admin",
     {"hPuSirtwT", "host|port|user|socket|sleep|protocol|defaults-file|count|wait"}},
    {"rabbitmqctl", {"nptl", "node|vhost|timeout|script-name"}},
    {"chronyc", {"hpfc", ""}},
    {"certbot", {"cd", "config|domain|cert-name|webroot-path|logs-dir|work-dir|config-dir"}},
    {"date", {"dfrs", "date|file|reference|set"}},
    {"hostname domainname", {"F", "file"}},
    {"crontab", {"u", ""}},
    {"virsh", {"ckKdl", "connect|keepalive-interval|keepalive-count|debug|log"}},
});

bool has_option(Words arguments, std::string_view option) {
    const bool letter = option.size() == 2 && option[1] != '-';
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& word) {
        if (word.size() < 2 || word[0] != '-') return false;
        const std::string_view name = std::string_view(word).substr(0, word.find('='));
        if (name == option) return true;
        // --recurs is --recursive.
        if (word[1] == '-') return name.size() > 2 && option.starts_with(name);
        return letter && word.find(option[1]) != std::string::npos;  // -rf holds -r
    });
}

template <class Fits>
bool any_part(std::string_view parts, Fits fits) {
    while (!parts.empty()) {
        const std::string_view part = parts.substr(0, parts.find('|'));
        if (fits(part)) return true;
        parts.remove_prefix(std::min(parts.size(), part.size() + 1));
    }
    return false;
}

// FLUSHALL and FlushAll are the same to redis-cli.
bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && to_lower(a) == to_lower(b);
}

bool is_verb(std::string_view verb, const std::vector<std::string_view>& operands, size_t at) {
    const size_t space = verb.find(' ');
    if (at >= operands.size() || !same(operands[at], verb.substr(0, space))) return false;
    return space == std::string_view::npos ||
           (at + 1 < operands.size() && same(operands[at + 1], verb.substr(space + 1)));
}

bool fits(const Row& row, const std::vector<std::string_view>& operands, Words arguments) {
    const auto is = [&](std::string_view verb) {
        if (verb == "!") return operands.empty();
        // date +%s sets nothing.
        if (verb == "*") return !operands.empty() && operands[0][0] != '+';
        // service NAME stop
        const bool named = row.program.starts_with("service");
        return is_verb(verb, operands, named ? 1 : 0);
    };
    if (!row.verbs.empty() && !any_part(row.verbs, is)) return false;
    return row.options.empty() || any_part(row.options, [&](std::string_view option) {
               return has_option(arguments, option);
           });
}

Danger danger_of(const Row& row) { return {row.effect, row.risk, row.effect}; }

// What curl is asked for with these is only fetched and shown. Any other option may send, write or
// read more options from a file.
Danger danger_of_curl(Words arguments) {
    static constexpr std::string_view kLooking =
        "fail fail-with-body silent show-error max-time connect-timeout head header insecure "
        "location location-trusted user user-agent retry retry-delay retry-max-time "
        "retry-connrefused retry-all-errors write-out url cacert capath cert cert-type key "
        "key-type pass resolve connect-to compressed http1.0 http1.1 http2 http3 ipv4 ipv6 "
        "unix-socket abstract-unix-socket proxy noproxy max-redirs include verbose "
        "no-progress-meter progress-bar range interface tlsv1 tlsv1.2 tlsv1.3 tls-max ciphers "
        "cookie referer basic digest ntlm negotiate anyauth oauth2-bearer globoff limit-rate "
        "speed-limit speed-time max-filesize no-buffer no-keepalive keepalive-time "
        "haproxy-protocol "
        "dns-servers doh-url path-as-is fail-early cert-status crlfile false-start raw";
    static constexpr std::string_view kChanging =
        "request data data-ascii data-raw data-binary data-urlencode json form form-string "
        "upload-file output output-dir remote-name remote-name-all remote-header-name dump-header "
        "cookie-jar quote mail-from mail-rcpt trace trace-ascii stderr etag-save libcurl";
    static constexpr std::string_view kLookingLetters = "fsSmIHkLuAwE46xivrbeNgzq0123l#";
    static constexpr std::string_view kWithValue = "mHuAwExrbezXdFToDcQKCPtUYy";
    const Danger unknown{Effect::once, Risk::medium, Effect::read};
    const Danger changes{Effect::once, Risk::medium, Effect::once};
    Danger danger{Effect::read, Risk::low, Effect::read};
    // -X GET asks, -o /dev/null writes nothing.
    const auto with_value = [&](std::string_view option, std::string_view value) {
        const bool asks = is_one_of("X request", option) && is_one_of("GET HEAD OPTIONS", value);
        const bool drops =
            is_one_of("o output D dump-header", option) && is_one_of("/dev/null -", value);
        if (!asks && !drops) danger = worse(danger, changes);
    };
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        const std::string_view next =
            i + 1 < arguments.size() ? std::string_view(arguments[i + 1]) : std::string_view();
        if (word.size() < 2 || word[0] != '-') continue;
        if (word[1] == '-') {
            const std::string_view name = word.substr(2);
            if (is_one_of(kLooking, name)) continue;
            const bool known = (" " + std::string(kChanging)).find(" " + std::string(name)) !=
                               std::string::npos;  // any beginning of a name will do for curl
            if (known) {
                with_value(name, next);
            } else {
                danger = worse(danger, unknown);
            }
            continue;
        }
        for (size_t at = 1; at < word.size(); ++at) {
            const bool valued = kWithValue.find(word[at]) != std::string_view::npos;
            const std::string_view value = at + 1 < word.size() ? word.substr(at + 1) : next;
            if (std::string_view("XdFToODcQJ").find(word[at]) != std::string_view::npos) {
                with_value(word.substr(at, 1), value);
            } else if (kLookingLetters.find(word[at]) == std::string_view::npos) {
                danger = worse(danger, unknown);
            }
            if (!valued) continue;
            if (at + 1 == word.size()) ++i;
            break;
        }
    }
    return danger;
}

// `ip OBJECT COMMAND`, and both may be cut short. For addresses and routes "s" is show, for links
// it is set.
bool ip_only_shows(const std::vector<std::string_view>& operands, Words arguments) {
    if (has_option(arguments, "-batch") ||
        std::any_of(arguments.begin(), arguments.end(), [](const auto& word) {
            return word.starts_with("-b") && !word.starts_with("-br");
        })) {
        return false;
    }
    if (operands.size() < 2) return true;
    if (is_one_of("show list ls lst sh sho lis get help", operands[1])) return true;
    return operands[1] == "s" && (operands[0][0] == 'a' || operands[0][0] == 'r');
}

// systemctl start reboot.target
bool ends_the_system(std::string_view unit) {
    for (const std::string_view suffix : {".target", ".service"}) {
        if (unit.ends_with(suffix)) unit.remove_suffix(suffix.size());
    }
    if (unit.starts_with("systemd-")) unit.remove_prefix(8);
    return is_one_of(
        "reboot poweroff halt kexec rescue emergency exit shutdown suspend hibernate "
        "hybrid-sleep suspend-then-hibernate soft-reboot ctrl-alt-del runlevel0 "
        "runlevel1 runlevel6 umount final factory-reset",
        unit);
}

// Kinds of Kubernetes that take what they hold with them.
bool holds_others(std::string_view operand) {
    return is_one_of(
        "ns namespace namespaces pv persistentvolume persistentvolumes pvc "
        "persistentvolumeclaim persistentvolumeclaims crd customresourcedefinition "
        "customresourcedefinitions statefulset statefulsets sts node nodes all",
        operand.substr(0, operand.find_first_of("/.,")));
}

// What a row cannot say.
std::optional<Danger> danger_by_rule(std::string_view program, Words arguments,
                                     const std::vector<std::string_view>& operands) {
    const Danger read{Effect::read, Risk::low, Effect::read};
    if (program == "curl") return danger_of_curl(arguments);
    if (program == "ip" && ip_only_shows(operands, arguments)) return read;
    const auto any = [](const auto& words, auto holds) {
        return std::any_of(words.begin(), words.end(), holds);
    };
    if (program == "sysctl" && any(operands, [](std::string_view word) {
            return word.find('=') != std::string_view::npos;
        })) {
        return Danger{Effect::idempotent, Risk::medium, Effect::idempotent};
    }
    if (program == "systemctl" && operands.size() > 1 && any(operands, ends_the_system) &&
        is_one_of("start restart isolate try-restart reload-or-restart enable set-default",
                  operands[0])) {
        return Danger{Effect::once, Risk::destructive, Effect::once};
    }
    if (program == "kubectl" && !operands.empty() && operands[0] == "delete" &&
        (any(operands, holds_others) || has_option(arguments, "--all") ||
         has_option(arguments, "-f") || has_option(arguments, "--filename") ||
         has_option(arguments, "-k"))) {
        return Danger{Effect::once, Risk::destructive, Effect::once};
    }
    // date -s, but -Is only shows seconds.
    if (program == "date" && any(arguments, [](const std::string& word) {
            return word.size() > 1 && word[0] == '-' && word[1] != '-' &&
                   word.substr(0, word.find_first_of("Idfr")).find('s') != std::string::npos;
        })) {
        return Danger{Effect::once, Risk::medium, Effect::once};
    }
    if (program == "kill" && arguments.size() == 2 && arguments[0] == "-0") return read;
    // kill -9 -1: every process there is.
    if (program == "kill" && arguments.size() > 1 &&
        any(arguments.subspan(1), [](const auto& word) { return word == "-1"; })) {
        return Danger{Effect::once, Risk::destructive, Effect::once};
    }
    return std::nullopt;
}

// Statements of SQL in any argument of a database's own client.
Danger danger_of_sql(std::string_view text) {
    std::string all = " " + to_lower(text) + " ";
    std::replace_if(
        all.begin(), all.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    all = replace_all(std::move(all), "/*", " /*");
    const auto says = [&all](std::string_view word) { return all.find(word) != std::string::npos; };
    // The last few run a program: \! of psql, .shell of sqlite3, system of mysql.
    for (const std::string_view word :
         {"drop ", "truncate ", "delete ", "dropdatabase", "flushall", "flushdb", ".drop(",
          "deletemany", "deleteone", ".remove(", "\\!", ".sh", ".sy", "system ", "program "}) {
        if (says(word)) return {Effect::once, Risk::destructive, Effect::once};
    }
    for (const std::string_view word :
         {"update ", "insert ", "alter ", "create ", "merge ", "grant ", "revoke ", "replace into",
          "copy ", "vacuum full", "reassign ", "shutdown", "kill ", "pg_terminate_backend"}) {
        if (says(word)) return {Effect::once, Risk::high, Effect::once};
    }
    return {Effect::once, Risk::medium, Effect::read};
}

}  // namespace

bool is_sql_client(std::string_view program) {
    return is_one_of(
        "psql mysql mariadb sqlite3 clickhouse-client cockroach mongo mongosh pgcli "
        "mycli",
        program);
}

Danger danger_of_input(std::string_view program, std::string_view text) {
    if (is_sql_client(program) || is_one_of("redis-cli valkey-cli", program)) {
        return danger_of_sql(text);
    }
    return {Effect::read, Risk::low, Effect::read};
}

std::vector<size_t> operands_of(std::string_view program, Words arguments) {
    for (const Values& values : kValues) {
        if (is_one_of(values.program, program)) return find_operands(arguments, values.options);
    }
    return find_operands(arguments, {});
}

std::optional<TableAnswer> danger_in_table(std::string_view program, Words arguments) {
    std::vector<size_t> at = operands_of(program, arguments);
    if (is_one_of("docker podman", program) && !at.empty() && arguments[at[0]] == "compose") {
        return danger_in_table("docker-compose", arguments.subspan(at[0] + 1));
    }
    if (is_sql_client(program)) {
        std::string all;
        for (const std::string& argument : arguments) all.append(" ").append(argument);
        return TableAnswer{danger_of_sql(all)};
    }
    std::vector<std::string_view> operands;
    for (const size_t i : at) operands.push_back(arguments[i]);
    if (const auto danger = danger_by_rule(program, arguments, operands)) {
        return TableAnswer{*danger};
    }
    std::optional<TableAnswer> doubt;
    for (const Row& row : kRows) {
        if (!is_one_of(row.program, program)) continue;
        if (fits(row, operands, arguments)) return TableAnswer{danger_of(row)};
        // Should none fit, the verb may be further back, after an option that is not known here.
        if (!doubt) doubt = TableAnswer{{Effect::once, Risk::medium, Effect::once}, false};
        if (row.risk < Risk::high) continue;
        const bool said = any_part(row.verbs, [&](std::string_view verb) {
            for (size_t i = 0; i < operands.size(); ++i) {
                if (is_verb(verb, operands, i)) return true;
            }
            return false;
        });
        if (said) doubt->danger = worse(doubt->danger, danger_of(row));
    }
    return doubt;
}

}  // namespace ops
