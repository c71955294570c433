#!/bin/bash
# Installs the Debian package on machines with a real systemd and holds it against what its units promise.
#
#   tests/e2e/package.sh [FILE.deb]     the newest build/ops-agent_*.deb unless said otherwise
#
# What it needs and where it ends with 77 stands in lab.sh.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit 2
. tests/e2e/lab.sh
there_address=$(cat "$LAB/$there.address")

# --- install ---------------------------------------------------------------------------------------------------------

cp "$package" "$LAB/$here/root/first.deb"
ok "the package installs" a "dpkg -i /root/first.deb"
for unit in ops-agent ops-agent-executor ops-agent-prober; do
    ok "$unit is active" soon 10 a "systemctl is-active $unit"
    ok "$unit is enabled" a "systemctl is-enabled $unit"
    ok "$unit: systemctl status is good" a "systemctl status --no-pager $unit"
done
ok "all is well" soon 20 says health "it['status'] == 'ok'"
# shellcheck disable=SC2016 # for the shell over there
ok "the core is not root" a '[ "$(ps -o user= -p "$(systemctl show -P MainPID ops-agent)")" = ops-agent ]'
ok "doctor has nothing against it" a "ops-agent doctor"
ok "the manual is there" a "test -s /usr/share/doc/ops-agent/README.md"
ok "systemd finds nothing wrong with the units" a \
    "systemd-analyze verify /lib/systemd/system/ops-agent.service /lib/systemd/system/ops-agent-executor.service /lib/systemd/system/ops-agent-prober.service"

# --- stop and come back -----------------------------------------------------------------------------------------------

stops_quickly() {
    local began
    began=$(date +%s%N)
    a "systemctl stop ops-agent ops-agent-executor ops-agent-prober" || return 1
    local took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -lt 5000 ] || {
        echo "took $took ms"
        return 1
    }
    ! a "systemctl is-failed ops-agent ops-agent-executor ops-agent-prober"
}
ok "all stop within 5 s, cleanly" stops_quickly
ok "all start again" a "systemctl start ops-agent"

comes_back() { # UNIT
    local before now
    before=$(main_pid "$1")
    a "kill -9 $before" || return 1
    for _ in $(seq 40); do
        now=$(main_pid "$1")
        [ "$now" != 0 ] && [ "$now" != "$before" ] && a "systemctl is-active $1" && return 0
        sleep 0.3
    done
    a "systemctl status --no-pager $1"
    return 1
}
ok "a killed core is started again" comes_back ops-agent
ok "a killed executor is started again" comes_back ops-agent-executor
ok "a killed prober is started again" comes_back ops-agent-prober
ok "the core answers again" soon 10 says health "True"

# --- services of this and of another machine --------------------------------------------------------------------------

for name in "$here" "$there"; do
    cat >"$LAB/$name/etc/systemd/system/shop.service" <<'UNIT'
[Service]
ExecStart=/bin/sleep infinity
UNIT
    "$hosts" ssh "$name" "systemctl daemon-reload && systemctl start shop"
done
# Writes errors to the journal once it is told to, until it is started again.
cat >"$LAB/$here/etc/systemd/system/chatty.service" <<'UNIT'
[Service]
ExecStartPre=/bin/rm -f /run/errors
ExecStart=/bin/sh -c 'while sleep 0.1; do [ ! -e /run/errors ] || echo "fatal: out of cheese"; done'
UNIT
a "systemctl daemon-reload && systemctl start chatty"
# As an operator would: a key for both users, and the other machine's own key.
for home in /var/lib/ops-agent-prober root; do
    install -m 600 "$LAB/key" "$LAB/$here/$home/.ssh/id_ed25519"
done
a "chown ops-agent-prober /var/lib/ops-agent-prober/.ssh/id_ed25519"
b "cat /etc/ssh/ssh_host_ed25519_key.pub" | sed "s/^/$there_address /" >"$LAB/$here/etc/ssh/ssh_known_hosts"
cat >"$LAB/$here/etc/ssh/ssh_config.d/there.conf" <<SSH
Host there
    HostName $there_address
    User root
SSH
cat >"$LAB/$here/etc/ops-agent/ops-agent.yaml" <<'YAML'
agent:
  mode: auto
  data_dir: /var/lib/ops-agent
  executor_socket: /run/ops-agent-executor/socket
  prober_socket: /run/ops-agent-prober/socket
  listen: 127.0.0.1:8321
  runbook: runbook.yaml
hosts:
  - {name: here, local: true, interval: 2s}
  - {name: there, ssh: there, interval: 2s}
services:
  - {name: shop, host: here, check: {systemd: shop.service}, interval: 1s, restart: systemctl restart shop.service}
  - {name: who, host: here, check: {command: "sh -c 'test $(id -un) = ops-agent-prober'"}, interval: 2s}
  - {name: far-shop, host: there, check: {systemd: shop.service}, interval: 2s, restart: ssh there 'systemctl restart shop.service'}
  - {name: chatty, host: here, check: {systemd: chatty.service}, interval: 2s, restart: systemctl restart chatty.service}
