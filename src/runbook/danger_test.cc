// What a command may do, as far as its words tell.
#include "runbook/danger.h"

#include <gtest/gtest.h>

#include "runbook/danger_for_test.h"

namespace ops {
namespace {

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
        {"docker exec app kill -USR1 1", ""},
        {"sudo docker compose exec -T app kill -USR1 1", ""},
        {"kubectl exec p -- sh -c 'kill -USR1 1'", ""},
        {"ssh pc 'docker exec app kill 1'", ""},
        {"docker exec app systemctl restart sshd", "sshd"},
        {"docker exec --zzz app kill 1", "pid 1"},
        {"sh -c 'docker exec app true; kill 1'", "pid 1"},
        {"nsenter -t 1 -p kill 1", "pid 1"},
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

}  // namespace
}  // namespace ops
