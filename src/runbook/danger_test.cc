// What a command may do, as far as its words tell.
#include "runbook/danger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runbook/command.h"
#include "runbook/words.h"

namespace ops {
namespace {

CommandText parsed(std::string_view text, Shell shell = Shell::no) {
    std::vector<CommandIssue> issues;
    return parse_command(text, shell, nullptr, issues);
}

Danger danger_of_words(std::vector<std::string> words) {
    CommandText command;
    command.words = std::move(words);
    return danger_of(command);
}

TEST(DangerOf, KnowsCommonCommands) {
    struct Row {
        std::string_view command;
        Effect effect;
        Risk risk;
    };
    const std::vector<Row> rows = {
        {"systemctl restart x", Effect::idempotent, Risk::low},
        {"/usr/bin/systemctl reload x", Effect::idempotent, Risk::low},
        {"sudo -n systemctl restart x", Effect::idempotent, Risk::low},
        {"systemctl stop x", Effect::idempotent, Risk::high},
        {"systemctl status x", Effect::read, Risk::low},
        {"systemctl reboot", Effect::once, Risk::destructive},
        {"supervisorctl restart worker_1", Effect::idempotent, Risk::low},
        {"ssh pc 'supervisorctl restart worker_1'", Effect::idempotent, Risk::low},
        {"journalctl --vacuum-time=3d", Effect::idempotent, Risk::low},
        {"journalctl -u x -n 100", Effect::read, Risk::low},
        {"docker system prune -f", Effect::idempotent, Risk::low},
        {"docker system prune -af", Effect::idempotent, Risk::medium},
        {"docker system prune -f --volumes", Effect::once, Risk::destructive},
        {"docker volume rm data", Effect::once, Risk::destructive},
        {"docker restart web", Effect::idempotent, Risk::low},
        {"docker rm web", Effect::idempotent, Risk::high},
        {"docker compose down -v", Effect::once, Risk::destructive},
        {"rm -rf /srv/cache", Effect::idempotent, Risk::destructive},
        {"rm -f -r /srv/cache", Effect::idempotent, Risk::destructive},
        {"rm -f /srv/x.pid", Effect::idempotent, Risk::medium},
        {"sudo -u ops nice -n 5 rm -r /x", Effect::idempotent, Risk::destructive},
        {"env A=b timeout 5 rm -r /x", Effect::idempotent, Risk::destructive},
        {"mkfs.ext4 /dev/sdb", Effect::once, Risk::destructive},
        {"dd if=/dev/zero of=/dev/sda", Effect::once, Risk::destructive},
        {"kill -9 1234", Effect::idempotent, Risk::high},
        {"reboot", Effect::once, Risk::destructive},
        {"psql -c 'DROP TABLE users'", Effect::once, Risk::destructive},
        {"psql -c 'UPDATE users SET x = 1'", Effect::once, Risk::high},
        {"find /tmp -name x -delete", Effect::idempotent, Risk::destructive},
        {"find /tmp -name x", Effect::read, Risk::low},
        {"find /tmp -fprintf /etc/x a", Effect::once, Risk::medium},
        {"curl -fsS http://127.0.0.1/", Effect::read, Risk::low},
        {"curl -X POST http://127.0.0.1/", Effect::once, Risk::medium},
        {"df -h", Effect::read, Risk::low},
        {"xargs rm -r", Effect::once, Risk::destructive},
        {"sh -c 'ls; rm -rf /x'", Effect::once, Risk::destructive},
        {"/usr/local/bin/fix-it", Effect::once, Risk::medium},
    };
    for (const Row& row : rows) {
        const Danger danger = danger_of(parsed(row.command));
        EXPECT_EQ(name_of(danger.effect), name_of(row.effect)) << row.command;
        EXPECT_EQ(name_of(danger.risk), name_of(row.risk)) << row.command;
    }
    const Danger script = danger_of(parsed("cd /x && sudo rm -rf y | cat", Shell::yes));
    EXPECT_EQ(script.risk, Risk::destructive);
}

TEST(ProtectedThing, IsFoundWhereverItHides) {
    struct Row {
        std::string_view command, thing;
    };
    const std::vector<Row> rows = {
        {"systemctl restart sshd", "sshd"},
        {"sudo systemctl stop ssh.service", "sshd"},
        {"service ssh restart", "sshd"},
        {"pkill sshd", "sshd"},
        {"systemctl status sshd", ""},
        {"systemctl stop ops-agent", "ops-agent"},
        {"systemctl restart ops-agent-executor.service", "ops-agent"},
        {"systemctl restart networking", "networking"},
        {"ip link set eth0 down", "networking"},
        {"ip addr", ""},
        {"kill -9 1", "pid 1"},
        {"kill -9 12", ""},
        {"systemctl restart nginx", ""},
        {"sh -c 'true; systemctl restart sshd'", "sshd"},
        {"grep ssh /var/log/auth.log", ""},
        {"sh -e -c 'systemctl stop sshd'", "sshd"},
        {"bash -lc 'systemctl stop sshd'", "sshd"},
        {"sudo -iu ops systemctl stop sshd", "sshd"},
        {"/opt/wrapper systemctl stop sshd", "sshd"},
        {"nsenter -t 1 -m systemctl stop sshd", "sshd"},
        {"initctl stop ssh", "sshd"},
        {"ip l s eth0 down", "networking"},
        {"ip route change default via 10.0.0.1", "networking"},
        {"ip a s", ""},
        {"kill -9 -1", "pid 1"},
        {"sudo systemctl status sshd", ""},
    };
    for (const Row& row : rows)
        EXPECT_EQ(protected_thing(parsed(row.command)), row.thing) << row.command;
}

struct Risky {
    std::string_view command;
    Risk at_least;
};

// Man pages know many ways to say the same.
TEST(DangerOf, IsNotLoweredByHowItIsWritten) {
    const std::vector<Risky> rows = {
        {"sudo --user ops rm -rf /data", Risk::destructive},
        {"sudo -iu ops rm -rf /data", Risk::destructive},
        {"sudo --group ops rm -rf /data", Risk::destructive},
        {"sudo --chdir=/ -Eu ops -- rm -rf /data", Risk::destructive},
        {"sudo --an-option-of-tomorrow x rm -rf /data", Risk::destructive},
        {"sudo A=b rm -rf /data", Risk::destructive},
        {"timeout -s KILL 5 rm -rf /data", Risk::destructive},
        {"timeout --kill-after 5 10m rm -rf /data", Risk::destructive},
        {"nice --adjustment 5 rm -rf /data", Risk::destructive},
        {"ionice -c2 -n7 rm -rf /data", Risk::destructive},
        {"env -S 'rm -rf /data'", Risk::destructive},
        {"env -u HOME - rm -rf /data", Risk::destructive},
        {"flock /run/x rm -rf /data", Risk::destructive},
        {"flock /run/x -c 'rm -rf /data'", Risk::destructive},
        {"systemd-run --unit x -p Nice=5 rm -rf /data", Risk::destructive},
        {"watch -n 5 'rm -rf /data'", Risk::destructive},
        {"busybox rm -rf /data", Risk::destructive},
        {"chroot --userspec=a:b /srv rm -rf /data", Risk::destructive},
        {"nsenter -t 1 -m rm -rf /data", Risk::destructive},
        {"taskset -c 0 rm -rf /data", Risk::destructive},
        {"bash -lc 'rm -rf /data'", Risk::destructive},
        {"bash --login -c 'rm -rf /data'", Risk::destructive},
        {"sh -e -c 'rm -rf /data'", Risk::destructive},
        {"sh -ec 'rm -rf /data'", Risk::destructive},
        {"bash -o pipefail -c 'rm -rf /data'", Risk::destructive},
        {"bash -c -e 'rm -rf /data'", Risk::destructive},
        {"sh -c '\"$@\"' x rm -rf /data", Risk::destructive},
        {"su -c 'rm -rf /data'", Risk::destructive},
        {"su - ops -c 'rm -rf /data'", Risk::destructive},
        {"su ops --command='rm -rf /data'", Risk::destructive},
        {"runuser -u ops -- rm -rf /data", Risk::destructive},
        {"runuser ops -c 'rm -rf /data'", Risk::destructive},
        {"rm -rfvdI /data", Risk::destructive},
        {"rm --recurs /data", Risk::destructive},
        {"rm -vdIfr /data", Risk::destructive},
        {"/usr/bin/../bin/rm -rf /data", Risk::destructive},
        {"docker exec cache redis-cli FLUSHALL", Risk::destructive},
        {"docker exec -it -u root cache redis-cli -n 2 flushall", Risk::destructive},
        {"docker -H unix:///x exec cache sh -c 'rm -rf /data'", Risk::destructive},
        {"docker container exec cache rm -rf /data", Risk::destructive},
        {"docker compose -f x.yml exec -T cache redis-cli FlushAll", Risk::destructive},
        {"docker run --rm -v /:/h alpine rm -rf /h/data", Risk::destructive},
        {"docker compose --project-name x down --volumes", Risk::destructive},
        {"kubectl exec -n logs db-0 -- rm -rf /data", Risk::destructive},
        {"kubectl -n logs exec db-0 -c db -- sh -c 'rm -rf /data'", Risk::destructive},
        {"kubectl delete namespace shop", Risk::destructive},
        {"kubectl -n shop delete pvc/data", Risk::destructive},
        {"kubectl delete pod x", Risk::high},
        {"kubectl --a-new-option x delete pod y", Risk::high},
        {"ip netns exec x rm -rf /data", Risk::destructive},
        {"ip -all netns exec rm -rf /data", Risk::destructive},
        {"xargs -a list rm -rf", Risk::destructive},
        {"xargs -0 -n 1 rm", Risk::destructive},
        {"find /data -exec rm -rf '{}' +", Risk::destructive},
        {"find /data -type f -exec rm '{}' ';'", Risk::destructive},
        {"find /data -exec echo '{}' ';' -exec shred '{}' ';'", Risk::destructive},
        {"find /data -exec grep x '{}' ';'", Risk::high},
        {"ssh other 'rm -rf /data'", Risk::destructive},
        {"sudo ssh other 'rm -rf /data'", Risk::destructive},
        {"parallel rm -rf ::: /data", Risk::destructive},
        {"perl -e 'system(\"rm -rf /data\")'", Risk::destructive},
        {"aws s3 rm --recursive s3://bucket", Risk::destructive},
        {"systemctl start reboot.target", Risk::destructive},
        {"systemctl --no-block isolate rescue.target", Risk::destructive},
        {"systemctl start systemd-poweroff.service", Risk::destructive},
        {"systemctl --a-new-option x stop y", Risk::high},
        {"systemctl clean --what=all x", Risk::destructive},
        {"kill -9 -1", Risk::destructive},
        {"rsync -a --delete /empty/ /data/", Risk::destructive},
        {"psql -c 'DROP\tTABLE users'", Risk::destructive},
        {"psql -c 'delete/**/from users'", Risk::destructive},
        {"psql -c '\\! rm -rf /data'", Risk::destructive},
        {"ss -K dst 10.0.0.1", Risk::high},
        {"loginctl terminate-user ops", Risk::high},
        {"chage -E 0 ops", Risk::high},
        {"ip route change default via 10.0.0.1", Risk::high},
        {"ip l s eth0 down", Risk::high},
        {"ip -4 -o link set eth0 down", Risk::high},
        {"ip -batch /tmp/x", Risk::high},
    };
    for (const Risky& row : rows) {
        const Danger danger = danger_of(parsed(row.command));
        EXPECT_GE(danger.risk, row.at_least) << row.command;
        EXPECT_NE(danger.effect, Effect::read) << row.command;
    }
}

TEST(DangerOf, OfAScriptIsThatOfItsWorstCommand) {
    const std::vector<Risky> rows = {
        {"for d in /a /b; do rm -rf $d; done", Risk::destructive},
        {"if test -d /data; then rm -rf /data; fi", Risk::destructive},
        {"if ! test -d /x; then true; else rm -rf /data; fi", Risk::destructive},
        {"{ rm -rf /data; }", Risk::destructive},
        {"! rm -rf /data", Risk::destructive},
        {"X=1 Y='2 3' rm -rf /data", Risk::destructive},
        {"case $1 in a) rm -rf /data;; esac", Risk::destructive},
        {"f() { rm -rf /data; }; f", Risk::destructive},
        {"echo \"$(rm -rf /data)\"", Risk::destructive},
        {"while read x\ndo rm -rf $x\ndone", Risk::destructive},
        {"eval 'rm -rf /data'", Risk::destructive},
        {"exec rm -rf /data", Risk::destructive},
        {"trap 'rm -rf /data' EXIT", Risk::destructive},
        {"2>/dev/null rm -rf /data", Risk::destructive},
        {"echo 'rm -rf /data' | sh", Risk::destructive},
        {"echo 'rm -rf /data' | ssh other", Risk::destructive},
        {"echo 'drop table users' | psql", Risk::destructive},
        {"echo FLUSHALL | redis-cli", Risk::destructive},
        {"cat /dev/zero > /dev/sda", Risk::destructive},
        {"ls /data | xargs -n1 rm -rf", Risk::destructive},
        {"sudo -iu ops bash -lc \"cd /x && rm -rf *\"", Risk::destructive},
        {"systemctl stop x && sleep 1", Risk::high},
    };
    for (const Risky& row : rows) {
        EXPECT_GE(danger_of(parsed(row.command, Shell::yes)).risk, row.at_least) << row.command;
    }
    for (const std::string_view harmless : {
             "# reboot by hand if this does not help\nsystemctl restart x",
             "curl -fsS http://127.0.0.1/ > /dev/null 2>&1 | grep -q ok",
             "log 'about to reboot the rm -rf way'",
             "test \"$(pgrep -c worker)\" -gt 3",
         }) {
        EXPECT_LE(danger_of(parsed(harmless, Shell::yes)).risk, Risk::medium) << harmless;
    }
}

TEST(DangerOf, ChangingIsNotTakenForLooking) {
    for (const std::string_view command : {
             "curl -XPOST http://a/",
             "curl -XDELETE http://a/",
             "curl -dfoo=bar http://a/",
             "curl -sSd foo=bar http://a/",
             "curl --json '{}' http://a/",
             "curl --data-urlencode a=b http://a/",
             "curl --dat a=b http://a/",
             "curl --request PATCH http://a/",
             "curl -sXPUT http://a/",
             "curl -T f http://a/",
             "curl -Tf http://a/",
             "curl -F a=b http://a/",
             "curl -so /etc/x http://a/",
             "curl -O http://a/",
             "curl -c /etc/x http://a/",
             "curl -K /etc/x",
             "curl --an-option-of-tomorrow http://a/",
             "curl -D /etc/x http://a/",
             "kubectl -n logs scale deployment x --replicas=0",
             "kubectl scale deploy logs",
             "kubectl --context top annotate pod get a=b",
             "sysctl vm.drop_caches=3",
             "date -s 12:00",
             "date 010203042026",
             "date -us 12:00",
             "date --set=12:00",
             "hostname NEW",
             "hostname -F /etc/hostname",
             "timedatectl set-time 12:00",
             "timedatectl set-ntp no",
             "loginctl kill-session 3",
             "chage -l -E 0 ops",
             "resolvectl flush-caches",
             "resolvectl dns eth0 10.0.0.1",
             "dmesg -C",
             "dmesg -Tc",
             "dmesg --clear",
             "arp -d x",
             "smartctl -t long /dev/sda",
             "sensors -s",
             "sort -o /etc/x /etc/y",
             "openssl x509 -in a -out b",
             "redis-cli SET ping pong",
             "redis-cli DEL info",
             "redis-cli --eval get.lua",
             "systemctl stop status",
             "systemctl kill cat",
             "git log --output=/etc/x",
             "journalctl --flush",
             "journalctl --rotate",
             "nginx -s reload -t",
             "service status stop",
             "docker stop ps",
             "docker-compose -f ps rm x",
             "supervisorctl stop status",
             "crontab -lr",
             "ip addr add 10.0.0.1 dev eth0",
             "ip link s eth0 down",
             "find / -fls /etc/x",
             "sudo",
             "env A=b",
             "ionice -p 12",
             "xargs ls",
             "kill -10 5",
         }) {
        EXPECT_NE(danger_of(parsed(command)).effect, Effect::read) << command;
    }
}

TEST(DangerOf, LookingStaysLooking) {
    for (const std::string_view command : {
             "curl http://a/",
             "curl -fsSm 5 http://a/",
             "curl -sS --max-time 5 -H 'A: d' http://a/",
             "curl -s -o /dev/null -w '%{http_code}' http://a/",
             "curl -sXGET http://a/",
             "curl -X GET http://a/",
             "curl -I http://a/",
             "curl -sD - -o /dev/null http://a/",
             "curl --request HEAD http://a/",
             "curl --fail-with-body --retry 3 http://a/",
             "curl -kLu a:d http://a/",
             "kubectl -n logs get pods -o wide",
             "kubectl --namespace=x logs -f y",
             "kubectl get pods -A",
             "kubectl rollout status deploy/x",
             "ip a",
             "ip a s",
             "ip addr show dev eth0",
             "ip -br link",
             "ip -s link show eth0",
             "ip r",
             "ip r s",
             "ip -6 route list",
             "ip route get 10.0.0.1",
             "ip neigh",
             "ip -n x addr",
             "sysctl vm.swappiness",
             "sysctl -a",
             "sysctl -n kernel.pid_max",
             "date",
             "date +%s",
             "date -u +%F",
             "date -Is",
             "date -d yesterday +%F",
             "hostname",
             "hostname -f",
             "timedatectl",
             "timedatectl show",
             "timedatectl -p NTP show",
             "loginctl",
             "loginctl list-sessions",
             "loginctl -n 5 session-status 3",
             "chage -l ops",
             "ss -ltnp",
             "ss -s",
             "ss -tn state established",
             "dmesg -T",
             "dmesg --level=err,warn",
             "arp -an",
             "smartctl -aH /dev/sda",
             "systemctl status x",
             "systemctl --no-pager status x",
             "systemctl -n 50 status x",
             "systemctl is-active --quiet x",
             "systemctl --failed",
             "systemctl --user list-units",
             "systemctl -H pc is-active x",
             "journalctl -u x -n 100",
             "docker ps -a",
             "docker --context x logs y",
             "docker compose -f x.yml ps",
             "docker container ls",
             "docker inspect -f '{{.State}}' x",
             "docker exec -t db pg_isready -U postgres",
             "docker exec cache redis-cli PING",
             "kubectl exec db-0 -- pg_isready",
             "ip netns exec blue ss -ltn",
             "sudo -n systemctl status x",
             "sudo -u postgres pg_isready",
             "nice -n 5 df -h",
             "timeout 5 curl http://a/",
             "timeout -k 1 5 ping -c 1 a",
             "env LANG=C df -h",
             "redis-cli -h a -p 6379 ping",
             "redis-cli -n 2 LLEN queue",
             "supervisorctl status",
             "supervisorctl -c /etc/x status worker",
             "service nginx status",
             "service --status-all",
             "nginx -t",
             "apachectl -t",
             "git -C /srv/x status",
             "pm2 list",
             "openssl s_client -connect a:443",
             "openssl x509 -noout -enddate -in /etc/x",
             "grep reboot /var/log/x",
             "echo rm -rf /data",
             "find /var/log -name '*.gz' -mtime +30",
             "cat /proc/mdstat",
             "crontab -l",
             "crontab -u ops -l",
             "dig +short a",
             "test -f /run/x",
             "kill -0 123",
             "busybox df -h",
             "mysqladmin -h a ping",
             "head -n 5 /x",
             "mountpoint -q /data",
         }) {
        const Danger danger = danger_of(parsed(command));
        EXPECT_EQ(name_of(danger.effect), name_of(Effect::read)) << command;
        EXPECT_EQ(name_of(danger.risk), name_of(Risk::low)) << command;
    }
}

TEST(DangerOf, TellsDoubtFromKnowledge) {
    const auto known = [](std::string_view command, Shell shell = Shell::no) {
        return danger_of(parsed(command, shell)).known;
    };
    EXPECT_EQ(known("/opt/check-shop --deep"), Effect::read);
    EXPECT_EQ(known("psql -c 'select 1'"), Effect::read);
    EXPECT_EQ(known("curl -fsS http://a/ | grep -q ok", Shell::yes), Effect::read);
    EXPECT_EQ(known("kill -0 $(cat /run/x.pid)", Shell::yes), Effect::read);
    EXPECT_EQ(known("/opt/fix; systemctl restart x", Shell::yes), Effect::idempotent);
    EXPECT_EQ(known("curl -XPOST http://a/"), Effect::once);
    EXPECT_EQ(known("sudo /opt/x rm -rf /data"), Effect::idempotent);
}

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
