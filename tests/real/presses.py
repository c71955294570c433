"""Answers: a repair that waits for a yes, answered from a Telegram chat (telegram-test-api), by a request that Slack
would sign, and by a link of a mail. Each in a run of its own: who may not press, what is pressed twice, what is done."""
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import time
import urllib.parse

from channels import MODULES, TELEGRAM, TOKEN, Listener, listens, secret
from stage import RunningAgent, free_port, wait_for

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def asked(port, method, path, body="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


class Shop:
    """A shop that is down until somebody says yes to its restart; `more` is what its agent is called."""

    def __init__(self, stage, channel, more=""):
        self.stage = stage
        self.well, self.ledger = os.path.join(stage.folder, "well"), os.path.join(stage.folder, "ledger")
        for path in (self.well, self.ledger):
            if os.path.exists(path):
                os.remove(path)
        shutil.rmtree(os.path.join(stage.folder, "var"), ignore_errors=True)
        stage.write("restart", "#!/bin/sh\necho ran >> %s\ntouch %s\n" % (self.ledger, self.well), 0o755)
        stage.write("look", "#!/bin/sh\ntest -e %s\n" % self.well, 0o755)
        stage.write("runbook.yaml", """common_issues:
  - name: Shop is down
    symptoms: ['service == "shop"', 'status == "down"']
    risk: high
    auto_resolve: [{command: "%s/restart"}]
""" % stage.folder)
        self.agent = RunningAgent(stage, """limits: {soak: 1s}
channels: [{name: it, timeout: 5s, %s}]
hosts: [{name: box, local: true}]
services: [{name: shop, host: box, interval: 1s, check: {command: %s/look}}]
""" % (channel, stage.folder), more=more)
        wait_for("a question", lambda: self.state() == "awaiting_approval", 60)

    def incident(self):
        found = self.agent.incidents(service="shop")
        return found[0] if found else {"state": ""}

    def state(self):
        return self.incident()["state"]

    def ran(self):
        return len(open(self.ledger, encoding="utf-8").readlines()) if os.path.exists(self.ledger) else 0

    def is_repaired_once(self, way):
        wait_for("the repair", lambda: self.state() == "resolved", 60)
        self.stage.holds("%s: a yes repaired it, once" % way, self.ran() == 1, self.ran())
        timeline = self.agent.get("incidents/" + self.incident()["id"])["timeline"]
        said = [one["body"] for one in timeline if one["kind"] == "action.approved"]
        self.stage.holds("%s: the journal knows who said yes, and how" % way,
                         [(one["by"], one["via"]) for one in said] == [WHO[way]], said)
        self.stage.end(self.agent.program)


WHO = {"telegram": ("ann", "telegram"), "slack": ("ann", "slack"), "link": ("it", "link")}


# --- Telegram ---

class Chat:
    def __init__(self, port):
        self.port = port

    def ask(self, method, body):
        return json.loads(asked(self.port, "POST", "/" + method, json.dumps({**body, "token": TOKEN}),
                                Content_Type="application/json")[1])["result"]

    def message(self):
        history = [one for one in self.ask("getUpdatesHistory", {}) if "text" in one.get("message", {})]
        return history[-1] if history else None

    def press(self, label, person):
        message = self.message()
        rows = message["message"]["reply_markup"]["inline_keyboard"]
        data = [one["callback_data"] for row in rows for one in row if one["text"] == label][0]
        self.ask("sendCallback", {"botToken": TOKEN, "from": {"id": person, "first_name": "Somebody"}, "data": data,
                                  "message": {"message_id": message["messageId"], "chat": {"id": 42}}})


def by_telegram(stage):
    if not shutil.which("node") or not os.path.exists(os.path.join(MODULES, "telegram-test-api")):
        print("  skipped: telegram-test-api (run tools/unpack real, with npm)")
        return
    port = free_port()
    stage.start(shutil.which("node"), "-e", TELEGRAM, os.path.join(MODULES, "telegram-test-api"), str(port))
    wait_for("telegram-test-api", lambda: listens(port), 60)
    shop = Shop(stage, "telegram: {url: 'http://127.0.0.1:%d', token_file: tg.token, chat_id: 42, allowed: [ann=7]}" % port)
    chat = Chat(port)
    wait_for("a message", chat.message, 30)
    text = chat.message()["message"]["text"]
    stage.holds("telegram: the message shows what would run", "<b>Would run:</b> %s/restart" % stage.folder in text, text)
    chat.press("Approve", 666)  # is nobody: a yes of his would stand in the journal
    chat.press("Approve", 7)
    wait_for("the answer in the message", lambda: "Answer:</b> approved by ann" in json.dumps(chat.ask("getUpdatesHistory", {})), 30)
    shop.is_repaired_once("telegram")


# --- Slack ---

def knock(port, value, person, key=SECRET):
    payload = {"type": "block_actions", "user": {"id": person}, "response_url": "", "actions": [{"value": value}]}
    body = "payload=" + urllib.parse.quote(json.dumps(payload))
    now = str(int(time.time()))
    seal = "v0=" + hmac.new(key.encode(), ("v0:%s:%s" % (now, body)).encode(), hashlib.sha256).hexdigest()
    return asked(port, "POST", "/api/v1/slack/it", body, X_Slack_Request_Timestamp=now, X_Slack_Signature=seal,
                 Content_Type="application/x-www-form-urlencoded")


class SlackApi(Listener):
    """Answers as Slack's web API does; says nothing of what Slack would refuse (channels.py asks Prism and tsc)."""
    ANSWER = {"ok": True, "channel": "C1", "ts": "17.1"}


def by_slack(stage):
    slack = SlackApi()
    shop = Shop(stage, "slack: {url: 'http://127.0.0.1:%d/api', token_file: slack.token, channel: C1, allowed: [ann=U7], "
                "signing_secret_file: slack.secret}" % slack.port)
    wait_for("a message", lambda: slack.seen("/api/chat.postMessage"), 30)
    blocks = slack.seen("/api/chat.postMessage")[0][1]["attachments"][0]["blocks"]
    value = [one["value"] for one in blocks[-1]["elements"] if one["action_id"] == "approve"][0]
    port = shop.agent.port
    stage.holds("slack: what is not signed by Slack is refused", knock(port, value, "U7", "wrong")[0] == 409)
    stage.holds("slack: who is not listed is told and changes nothing", knock(port, value, "U666")[0] == 200 and
                shop.ran() == 0 and shop.state() == "awaiting_approval")
    stage.holds("slack: a press is taken", knock(port, value, "U7")[0] == 200)
    wait_for("the message to change", lambda: "approved by ann" in json.dumps(slack.seen("/api/chat.update")), 30)
    knock(port, value, "U7")
    shop.is_repaired_once("slack")


# --- a link ---

def by_link(stage):
    listener = Listener()
    secret(stage, "link.url", "http://127.0.0.1:%d/discord/1/x" % listener.port)
    shop = Shop(stage, "discord: {webhook_url_file: link.url, links: true}", more=", public_url: 'http://localhost:1/x', password_file: any.key, push_token_file: any.key")
    wait_for("a message", lambda: listener.seen("/discord"), 30)
    rows = listener.seen("/discord")[0][1]["components"][0]["components"]
    url = [one["url"] for one in rows if one["label"] == "Approve"][0]
    stage.holds("link: it leads where the configuration says", url.startswith("http://localhost:1/x/press/it/y.inc-"), url)
    path = re.sub("^http://localhost:1/x", "", url)
    status, page = asked(shop.agent.port, "GET", path)
    stage.holds("link: opening it shows what would run, and does nothing", status == 200 and "%s/restart" % stage.folder in page and
                ">Approve</button>" in page and shop.ran() == 0 and shop.state() == "awaiting_approval", page)
    stage.holds("link: a changed one is none", asked(shop.agent.port, "POST", path[:-1] + ("0" if path[-1] != "0" else "1"))[0] == 409)
    stage.holds("link: another web site cannot press it",
                asked(shop.agent.port, "POST", path, Origin="http://evil.example")[0] == 403)
    stage.holds("link: its button is taken", asked(shop.agent.port, "POST", path)[0] == 200)
    stage.holds("link: once", asked(shop.agent.port, "POST", path)[0] == 409)
    shop.is_repaired_once("link")


def presses(stage):
    for name, text in (("tg.token", TOKEN), ("slack.token", "xoxb-1"), ("slack.secret", SECRET), ("any.key", "any")):
        secret(stage, name, text)
    by_link(stage)
    by_slack(stage)
    by_telegram(stage)
