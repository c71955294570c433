"""Alerts of a real Prometheus and a real Alertmanager: each way into the agent, which repairs, and their end."""
import http.server
import os
import subprocess
import threading
import time

from stage import PEERS, RunningAgent, answers, free_port, peer, wait_for

TEMPLATES = "/usr/share/prometheus/alertmanager/default.tmpl"
RULES = """
groups:
  - name: shop
    rules:
      - {alert: Broken, expr: shop_broken == 1, labels: {severity: critical, service: shop},
         annotations: {summary: "it is broken"}}
      - {alert: Watchdog, expr: vector(1), labels: {severity: none}}
"""


class Shop(threading.Thread):
    """A service that is up and says of itself that it is broken, until it was mended."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.broken, self.mended = False, os.path.join(stage.folder, "mended")
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = b"shop_broken %d\n" % (shop.broken and not os.path.exists(shop.mended))
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "text/plain")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # Prometheus was ended while it asked

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.start()

    def run(self):
        self.server.serve_forever()


def start_prometheus(stage, program, shop, where):
    port = free_port()
    token = "authorization: {credentials_file: '%s/push.key'}" % stage.folder
    managers = ", ".join("{static_configs: [{targets: ['127.0.0.1:%d']}], %s}" % (one, token) for one in where)
    rules = stage.write("rules.yml", RULES)
    config = stage.write("prometheus.yml", "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
                         "rule_files: ['%s']\nalerting: {alertmanagers: [%s]}\nscrape_configs: [{job_name: shop, "
                         "static_configs: [{targets: ['127.0.0.1:%d']}]}]\n" % (rules, managers, shop.port))
    started = stage.start(program, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(stage.folder, "data"),
                          "--web.listen-address=127.0.0.1:%d" % port, "--rules.alert.resend-delay=1s", "--log.level=warn")
    wait_for("Prometheus", lambda: answers(port, "/-/ready"))
    return started


def with_templates():
    """Debian's Alertmanager reads its templates below /usr/share only: where it is but unpacked they are laid over it."""
    if os.path.exists(TEMPLATES):
        return ()
    return ("unshare", *([] if os.getuid() == 0 else ["-r"]), "-m", "sh", "-c",
            'mount -t overlay overlay -o lowerdir=%s/usr/share:/usr/share /usr/share && exec "$@"' % PEERS, "sh")


def can_run_alertmanager():
    around = with_templates()
    return not around or subprocess.run([*around, "test", "-e", TEMPLATES], capture_output=True, check=False).returncode == 0


def start_alertmanager(stage, program, agent_port):
    port = free_port()
    config = stage.write("alertmanager.yml", """
route: {receiver: ops, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 2s}
receivers:
  - name: ops
    webhook_configs: [{url: "http://127.0.0.1:%d/api/v1/alertmanager", send_resolved: true,
                       http_config: {authorization: {credentials_file: "%s/push.key"}}}]
""" % (agent_port, stage.folder))
    started = stage.start(*with_templates(), program, "--config.file=" + config, "--storage.path=" + os.path.join(stage.folder, "am"),
                "--web.listen-address=127.0.0.1:%d" % port, "--cluster.listen-address=", "--log.level=warn")
    wait_for("Alertmanager", lambda: answers(port, "/-/ready"))
    return port, started.log


def start_agent(stage, shop):
    os.makedirs(os.path.join(stage.folder, "conf.d"))
    stage.write("conf.d/token.yaml", "agent: {push_token_file: '%s/push.key'}\n" % stage.folder)
    stage.write("push.key", "a-token-of-pushes")
    stage.write("runbook.yaml", """
common_issues:
  - name: The other one says broken
    symptoms: [alert == "Broken", alert_label_severity == "critical", service == "shop"]
    auto_resolve: [{command: "/usr/bin/touch %s"}, {verify: check shop}]
""" % shop.mended)
    return RunningAgent(stage, """
escalation: {monitor_silent_after: 6s}
services:
  - {name: shop, check: {http: "http://127.0.0.1:%d/"}, interval: 1s}
limits: {soak: 2s, soak_checks: 2}
""" % shop.port)


def text_of(path):
    with open(path, errors="replace") as file:
        return file.read()


def alerts_in(stage):
    program, manager = peer("prometheus"), peer("prometheus-alertmanager")
    if not program:
        return False
    shop = Shop(stage)
    agent = start_agent(stage, shop)
    where, ways = [agent.port], 1
    if manager and not can_run_alertmanager():
        print("  skipped: Alertmanager (its templates are not in /usr/share, and nothing can be laid over that here)")
        manager = None
    if manager:
        port, log = start_alertmanager(stage, manager, agent.port)
        where, ways = where + [port], 2
    else:
        print("  without Alertmanager (run tools/unpack real)")
    prometheus = start_prometheus(stage, program, shop, where)
    time.sleep(8)
    stage.holds("a sign of life is no incident", agent.incidents() == [], agent.incidents())

    shop.broken = True
    about = {"service": "shop", "title": "Broken: it is broken"}
    wait_for("an incident of each way", lambda: len(agent.incidents(**about)) >= ways)
    wait_for("the repair", lambda: os.path.exists(shop.mended))
    stage.holds("its level is the alert's severity", all(one["level"] == "critical" for one in agent.incidents(**about)),
                agent.incidents(**about))
    wait_for("their end", lambda: len(agent.incidents(state="resolved", **about)) == ways, 60)
    ended = agent.incidents(**about)
    stage.holds("one incident a way, however often it was sent", len(ended) == ways, ended)
    by = sorted(one["resolved_by"] for one in ended)
    stage.holds("one was repaired and verified", by == ["auto", "self"][:ways], by)
    actions = agent.get("actions")["actions"]
    stage.holds("with one action", len(actions) == 1 and actions[0]["state"] == "verified", actions)
    said = text_of(os.path.join(stage.folder, "prometheus.log"))
    stage.holds("Prometheus takes our answers", "rror" not in said, said[-500:])
    if manager:
        said = text_of(log)
        stage.holds("so does Alertmanager", "rror" not in said, said[-500:])
    stage.end(prometheus)
    titles = ["prometheus no longer sends", "alertmanager no longer sends"][:ways]
    wait_for("word that Prometheus is dead, by each way", lambda: all(agent.incidents(title=one) for one in titles), 30)
    reasons = [agent.incidents(title=one)[0]["reason"] for one in titles]
    start_prometheus(stage, program, shop, where)
    wait_for("word that it is back", lambda: all(agent.incidents(title=one, state="resolved") for one in titles), 30)
    stage.holds("a dead Prometheus is missed", "has not come for 6" in reasons[0] and all(
        "has not come for" in one or "has ended" in one for one in reasons), reasons)
