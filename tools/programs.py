"""Programs that are measured or tested with: started, looked at in /proc, and ended by their process id."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1


def built(name):
    """A program of ours: of $OPS_BUILD, else of build/release."""
    folder = os.environ.get("OPS_BUILD", os.path.join(ROOT, "build/release"))
    path = os.path.join(folder, name)
    if name == "ops-agent":
        path = os.environ.get("OPS_AGENT", path)
    if not os.access(path, os.X_OK):
        sys.exit("bench: no program at '%s'; run './dev bench', which builds it" % path)
    return os.path.abspath(path)


PEERS = os.environ.get("OPS_PEERS", os.path.join(ROOT, "build/peers"))


def peer(name):
    """Somebody else's program: unpacked by tools/unpack into $OPS_PEERS, or installed; None when neither."""
    folders = [PEERS + "/usr/bin", PEERS + "/usr/sbin", "/usr/bin", "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(folders))


def free_port(address="127.0.0.1"):
    with socket.socket() as one:
        one.bind((address, 0))
        return one.getsockname()[1]


def die_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """One running program. Whatever happens to us, it does not stay behind."""

    def __init__(self, words, folder, **options):
        self.words = words
        self.log = os.path.join(folder, os.path.basename(words[0]) + ".log")
        self.began = time.monotonic()
        with open(self.log, "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options}
            self.process = subprocess.Popen(words, cwd=folder, preexec_fn=die_with_us, **options)

    def check(self):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as file:
                raise RuntimeError("'%s' ended with %d: %s" % (" ".join(self.words), self.process.returncode,
                                                               "".join(file.readlines()[-10:])))

    def tree(self):
        """It and its children, their children, ..."""
        found = [self.process.pid]
        for pid in found:
            try:
                for task in os.listdir("/proc/%d/task" % pid):
                    with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                        found.extend(int(word) for word in file.read().split())
            except OSError:
                pass
        return found

    def cpu_seconds(self):
        """User and system, of the whole tree and of its children that have ended."""
        ticks = 0
        for pid in self.tree():
            try:
                with open("/proc/%d/stat" % pid) as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICK

    def resident_mb(self):
        """Of the whole tree. A page of a file (a program, a library) that its processes share counts once."""
        own, of_file = 0, {}
        for pid in self.tree():
            name, here = "", {}
            try:
                with open("/proc/%d/smaps" % pid) as file:
                    for line in file:
                        words = line.split()
                        if not words[0].endswith(":"):
                            name = words[5] if len(words) > 5 else ""
                        elif words[0] == "Rss:":
                            here[name] = here.get(name, 0) + int(words[1])
                        elif words[0] == "Anonymous:":
                            here[name] -= int(words[1])
                            own += int(words[1])
            except OSError:
                continue
            for name, size in here.items():
                of_file[name] = max(of_file.get(name, 0), size)
        return (own + sum(of_file.values())) / 1024

    def stop(self):
        tree = self.tree()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in tree[1:]:  # those that its end did not end
            if self.words[0] in command_of(pid):
                os.kill(pid, signal.SIGKILL)
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.stdout:
            self.process.stdout.close()


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().split("\0")
    except OSError:
        return []


class Bench:
    """A folder and what was started in it. Use with `with`."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ops-agent-bench.")
        self.programs = []
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.stop()
        if not os.environ.get("OPS_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print("kept: " + self.folder)

    def start(self, *words, **options):
        program = Program(list(words), self.folder, **options)
        self.programs.append(program)
        return program

    def end(self, program):
        program.stop()
        self.programs.remove(program)

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path
