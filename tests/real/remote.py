"""A host that is looked at over ssh: a real sshd with keys of its own, right, wrong, gone and hanging.

Each side lives in a namespace of its own: the agent in one where its account has another home (keys and known hosts), sshd
in one where /run is empty. So nothing of this machine is touched, and what outlives its parent ends with the namespace.
"""
import os
import pwd
import signal
import subprocess

from stage import LIBRARIES, RunningAgent, free_port, peer, wait_for

HIDE = """set -e
mount --bind "$1/passwd" /etc/passwd
if [ "$2" = sshd ]; then mount -t tmpfs none /run; mkdir -m 755 /run/sshd; fi
shift 2
exec "$@"
"""


def around(home, who):
    """Words before a program that has this home."""
    root = [] if os.getuid() == 0 else ["-r"]
    return ["unshare", *root, "-m", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c", HIDE, "sh", home, who]


class Sshd:
    def __init__(self, stage, program):
        self.stage, self.program_file, self.port = stage, program, free_port()
        self.home = os.path.join(stage.folder, "sshd")
        os.mkdir(self.home, 0o700)
        for name in ("host", "other", "user"):
            stage.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.home, name))
        with open(os.path.join(self.home, "user.pub")) as key:
            stage.write("sshd/authorized_keys", key.read())
        account(stage, "sshd")
        stage.write("sshd/sshd_config", """Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
AuthorizedKeysFile {home}/authorized_keys
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
""".format(port=self.port, home=self.home))
        self.program = None
        self.begin()

    def begin(self):
        self.program = self.stage.start(*around(self.home, "sshd"), "env", "LD_LIBRARY_PATH=" + LIBRARIES,
                                        self.program_file, "-D", "-e", "-f", self.home + "/sshd_config")
        wait_for("sshd", lambda: self.program.check() or self.greets())

    def greets(self):
        import socket
        with socket.socket() as one:
            one.settimeout(2)
            try:
                one.connect(("127.0.0.1", self.port))
                return one.recv(4) == b"SSH-"
            except OSError:
                return False

    def end(self):
        """And with it every session."""
        self.program.process.kill()  # unshare, which its child does not outlive
        self.stage.end(self.program)

    def stop(self, how):
        for pid in self.program.tree()[1:]:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass

    def known_to(self, name, key):
        """A home that knows sshd by this key. Short, since ssh's control socket lives in it."""
        os.makedirs(os.path.join(self.stage.folder, name, ".ssh"), 0o700)
        with open(os.path.join(self.home, key + ".pub")) as file:
            self.stage.write(name + "/.ssh/known_hosts", "[127.0.0.1]:%d %s" % (self.port, file.read()))
        self.stage.write(name + "/.ssh/config", "Host far\n  HostName 127.0.0.1\n  Port %d\n  User %s\n"
                         "  IdentityFile %s/user\n" % (self.port, user(), self.home))
        account(self.stage, name)
        return os.path.join(self.stage.folder, name)


def user():
    return "root" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


def account(stage, home):
    """The same accounts, but ours lives there. sshd wants one of its own, too."""
    with open("/etc/passwd") as file:
        lines = [line.split(":") for line in file.read().splitlines()]
    if not any(words[0] == "sshd" for words in lines):
        lines.append("sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin".split(":"))
    for words in lines:
        if words[0] in ("root", user()):
            words[5], words[6] = os.path.join(stage.folder, home), "/bin/sh"
    stage.write(home + "/passwd", "".join(":".join(words) + "\n" for words in lines), 0o644)


def memory_usage():
    with open("/proc/meminfo") as file:
        kib = {line.split(":")[0]: int(line.split()[1]) for line in file}
    return 100 * (1 - kib["MemAvailable"] / kib["MemTotal"])


def disk_usage():
    disk = os.statvfs("/")
    used = disk.f_blocks - disk.f_bfree
    return 100 * used / (used + disk.f_bavail)


