#!/bin/bash
# Proves the two commands of the manual on a Debian 12 with nothing on it but git and bash:
#
#   tests/bare-debian.sh              clone, ./dev test, ./dev run until it answers, stop it
#   tests/bare-debian.sh test         only the clone and ./dev test
#   tests/bare-debian.sh run          only the clone and ./dev run
#   tests/bare-debian.sh COMMAND ...  any other command, in the clone
#
# As root. The tree is made by debootstrap under /var/tmp and removed again. OPS_BARE_KEEP=FOLDER makes it there, keeps
# it, and uses it again the next time, with a new clone. Packages come from wherever this machine's apt gets its
# own. What is committed counts; what is not is left behind.
#
# shellcheck disable=SC2016  # much here is for another shell, or for apt
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

port=8321  # what ./dev run listens on without a configuration
[ "$(id -u)" = 0 ] || {
    echo "bare-debian: only root can make a tree and enter it" >&2
    exit 2
}

tree=${OPS_BARE_KEEP:-}
if [ -z "$tree" ]; then
    tree=$(mktemp -d /var/tmp/ops-agent-bare.XXXXXX)
    trap 'rm -rf --one-file-system "$tree"' EXIT
fi

make_tree() {
    local mirror proxy began=$SECONDS
    # The first place from which this machine's apt takes the packages of bookworm.
    mirror=$(apt-get indextargets --format '$(CODENAME) $(SUITE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
        awk '($1 == "bookworm" || $2 == "bookworm") && $3 == "main" {print $4; exit}')
    [ -n "$mirror" ] || {
        echo "bare-debian: the apt of this machine knows no bookworm" >&2
        exit 2
    }
    proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"

    echo "== a bare tree in $tree"
    mkdir -p "$tree"
    http_proxy=${proxy:-${http_proxy:-}} debootstrap --variant=minbase --include=git,bash,ca-certificates bookworm "$tree" "$mirror" >"$tree.log" 2>&1 || {
        tail -20 "$tree.log"
        exit 1
    }
    chmod 755 "$tree" # apt fetches as a user of its own
    rm -f "$tree.log" "$tree/etc/apt/sources.list"
    cp -aL /etc/apt/. "$tree/etc/apt/"
    find "$tree/etc/apt/preferences.d" -type f -delete
    cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
    ln -sfn ../proc/self/mounts "$tree/etc/mtab" # systemd makes it where it runs; Nagios plugins read it
    mkdir -p "$tree/usr/share/keyrings" "$tree/usr/local/share/ca-certificates"
    cp -an /usr/share/keyrings/. "$tree/usr/share/keyrings/"
    cp -a /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
    echo "== made in $((SECONDS - began)) s"
}

[ -e "$tree/etc/debian_version" ] || make_tree
rm -rf "$tree/root/ops-agent"
git clone -q --no-hardlinks . "$tree/root/ops-agent"

# In namespaces of its own for mounts and processes: whatever happens inside, nothing stays mounted or running.
inside() { # COMMAND
    unshare --mount --pid --fork --kill-child bash -c '
        set -e
        mount --bind "$1" "$1" # a machine has a file system on /
        cd "$1"
        mount -t proc proc "$1/proc"
        mount -t tmpfs tmpfs "$1/tmp"
        mount --rbind /dev "$1/dev"
        mount --rbind /sys "$1/sys"
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            chroot "$1" bash -c "cd /root/ops-agent || exit
$2"' _ "$tree" "$1"
}

try_test() {
    began=$SECONDS
    inside './dev test'
    echo "== ./dev test passed in $((SECONDS - began)) s"
}

# Starts it as a user would, waits until it answers, looks at its status, and asks it to stop. Only bash is there to do so.
try_run() {
    began=$SECONDS
    inside '
        ./dev run &
        agent=$!
        get() { exec 3<>/dev/tcp/127.0.0.1/'$port' && printf "GET $1 HTTP/1.0\r\nHost: 127.0.0.1:'$port'\r\n\r\n" >&3 && timeout 10 cat <&3; }
        until (get /-/healthy) 2>/dev/null | grep -q "^HTTP/1.. 200"; do
            kill -0 $agent || { echo "./dev run ended before it answered"; exit 1; }
            sleep 1
        done
        (get /api/v1/health) | tail -n 1 | head -c 400; echo
        sleep 3 # the first round of checks
        build/release/ops-agent status --config var/run/ops-agent.yaml | tee /tmp/status
        grep -q "●.* up " /tmp/status || { echo "nothing is seen to be up"; exit 1; }
        kill -TERM $agent
        for tenth in $(seq 50); do
            kill -0 $agent 2>/dev/null || { wait $agent && exit 0; echo "ended with $?"; exit 1; }
            sleep 0.1
        done
        echo "did not stop in 5 s"; exit 1'
    echo "== ./dev run answered and stopped in $((SECONDS - began)) s"
}

case ${1:-all} in
all)
    try_run
    try_test
    ;;
test) try_test ;;
run) try_run ;;
*) inside "$*" ;;
esac
