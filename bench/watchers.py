"""The watchers that are compared: ops-agent, monit, Prometheus with its blackbox_exporter; and the floor under them
all. Each gets the same addresses to ask, in a configuration made here, and asks them for /s/NUMBER or /hang/NUMBER."""
import http.client
import json
import os
import re
import time

from programs import built, free_port, peer

ADDRESSES = 64  # 127.0.1.1 to 127.0.1.64: so many that no pair of addresses runs out of ports
# Read by every service, as the founder's own entries are.
RUNBOOK = """common_issues:
  - name: "Service stopped responding"
    symptoms: [up == false, last_heartbeat > 5 minutes]
    auto_resolve: [{command: "true"}, {verify: "check service"}]
  - name: "High memory"
    symptoms: [memory_usage > 90%, latency > 2s]
    auto_resolve: [{command: "true"}, {verify: "curl health endpoint"}]
  - name: "Disk space critical"
    symptoms: [disk_usage > 99%]
    auto_resolve: [{command: "true"}, {verify: disk_usage < 99%}]
"""


class Load:
    """`count` services, each asked every `interval` seconds; the first `hanging` of them never answer."""

    def __init__(self, count, interval, port, hanging=0):
        self.count, self.interval, self.port, self.hanging = count, interval, port, hanging

    def path(self, number):
        return ("/hang/%d" if number < self.hanging else "/s/%d") % number

    def address(self, number):
        return "127.0.1.%d" % (number % ADDRESSES + 1)


class Agent:
    name = "ops-agent"

    @staticmethod
    def missing():
        return None

    def __init__(self, bench, load):
        self.bench, self.port = bench, free_port()
        text = """agent: {name: bench, mode: observe, data_dir: ./var, listen: "127.0.0.1:%d", runbook: runbook.yaml}
hosts: [{name: bench, local: true}]
services:
""" % self.port
        for n in range(load.count):
            text += '  - {name: s%d, interval: %gs, timeout: 5s, check: {http: "http://%s:%d%s"}}\n' % (
                n, load.interval, load.address(n), load.port, load.path(n))
        bench.write("runbook.yaml", RUNBOOK)
        self.config = bench.write("ops-agent.yaml", text)

    def start(self):
        self.main = self.bench.start(built("ops-agent"), "run", "--config", self.config)
        return [self.main]

    def own_p99_late(self):
        """In seconds, by its own count since the start."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        steps = [(float(at), float(count)) for at, count in
                 re.findall(r'^ops_agent_check_late_seconds_bucket\{le="([^"]+)"\} (\S+)', text, re.M)]
        return next((at for at, count in steps if count >= 0.99 * steps[-1][1]), None) if steps else None


class Monit:
    name = "monit"

    @staticmethod
    def missing():
        return None if peer("monit") else "monit"

    def __init__(self, bench, load):
        self.bench = bench
        text = ("set daemon %d\nset log %s/monit.log\nset pidfile %s/monit.pid\nset idfile %s/monit.id\n"
                "set statefile %s/monit.state\n") % (load.interval, *[bench.folder] * 4)
        for n in range(load.count):
            text += 'check host s%d with address %s\n  if failed port %d protocol http request "%s" with timeout ' \
                    "5 seconds then alert\n" % (n, load.address(n), load.port, load.path(n))
        self.config = bench.write("monitrc", text)

    def start(self):
        return [self.bench.start(peer("monit"), "-I", "-c", self.config)]


class Connections:
    """No watcher: the same connections and nothing else, so what the kernel takes of each of them."""
    name = "bare connections"

    @staticmethod
    def missing():
        return None

    def __init__(self, bench, load):
        self.bench, self.load = bench, load

    def start(self):
        return [self.bench.start(built("bench_connections"), *[str(one) for one in (
            ADDRESSES, self.load.port, self.load.count, self.load.interval)])]


class Prometheus:
    name = "Prometheus + blackbox_exporter"

    @staticmethod
    def missing():
        return next((one for one in ("prometheus", "prometheus-blackbox-exporter") if not peer(one)), None)

    def __init__(self, bench, load):
        self.bench, self.prober, self.port = bench, free_port(), free_port()
        targets = ["http://%s:%d%s" % (load.address(n), load.port, load.path(n)) for n in range(load.count)]
        bench.write("targets.json", json.dumps([{"targets": targets}]))
        self.config = bench.write("prometheus.yml", """global: {scrape_interval: %gs, scrape_timeout: %gs}
scrape_configs:
  - job_name: http
    metrics_path: /probe
    params: {module: [http_2xx]}
    file_sd_configs: [{files: [targets.json]}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: "127.0.0.1:%d"}
""" % (load.interval, min(load.interval, 5), self.prober))
        self.modules = bench.write("blackbox.yml",
                                   "modules: {http_2xx: {prober: http, timeout: 5s, "
                                   "http: {preferred_ip_protocol: ip4}}}\n")

    def start(self):
        prober = self.bench.start(peer("prometheus-blackbox-exporter"), "--config.file=" + self.modules,
                                  "--web.listen-address=127.0.0.1:%d" % self.prober, "--log.level=error")
        time.sleep(0.5)
        main = self.bench.start(peer("prometheus"), "--config.file=" + self.config, "--log.level=error",
                                "--storage.tsdb.path=" + os.path.join(self.bench.folder, "prometheus"),
                                "--web.listen-address=127.0.0.1:%d" % self.port)
        return [main, prober]