def remote(stage):
    program = peer("sshd")
    if not program or not peer("ssh"):
        return False
    os.mkdir(os.path.join(stage.folder, "try"))
    account(stage, "try")
    tried = subprocess.run([*around(os.path.join(stage.folder, "try"), "sshd"), "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        print("  no namespaces here: %s" % tried.stderr.decode().strip())
        return False
    stage.write("runbook.yaml", "common_issues: []\n")
    sshd = Sshd(stage, program)
    hosts = "hosts: [{name: far, ssh: far, interval: 1s, timeout: 2s, disks: [/]}]\n"
    once = "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\n" + hosts
    look = lambda home: stage.look(once, around=around(home, "agent"))["hosts"][0]

    right = sshd.known_to("r", "host")
    seen = look(right)
    stage.holds("it is seen", seen["status"] == "up", seen)
    wrong = look(sshd.known_to("w", "other"))
    stage.holds("another host key than the known one is not believed", wrong["status"] in ("down", "unknown") and
                "host key" in wrong["reason"].lower(), wrong)
    new = sshd.known_to("n", "host")
    os.remove(new + "/.ssh/known_hosts")
    unknown = look(new)
    stage.holds("nor one that is not known", unknown["status"] in ("down", "unknown") and
                "host key" in unknown["reason"].lower(), unknown)
    stage.holds("and it is not learnt", not os.path.exists(new + "/.ssh/known_hosts"))
    alien = sshd.known_to("a", "host")
    with open(sshd.home + "/authorized_keys") as file:
        keys = file.read()
    stage.write("sshd/authorized_keys", "")
    denied = look(alien)
    stage.holds("a key that is not let in", denied["status"] in ("down", "unknown") and
                "permission denied" in denied["reason"].lower(), denied)
    stage.write("sshd/authorized_keys", keys)
    watched(stage, sshd, right, hosts)


def watched(stage, sshd, home, hosts):
    """The agent that runs: what it measures, and what it says when sshd goes away."""
    agent = RunningAgent(stage, hosts + "limits: {mass_failure_least: 100}\n", around=around(home, "agent"))
    try:
        far = lambda: agent.host("far")

        def becomes(why, right, seconds=30):
            try:
                wait_for(why, lambda: right(far()), seconds)
                stage.say(why, [])
            except TimeoutError:
                stage.say(why, ["saw %r" % far()])

        becomes("its processors are measured between two looks", lambda seen: "cpu_usage" in seen["facts"])
        facts = far()["facts"]
        for name, value, off in (("memory_usage", memory_usage(), 10), ("disk_usage", disk_usage(), 2),
                                 ("load", os.getloadavg()[0], 1.5), ("cpu_usage", 50, 50.1),
                                 ("processors", os.cpu_count(), 0)):
            stage.holds("%s is what it is" % name, abs(facts.get(name, -1000) - value) <= off, (facts.get(name), value))
        stage.holds("its clock is ours", abs(facts.get("clock_skew", 1000)) < 1, facts)

        sshd.stop(signal.SIGSTOP)
        becomes("sshd hangs: the host is down", lambda seen: seen["status"] == "down")
        stage.holds("and the agent answers all the while", agent.get("health")["status"] != "ok")
        sshd.stop(signal.SIGCONT)
        becomes("it goes on: the host is up", lambda seen: seen["status"] == "up")
        sshd.end()
        becomes("sshd is gone: the host is down, in ssh's words", lambda seen: seen["status"] == "down" and
                "refused" in seen["reason"].lower())
        sshd.begin()
        becomes("it is back: the host is up", lambda seen: seen["status"] == "up")
        wait_for("the incidents' end", lambda: agent.get("health")["open_incidents"] == 0)
        titles = [one["title"] for one in agent.incidents()]
        stage.holds("each was one incident of the host", titles == ["far is down"] * 2, titles)
    finally:
        agent.program.process.kill()
    sshd.end()
