"""A small company on loopback: four HTTP services, seven workers under supervisord, and ops-agent above them.

Everything lives in one temporary folder and is ended by pid in Company.stop().
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
SERVICES = ["brain-api", "litellm", "grafana", "prometheus"]
WORKERS = 7


def agent_binary():
    path = os.environ.get("OPS_AGENT", os.path.join(ROOT, "build/release/ops-agent"))
    if not os.access(path, os.X_OK):
        sys.exit("no program at '%s'; build it with './dev build release ops-agent' or set OPS_AGENT" % path)
    return os.path.abspath(path)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(what, holds, seconds=20.0, pause=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(pause)
    raise TimeoutError("waited %g s for %s" % (seconds, what))


def http_status(port, method="GET", path="/health", timeout=1.0):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except OSError:
        return 0
    except http.client.HTTPException:
        return 0
    finally:
        connection.close()


class Agent:
    """One ops-agent over a configuration file; starts, asks, ends it."""

    def __init__(self, config, port):
        self.binary = agent_binary()
        self.config = config
        self.port = port
        self.process = None
        self.log = os.path.join(os.path.dirname(config), "agent.log")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "run", "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=os.path.dirname(self.config))

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError("ops-agent ended with %d; its log:\n%s" % (self.process.returncode, self.log_tail()))
            return http_status(self.port, path="/api/v1/health") in (200, 503)

        wait_for("ops-agent to answer", ready)

    def log_tail(self, lines=25):
        with open(self.log, errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            print("ops-agent did not end within 8 s of SIGTERM", file=sys.stderr)
            self.process.kill()
            self.process.wait()

    def children(self):
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        try:
            with open(path) as file:
                return [int(word) for word in file.read().split()]
        except OSError:
            return []

    def ask(self, *words):
        done = subprocess.run([self.binary, *words, "--json", "--config", self.config], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=30)
        if not done.stdout.strip():
            raise RuntimeError("'%s' said nothing: %s" % (" ".join(words), done.stderr.strip()))
        return json.loads(done.stdout)

    def incidents(self, *words):
        return self.ask("incidents", "--limit", "9999", *words)["incidents"]

    def actions(self, *words):
        return self.ask("actions", "--limit", "9999", *words)["actions"]


class Company:
    def __init__(self, attempts=2, soak="2s"):
        self.attempts = attempts
        self.soak = soak
        self.folder = tempfile.mkdtemp(prefix="ops-agent-demo.")
        ports = free_ports(len(SERVICES) + 1)
        self.ports = dict(zip(SERVICES, ports))
        self.data = None  # mount point of the loop device
        self.supervisor_socket = os.path.join(self.folder, "supervisor.sock")
        self.supervisor_config = os.path.join(self.folder, "supervisord.conf")
        self.supervisor = None
        self.told = os.path.join(self.folder, "told.txt")
        self.agent_port = ports[-1]
        self.agent = None

    # --- start and stop -----------------------------------------------------------------------------------------

    def start(self):
        self.mount_data()
        for name in SERVICES:
            self.service("restart", name)
        self.start_workers()
        config = self.write_config()
        self.agent = Agent(config, self.agent_port)
        checked = subprocess.run([self.agent.binary, "lint", "--config", config], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        if checked.returncode != 0:
            raise RuntimeError("lint refuses the configuration of the demo:\n" + checked.stdout)
        self.agent.start()
        self.agent.wait_ready()

    def stop(self):
        if self.agent:
            self.agent.stop()
        for name in SERVICES:
            self.service("stop", name)
        if self.supervisor and self.supervisor.poll() is None:
            for pid in self.worker_pids().values():
                os.kill(pid, signal.SIGCONT)  # one that is stopped could not end
            self.supervisor.terminate()
            try:
                self.supervisor.wait(10)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        if self.data:
            for _ in range(20):
                if subprocess.run(["umount", self.data], stderr=subprocess.DEVNULL).returncode == 0:
                    break
                time.sleep(0.2)
        if os.environ.get("OPS_KEEP"):
            print("kept: " + self.folder)
        elif not (self.data and os.path.ismount(self.data)):
            shutil.rmtree(self.folder, ignore_errors=True)

    def service_command(self, word, name):
        return [PYTHON, "-I", "-S", os.path.join(HERE, "service.py"), word, self.folder, name, str(self.ports[name])]

    def service(self, word, name):
        subprocess.run(self.service_command(word, name), check=True, stdin=subprocess.DEVNULL)

    def mount_data(self):
        """A file system of 32 MB of its own, so that filling it hurts nobody."""
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4") or not shutil.which("losetup"):
            return
        image = os.path.join(self.folder, "data.img")
        mount = os.path.join(self.folder, "data")
        os.mkdir(mount)
        with open(image, "wb") as file:
            file.truncate(32 << 20)
        if subprocess.run(["mkfs.ext4", "-q", "-F", image], stderr=subprocess.DEVNULL).returncode != 0:
            return
        if subprocess.run(["mount", "-o", "loop", image, mount], stderr=subprocess.DEVNULL).returncode == 0:
            self.data = mount

    def start_workers(self):
        text = ("[supervisord]\nnodaemon=true\nlogfile={0}/supervisord.log\npidfile={0}/supervisord.pid\n"
                "[unix_http_server]\nfile={1}\nchmod=0700\n"
                "[rpcinterface:supervisor]\n"
                "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
                "[supervisorctl]\nserverurl=unix://{1}\n").format(self.folder, self.supervisor_socket)
        for n in range(1, WORKERS + 1):
            # Repairing is the agent's work here. A worker that is stopped hears no SIGTERM: it is killed soon.
            text += ("[program:worker_%d]\ncommand=%s -I -S %s/worker.py\nautorestart=false\nstartsecs=0\n"
                     "stopwaitsecs=1\n" % (n, PYTHON, HERE))
        with open(self.supervisor_config, "w") as file:
            file.write(text)
        self.supervisor = subprocess.Popen(["supervisord", "-c", self.supervisor_config], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the workers to run", lambda: len(self.worker_pids()) == WORKERS)

    def worker_pids(self):
        done = subprocess.run(["supervisorctl", "-c", self.supervisor_config, "status"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        pids = {}
        for line in done.stdout.splitlines():
            words = line.replace(",", " ").split()
            if len(words) > 3 and words[1] == "RUNNING":
                pids[words[0]] = int(words[3])
        return pids

    # --- configuration ------------------------------------------------------------------------------------------

    def write_config(self):
        path = os.path.join(self.folder, "ops-agent.yaml")
        with open(path, "w") as file:
            file.write(self.config_text())
        with open(os.path.join(self.folder, "runbook.yaml"), "w") as file:
            file.write(self.runbook_text())
        return path

    def config_text(self):
        text = """agent: {{name: demo, mode: auto, data_dir: ./var, listen: "127.0.0.1:{port}", runbook: runbook.yaml}}
