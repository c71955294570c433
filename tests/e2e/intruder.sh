#!/bin/bash
# Somebody comes in from another machine: what docs/security.md promises of each step, with the real sshd, sudo, useradd
# and journal, told by the Debian package as it runs as a service; and what people do every day, which nobody is told.
#
#   tests/e2e/intruder.sh [FILE.deb]     the newest build/ops-agent_*.deb unless said otherwise
#
# What it needs and where it ends with 77 stands in lab.sh.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit 2
. tests/e2e/lab.sh
address=$(cat "$LAB/$here.address")
from=$(cat "$LAB/$there.address")
told=/var/lib/ops-agent-prober/told

# USER PASSWORD COMMAND ...: ssh from the other machine to ours with that password, three times if it is refused
login() {
    local user=$1 password=$2
    shift 2
    "$hosts" ssh "$there" "printf '#!/bin/sh\necho %s\n' '$password' >/root/askpass; chmod 700 /root/askpass
SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force setsid -w ssh -o StrictHostKeyChecking=accept-new \
-o PubkeyAuthentication=no -o LogLevel=ERROR $user@$address '$*' </dev/null"
}
# What was told holds every one of these words in one message.
hears() {
    local words
    words=$(a "cat $told 2>/dev/null") || return 1
    [[ $words == *"$1"* ]] && return
    echo "it was told: $words"
    return 1
}
messages() { a "grep -c CRITICAL $told 2>/dev/null" || true; }
quiet() { # for SECONDS: nobody is told anything
    sleep "$1"
    says incidents "it['incidents'] == []"
}
# The newest incident is over and what was told forgotten.
settle() {
    # shellcheck disable=SC2016 # for the shell over there
    a 'for id in $(ops-agent incidents --state open,escalated --json | python3 -c "import json, sys; [print(i[\"id\"]) for i in json.load(sys.stdin)[\"incidents\"]]"); do
        ops-agent resolve "$id" --note seen; done; : >'"$told" >/dev/null
}

# --- a machine on which all is well -----------------------------------------------------------------------------------

cp "$package" "$LAB/$here/root/ops-agent.deb"
ok "the package installs" a "dpkg -i /root/ops-agent.deb"
a "for user in ann deploy; do useradd -m -s /bin/bash \$user && echo \$user:\$user-pw | chpasswd; done; adduser -q ann sudo 2>/dev/null || usermod -aG sudo ann"
# Without it the keys of other users cannot be read (docs/security.md).
a "mkdir -p /etc/systemd/system/ops-agent.service.d && printf '[Service]\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\nAmbientCapabilities=CAP_DAC_READ_SEARCH\n' >/etc/systemd/system/ops-agent.service.d/keys.conf"
cat >"$LAB/$here/etc/ops-agent/ops-agent.yaml" <<YAML
agent:
  name: here
  data_dir: /var/lib/ops-agent
  executor_socket: /run/ops-agent-executor/socket
  prober_socket: /run/ops-agent-prober/socket
  listen: 127.0.0.1:8321
  runbook: runbook.yaml
hosts: [{name: here, local: true}]
logs: [{name: auth, journald: true, every: 1s}]
signals: [{name: access, access: {}, every: 2s}]
channels: [{name: told, command: {run: "tee -a $told"}}]
YAML
ok "the configuration is fine" a "ops-agent lint"
a "systemctl daemon-reload && systemctl restart ops-agent-prober ops-agent-executor ops-agent"
ok "ways in are seen, and every key" soon 20 says health \
    "[s for s in it['services'] if s['name'] == 'access'][0]['facts'].get('ssh_keys', 0) > 0"
sleep 5

# --- every day --------------------------------------------------------------------------------------------------------

ok "a login with a password" login ann ann-pw true
ok "a command with sudo" login ann ann-pw "echo ann-pw | sudo -S -p : true"
refused() { ! login "$@" true; }
ok "a wrong password is refused" refused ann wrong
a "setsid -f timeout 300 python3 -c 'import socket, time
s = socket.socket(); s.bind((\"127.0.0.1\", 5555)); s.listen(); time.sleep(300)' >/dev/null 2>&1 </dev/null"
ok "none of it is told, nor a port of loopback" quiet 6

# --- the intruder -----------------------------------------------------------------------------------------------------

for try in 1 2 3 4; do login deploy "guess$try" true & done >/dev/null 2>&1
wait
ok "guesses alone tell nobody" quiet 3
ok "the twelve guesses are counted" soon 5 a "test \$(journalctl -t sshd | grep -c 'Failed password for deploy from $from') -ge 12"
ok "then one is right" login deploy deploy-pw true
guesses=$(a "journalctl -t sshd | grep -c 'Failed password for .* from $from'")
ok "a login after guesses is told, with their number" soon 15 hears \
    "deploy was let in with a password from $from after $guesses failed logins"
settle
login deploy deploy-pw "echo deploy-pw | sudo -S -p : id" >/dev/null 2>&1
ok "who may not use sudo is told" soon 15 hears "deploy is in no rule of sudoers and ran sudo"
settle
for _ in 1 2 3; do login ann ann-pw "echo wrong | sudo -S -k -p : id"; done >/dev/null 2>&1
ok "failing at sudo is told" soon 15 hears "ann failed at sudo or su"
settle
a "useradd -m mallory"
ok "a new account is told" soon 15 hears "useradd made the account mallory"
sleep 4
ok "once" test "$(messages)" = 1
settle
a "mkdir -p /home/ann/.ssh && ssh-keygen -q -t ed25519 -N '' -C evil@there -f /root/evil && cat /root/evil.pub >>/home/ann/.ssh/authorized_keys && chown -R ann: /home/ann/.ssh && chmod 700 /home/ann/.ssh"
ok "a new key is told" soon 15 hears "evil@there of ann"
settle
a "setsid -f timeout 300 python3 -c 'import socket, time
s = socket.socket(); s.bind((\"0.0.0.0\", 4444)); s.listen(); time.sleep(300)' >/dev/null 2>&1 </dev/null"
ok "a new port is told" soon 15 hears "port 4444"
settle
ok "nothing more comes of it, over a restart too" a "systemctl restart ops-agent"
sleep 8
ok "nothing of it is told again" says incidents "all(i['state'] == 'resolved' for i in it['incidents'])"
ok "the journal's chain is whole" a "ops-agent audit verify"

[ "$failed" = 0 ] || a "journalctl -u ops-agent --no-pager -n 40"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
