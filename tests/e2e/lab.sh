# shellcheck shell=bash
# What tests on machines with a real systemd have in common; sourced by them, in the folder of the sources.
#
# As root. The machines are booted by lab/hosts.sh (systemd-nspawn, a network of their own with no way out) of the folder
# $OPS_SHARED or ../shared; without it, or without root, the test says so and ends with 77. The base system is kept in
# $LAB (/var/tmp/ops-agent-lab). The last line is 'N passed, N failed'.

hosts=${OPS_SHARED:-$PWD/../shared}/lab/hosts.sh
export LAB=${LAB:-/var/tmp/ops-agent-lab} NS=${NS:-opsagentlab}
here=opsagent-a  # has the package
there=opsagent-b # another one
api=http://127.0.0.1:8321/api/v1

skip() {
    echo "$(basename "$0" .sh): skipped: $*"
    exit 77
}
[ "$(id -u)" = 0 ] || skip "only root can boot machines"
[ -x "$hosts" ] || skip "no lab at '$hosts', set OPS_SHARED"
for program in systemd-nspawn debootstrap ip dpkg-deb; do
    command -v "$program" >/dev/null || skip "no $program"
done
package=${1:-$(find build -maxdepth 1 -name 'ops-agent_*.deb' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2)}
[ -e "$package" ] || skip "no package; make it with ./dev package"

passed=0
failed=0
ok() { # WHAT COMMAND ...: says whether it is so
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok   $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        printf '%s\n' "$said" | tail -15 | sed 's/^/       /'
    fi
}
soon() { # SECONDS COMMAND ...: until it holds
    local end=$((SECONDS + $1)) said
    shift
    until said=$("$@" 2>&1); do
        [ "$SECONDS" -lt "$end" ] || {
            printf '%s\n' "$said"
            return 1
        }
        sleep 0.3
    done
}
a() { "$hosts" ssh "$here" "$1"; }
b() { "$hosts" ssh "$there" "$1"; }
# PATH PYTHON: whether an expression about the answer `it` holds
says() {
    local answer
    answer=$(a "curl -sf $api/$1") || {
        echo "no answer at $1"
        return 1
    }
    python3 -c 'import json, sys
it = json.loads(sys.argv[1])
sys.exit(0 if eval(sys.argv[2]) else json.dumps(it)[:1500])' "$answer" "$2"
}
main_pid() { a "systemctl show -P MainPID $1"; }

# --- the machines ---------------------------------------------------------------------------------------------------

# shellcheck disable=SC2317 # called by the trap
finish() {
    "$hosts" down >/dev/null 2>&1
    rm -rf "$work"
}
work=$(mktemp -d)
trap finish EXIT
trap 'exit 130' INT TERM HUP
"$hosts" down >/dev/null 2>&1
in_base() { chroot "$LAB/base" "$@" >>"$LAB/apt.log" 2>&1; }
# MARK PACKAGE ...: installs packages into the base system, once
with() {
    local mark=$LAB/base/.with-$1
    shift
    [ ! -e "$mark" ] || return 0
    cp -aL /etc/apt/. "$LAB/base/etc/apt/" && rm -f "$LAB/base/etc/apt/preferences.d/"*
    cp -L /etc/resolv.conf /etc/hosts "$LAB/base/etc/"
    cp -an /usr/share/keyrings/. "$LAB/base/usr/share/keyrings/"
    if in_base apt-get -q update &&
        in_base env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"; then
        touch "$mark"
        return
    fi
    tail -5 "$LAB/apt.log"
    skip "could not install $* into the lab"
}
if [ ! -e "$LAB/base/.ready" ]; then
    echo "== makes the base system in $LAB"
    "$hosts" up || skip "the lab does not come up"
    "$hosts" down
fi
mapfile -t libraries < <(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed 's/[(|].*//' | tr -d ' ')
with libraries "${libraries[@]}"
with sudo sudo
"$hosts" up "$here" "$there" >"$work/up.log" 2>&1 || {
    tail -5 "$work/up.log"
    skip "the lab's machines do not boot"
}
ok "both machines are up" a true