hosts:
  - {{name: demo, local: true, interval: 1s, disks: ["{disk}"]}}
services:
""".format(port=self.agent_port, disk=self.data or "/")
        for name in SERVICES:
            text += """  - name: {name}
    host: demo
    interval: 1s
    timeout: 1s
    check:
      - {{http: "http://127.0.0.1:{port}/health"}}
      - {{pidfile: "{folder}/{name}.pid"}}
    restart: "{restart}"
""".format(name=name, port=self.ports[name], folder=self.folder,
           restart=" ".join(self.service_command("restart", name)))
        return text + """  - name: worker_{{1..{workers}}}
    group: worker
    host: demo
    interval: 1s
    check: {{supervisor: "worker_{{n}}", via: "unix://{socket}"}}
    restart: "supervisorctl -c {supervisor} restart {{service}}"
logs:
  - {{name: litellm-log, service: litellm, file: "{folder}/litellm.log", every: 1s}}
caches: {{data: "rm -f {data}/cache.bin"}}
channels:
  - {{name: founder, command: {{run: "tee -a {told}"}}}}
escalation: {{critical: [founder], alert: [founder], warning: [founder], unacked_after: 1h}}
limits:
  {{attempts: {attempts}, attempts_reset: 1s, backoff_first: 1s, backoff_most: 2s, actions_per_hour: 1000, actions_per_day: 1000,
   group_share: 100%, mass_failure_least: 100, soak: {soak}, verify_timeout: 15s}}
""".format(attempts=self.attempts, soak=self.soak, workers=WORKERS, socket=self.supervisor_socket, supervisor=self.supervisor_config, folder=self.folder,
           told=self.told, data=self.data or self.folder + "/data")

    def runbook_text(self):
        return """escalation:
  - {name: Worker crash loop, enabled: false}  # crashing again and again is what a demo does
common_issues:
  - name: Service does not answer
    symptoms: [up == false, 'service in ["brain-api", "litellm", "grafana", "prometheus"]']
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: check service
  - name: Worker stopped responding
    symptoms: ['worker_process_status in ["dead", "stopped", "fatal"]']
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: check worker
  - name: Brain API eats memory
    symptoms: ['service == "brain-api"', rss > 120MB]
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: rss < 100MB
  - name: Log flood
    symptoms: ['service == "litellm"', error_rate > 1000]
    auto_resolve:
      - {restart: "{service}", effect: idempotent}
      - verify: error_rate < 100
  - name: Disk fills up
    symptoms: [disk_usage > 90%]
    auto_resolve:
      - clear_cache: data
      - verify: disk_usage < 80%
"""

    # --- breaking things ----------------------------------------------------------------------------------------

    def pid_of(self, name):
        with open(os.path.join(self.folder, name + ".pid")) as file:
            return int(file.read())

    def misbehave(self, name, mode):
        if http_status(self.ports[name], "POST", "/break/" + mode) != 200:
            raise RuntimeError("'%s' could not be told to %s" % (name, mode))

    def told_lines(self):
        try:
            with open(self.told) as file:
                return file.read().splitlines()
        except OSError:
            return []