logs:
  - {name: chatty, journald: true, unit: chatty.service, every: 2s}
limits: {soak: 3s, backoff_first: 1s, actions_per_hour: 100, actions_per_day: 100}
YAML
cat >"$LAB/$here/etc/ops-agent/runbook.yaml" <<'YAML'
common_issues:
  - name: Shop is down
    symptoms: [up == false, 'service in ["shop", "far-shop"]']
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: check service
  - name: Log flood
    symptoms: [error_rate > 100, service == "chatty"]
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: error_rate < 10
YAML
ok "the configuration is fine" a "ops-agent lint"
ok "reload takes it up" a "systemctl reload ops-agent"
of() { echo "[s for s in it['$1'] if s['name'] == '$2'][0]"; }
ok "the unit is seen" soon 20 says health "$(of services shop)['status'] == 'up'"
ok "a check's command runs as the prober's user" soon 20 says health "$(of services who)['status'] == 'up'"
ok "the core cannot read the key" a "! runuser -u ops-agent -- cat /var/lib/ops-agent-prober/.ssh/id_ed25519"
ok "the unit over ssh is seen" soon 30 says health "$(of services far-shop)['status'] == 'up'"
ok "the other machine's disk and memory are known" soon 30 says health \
    "{'disk_usage', 'memory_usage'} <= set($(of hosts there)['facts'])"

repaired() { # SERVICE
    says "incidents?service=$1" "it['incidents'] and all(i['state'] == 'resolved' and i['resolved_by'] == 'auto' for i in it['incidents'])"
}
ok "a quiet journal has no errors" soon 20 says health "$(of services chatty)['facts'].get('error_rate') == 0"
a "touch /run/errors"
ok "errors in the journal are seen and repaired" soon 60 repaired chatty
pid=$(main_pid shop)
a "kill -9 $pid"
ok "a killed unit is repaired" soon 40 repaired shop
ok "it is another process" a "[ \"\$(systemctl show -P MainPID shop)\" -gt 0 ] && [ \"\$(systemctl show -P MainPID shop)\" != $pid ]"
ok "the repair is recorded as verified" says "actions" "any(x['target'] == 'shop' and x['state'] == 'verified' for x in it['actions'])"
b 'kill -9 "$(systemctl show -P MainPID shop)"'
ok "a killed unit of the other machine is repaired" soon 60 repaired far-shop
ok "it runs there" b "systemctl is-active shop"

# --- upgrade ----------------------------------------------------------------------------------------------------------

dpkg-deb --raw-extract "$package" "$work/next"
version=$(dpkg-deb -f "$package" Version).1
sed -i "s/^Version: .*/Version: $version/" "$work/next/DEBIAN/control"
echo "# of the next version" >>"$work/next/etc/ops-agent/ops-agent.yaml"
dpkg-deb --root-owner-group --build "$work/next" "$LAB/$here/root/next.deb" >/dev/null
digest=$(sha256sum "$LAB/$here/etc/ops-agent/ops-agent.yaml" | cut -d' ' -f1)
before=$(main_pid ops-agent)
ok "the next version installs" a "dpkg -i --force-confold /root/next.deb"
ok "the configuration is kept" a "echo '$digest  /etc/ops-agent/ops-agent.yaml' | sha256sum -c"
ok "the new program runs" a "systemctl is-active ops-agent && [ \"\$(systemctl show -P MainPID ops-agent)\" != $before ]"
ok "what it remembered is kept" soon 10 repaired shop
ok "the journal's chain is whole" a "ops-agent audit verify"

# --- the other machine goes away ----------------------------------------------------------------------------------------

ok "both are well before" soon 30 says health "$(of services far-shop)['status'] == 'up' and $(of hosts there)['status'] == 'up'"
# At once, as when the plug is pulled: a machine that shuts down in order stops its services first, and a look may see it.
b "systemctl poweroff --force --force"
ok "a machine that is off is down" soon 60 says health "$(of hosts there)['status'] == 'down'"
sleep 15
ok "that is one incident, of the machine" says incidents \
    "[i['title'] for i in it['incidents'] if i['state'] != 'resolved'] == ['there is down']"
ok "nothing was tried on its services since" says actions "sum(x['target'] == 'far-shop' for x in it['actions']) == 1"

# --- remove and purge ---------------------------------------------------------------------------------------------------

ok "it is removed" a "dpkg -r ops-agent && ! systemctl is-active ops-agent"
ok "what it remembered stays" a "test -e /var/lib/ops-agent/state.db && test -e /etc/ops-agent/ops-agent.yaml"
ok "it is purged" a "dpkg -P ops-agent"
ok "nothing of it is left" a "! ls -d /etc/ops-agent/*.yaml /var/lib/ops-agent /var/lib/ops-agent-prober /usr/bin/ops-agent /lib/systemd/system/ops-agent* 2>/dev/null"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
