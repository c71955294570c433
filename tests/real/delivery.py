"""Never lost, never doubled: channels whose other side misbehaves, and an agent that is killed while it sends. The other
side keeps a ledger of what it took, and the ledger is what is counted."""
import collections
import email
import email.policy
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time

from mail import Rude, channel
from stage import RunningAgent, wait_for

KILLS = int(os.environ.get("OPS_KILLS", "36"))
SEED = int(os.environ.get("OPS_SEED", str(int(time.time()))))
TIMEOUT = 1.0  # of a channel
Took = collections.namedtuple("Took", "channel key name life")


def answer_of(status, said):
    body = json.dumps(said).encode()
    return b"HTTP/1.1 %d So\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


class Careless(threading.Thread):
    """An HTTP server with one line of behaviour a request and channel, the last one for all that come later.

    ok: takes it; STATUS: takes it not, STATUS SECONDS: nor wants to be asked before; and these take it: drop: closes
    without an answer; slow: answers too late; cut: breaks off within the answer; rubbish: answers no HTTP."""

    def __init__(self, behaviours=None):
        super().__init__(daemon=True)
        self.behaviours, self.tries, self.ledger = behaviours or {}, collections.defaultdict(list), []
        self.at_point, self.life, self.lock = lambda point, channel: None, lambda: 0, threading.Lock()
        self.talks, self.titles = 0, set()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with self.lock:
                self.talks += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as file:
            try:
                self.talk(connection, file)
            except OSError:
                pass
        with self.lock:
            self.talks -= 1

    def take(self, channel, key, text):
        """`text` has the name of the alert in it."""
        name = re.search(r"Round\w+|$", text).group()
        with self.lock:
            self.ledger.append(Took(channel, key, name, self.life()))

    def talk(self, connection, file):
        words, length = file.readline().decode().split(), 0
        while (line := file.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if len(words) < 2:
            return
        channel = self.place(*words[:2])
        self.at_point("asked", channel)
        body = file.read(length)
        if len(body) < length:
            return
        answer = self.hear(channel, *words[:2], json.loads(body))
        self.at_point("taken", channel)
        connection.sendall(answer)
        self.at_point("answered", channel)

    def place(self, method, path):
        """What a behaviour, a ledger and a killer are for."""
        return path.split("/")[1]

    def hear(self, channel, method, path, said):
        """Takes it, or not; the bytes of the answer."""
        # Matrix has its key in the path: whoever sends it twice says the same thing once.
        key = path.rsplit("/", 1)[1] if method == "PUT" else said["key"]
        tries, wanted = self.tries[channel], self.behaviours.get(channel, ["ok"])
        how = wanted[min(len(tries), len(wanted) - 1)]
        tries.append((time.monotonic(), key))
        if not how[0].isdigit():
            self.titles.add(said.get("title", ""))
            self.take(channel, key, said.get("title") or said["body"])
        return self.answer(how)

    def answer(self, how):
        whole = answer_of(200, {"event_id": "$1"})
        if how == "slow":
            time.sleep(TIMEOUT + 1)
        if how[0].isdigit():
            status, _, wait = how.partition(" ")
            more = "Retry-After: %s\r\n" % wait if wait else ""
            whole = ("HTTP/1.1 %s No\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n" % (status, more)).encode()
        if how == "rubbish":
            whole = b"\x00\x15\x03\x01 we are not what you think\r\n"
        if how == "cut":
            whole = whole[:-9]
        return b"" if how == "drop" else whole

    def taken(self, channel):
        return [one.key for one in self.ledger if one.channel == channel]


def hook(server, name):
    return "  - {name: %s, timeout: %ds, webhook: {url: 'http://127.0.0.1:%d/%s/hook'}}\n" % (name, TIMEOUT, server.port, name)


def room(server, name):
    return "  - {name: %s, timeout: %ds, matrix: {url: 'http://127.0.0.1:%d/%s', room: '!a:b.c', token_file: any.key}}\n" % (
        name, TIMEOUT, server.port, name)


def fire(agent, alerts, over=False):
    """Alerts of another monitor, name -> severity; whether the agent said that it has them."""
    alerts = [{"labels": {"alertname": name, "severity": severity}, "annotations": {"summary": "it is broken"},
               "endsAt": "2001-01-01T00:00:00Z" if over else "2100-01-01T00:00:00Z"} for name, severity in alerts.items()]
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=5)
    try:
        connection.request("POST", "/api/v2/alerts", json.dumps(alerts), {"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


CONFIG = """
hosts: [{name: box, local: true}]
escalation: {critical: [%s], alert: [%s], warning: [%s], unacked_after: %s, storm: 10000}
channels:
"""


def misbehaving(stage):
    """One alert, on a ladder of channels whose other sides are each bad in their own way."""
    behaviours = {"busy": ["429 7", "ok"], "broken": ["500", "503", "ok"], "moved": ["302"], "refuses": ["400"],
                  "drop": ["drop", "ok"], "slow": ["slow", "ok"], "cut": ["cut", "ok"], "rubbish": ["rubbish", "ok"],
                  "room": ["drop", "ok"], "well": ["ok"]}
    server = Careless(behaviours)
    config = CONFIG % (", ".join(behaviours), "well", "well", "1s")
    agent = RunningAgent(stage, config + "".join((room if name == "room" else hook)(server, name) for name in behaviours))
    fire(agent, {"Broken": "critical"})
    twice = ("drop", "slow", "cut", "rubbish", "room")
    wait_for("what must arrive", lambda: all(server.taken(name) for name in ("busy", "broken", "well")) and
             all(len(server.taken(name)) > 1 for name in twice), 60)
    time.sleep(1)
    for name in ("busy", "broken"):
        stage.holds("%s: taken once" % name, len(server.taken(name)) == 1, server.tries[name])
    for name in twice:
        stage.holds("%s: who took it without saying so gets it once more, under the same key" % name,
                    len(server.taken(name)) == 2 and len(set(server.taken(name))) == 1, server.tries[name])
    when = {name: [at for at, _ in server.tries[name]] for name in behaviours}
    stage.holds("busy: not asked before the time it named", 7 <= when["busy"][1] - when["busy"][0] < 13, when["busy"])
    waits = [b - a for a, b in zip(when["broken"], when["broken"][1:])]
    stage.holds("broken: asked again after 5 and 10 s", 5 <= waits[0] < 10 <= waits[1] < 20, waits)
    for name in ("refuses", "moved"):
        stage.holds("%s: not asked again, and an incident that is told elsewhere" % name, len(when[name]) == 1 and
                    "Channel '%s' fails" % name in server.titles, (when[name], server.titles))
    stage.end(agent.program)


class Killer:
    """Kills the agent at a moment of the talk with another side; its lives are counted."""

    def __init__(self, stage, config):
        self.stage, self.config, self.lives, self.armed, self.lock = stage, config, 0, None, threading.Lock()
        self.agent, self.killed_at = RunningAgent(stage, config), collections.Counter()

    def at_point(self, *place):
        with self.lock:
            if self.armed is None or self.armed[0] != place:
                return
            _, delay = self.armed
            self.armed = None
        time.sleep(delay)
        self.killed_at[place[0]] += 1
        self.agent.program.process.kill()

    def arm(self, place, delay):
        with self.lock:
            self.armed = (place, delay)

    def bury(self, seconds):
        """Waits for the end of this life; what has not come by itself is brought about."""
        try:
            self.agent.program.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.arm(None, 0)
            self.killed_at["idle"] += 1
            self.agent.program.process.kill()
            self.agent.program.process.wait()
        self.stage.programs.remove(self.agent.program)

    def live_again(self):
        self.lives += 1
        self.agent = RunningAgent(self.stage, self.config)


class Mails(list):
    """What a mail server took, in the ledger, too."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def append(self, text):
        super().append(text)
        mail = email.message_from_bytes(text, policy=email.policy.default)
        self.server.take("mail", mail["message-id"], mail["subject"])
        self.server.at_point("taken", "mail")


SEVERITIES = {"critical": "hook", "page": "room", "warning": "mail"}


def killed(stage):
    """Killed again and again with -9 before, while and after the other side takes a message."""
    chance, server, rude = random.Random(SEED), Careless(), Rude("ok")
    rude.mails = Mails(server)
    killer = Killer(stage, CONFIG % ("hook", "room", "mail", "1h") + hook(server, "hook") + room(server, "room") +
                    channel("mail", rude.port))
    server.at_point, server.life = killer.at_point, lambda: killer.lives
    accepted, refused = {}, {}
    for number in range(KILLS):
        point = chance.choice(("asked", "taken", "taken", "answered", "answered", "pushed"))
        place = (point, chance.choice(("hook", "room", "mail"))) if point == "taken" else (point, chance.choice(("hook", "room")))
        killer.arm((point,) if point == "pushed" else place, chance.choice((0, 0, 0.001, 0.003, 0.01, 0.03)))
        new = {"Round%dx%s" % (number, severity): severity for severity in SEVERITIES}
        (accepted if fire(killer.agent, {**refused, **new}) else refused).update(new)
        if killer.armed is not None and point == "pushed":
            killer.at_point("pushed")
        killer.bury(5)
        wait_for("the end of what the dead one said", lambda: server.talks == rude.talks == 0, 10)
        killer.live_again()
    all_of_it = {**accepted, **refused}
    fire(killer.agent, refused)
    names = lambda: {one.name for one in server.ledger}
    try:
        wait_for("what is owed", lambda: all_of_it.keys() <= names(), 30)
    except TimeoutError:
        pass
    time.sleep(1)
    judge(stage, killer, server, all_of_it)


def judge(stage, killer, server, fired):
    lost = sorted(fired.keys() - {one.name for one in server.ledger})
    takes = collections.Counter((one.name, one.channel) for one in server.ledger)
    doubled = collections.Counter()
    for (_, where), count in takes.items():
        doubled[where] += count - 1
    print("  seed %d: killed %s; %d messages taken, again after a crash: %s" % (
        SEED, dict(killer.killed_at), len(server.ledger), dict(doubled)))
    stage.holds("nothing is lost in %d crashes" % killer.lives, not lost, lost)
    in_a_life = collections.Counter((one.name, one.channel, one.life) for one in server.ledger)
    stage.holds("nothing is said twice within one life", max(in_a_life.values()) == 1,
                [one for one, count in in_a_life.items() if count > 1])
    stage.holds("on no channel more is said again than there were crashes", all(
        count <= killer.lives for count in doubled.values()), doubled)
    stage.holds("crashes did come between the taking and the journal", sum(doubled.values()) > 0, takes)
    keys = collections.defaultdict(set)
    for one in server.ledger:
        keys[one.name, one.channel].add(one.key)
    stage.holds("what is said again has the same key, path or Message-ID", all(len(some) == 1 for some in keys.values()), keys)
    wrong = [one for one in server.ledger if one.name in fired and SEVERITIES[fired[one.name]] != one.channel]
    stage.holds("each went to its channel", not wrong, wrong)
    done = stage.ask("audit", "verify")
    stage.holds("the journal's chain is whole", done.returncode == 0, done.stdout + done.stderr)
    stage.end(killer.agent.program)


# --- messages that are changed ---

class Chats(Careless):
    """Telegram, Slack and Discord as far as it matters here: a message has an id, and only one that is there is changed."""

    def __init__(self):
        super().__init__()
        self.messages, self.changes = {}, []  # (channel, id) -> texts, first to last; of one that is not there: None

    def place(self, method, path):
        is_change = method == "PATCH" or path.endswith(("/editMessageText", "/chat.update"))
        return re.split("[/?]", path)[1] + (" change" if is_change else "")

    def hear(self, channel, method, path, said):
        channel, _, change = channel.partition(" ")
        text = json.dumps(said)
        number = str(said.get("message_id") or said.get("ts") or path.rsplit("/", 1)[1]) if change else None
        with self.lock:
            number = number or str(len(self.messages) + 1)
            known = self.messages.get((channel, number))
            is_same = bool(known) and known[-1] == text
            if change:
                self.changes.append((channel, number, known is not None))
            else:
                known = self.messages[channel, number] = []
            if known is not None:
                known.append(text)
        if not change:
            self.take(channel, number, text)
        if channel == "tg" and is_same:
            return answer_of(400, {"ok": False, "error_code": 400, "description": "Bad Request: message is not modified"})
        if known is None:
            return answer_of(200 if channel == "slack" else 404, {"ok": False, "error": "message_not_found", "error_code": 400})
        return answer_of(200, {"ok": True, "channel": "C1", "ts": number, "id": number,
                               "result": {"message_id": int(number)}})


CHATS = {"critical": "tg", "page": "slack", "warning": "discord"}


def changed(stage):
    """Killed again and again while messages are sent and changed: a message too many at most for each crash, and whatever
    happens the one that the agent knows is brought to its end."""
    chance, server = random.Random(SEED), Chats()
    at = "http://127.0.0.1:%d/" % server.port
    stage.write("tg.token", "42:any\n")
    stage.write("discord.url", at + "discord\n")
    killer = Killer(stage, CONFIG % ("tg", "slack", "discord", "1h") + """
  - {name: tg, timeout: 1s, telegram: {token_file: tg.token, chat_id: 42, url: "%stg"}}
  - {name: slack, timeout: 1s, slack: {token_file: any.key, channel: C1, url: "%sslack"}}
  - {name: discord, timeout: 1s, discord: {webhook_url_file: discord.url}}
""" % (at, at))
    server.at_point, server.life = killer.at_point, lambda: killer.lives
    severities, unheard = {}, {}
    for number in range(KILLS // 2):
        place = (chance.choice(("asked", "taken", "taken", "answered")), chance.choice(list(CHATS.values())) +
                 chance.choice(("", " change")))
        new = {"Round%dx%s" % (number, severity): severity for severity in CHATS}
        killer.arm(place, chance.choice((0, 0, 0.001, 0.003, 0.01)))
        if not fire(killer.agent, {**unheard, **new}):
            unheard.update(new)
        try:
            wait_for("the messages", lambda: killer.armed is None or new.keys() <= {one.name for one in server.ledger}, 5)
        except TimeoutError:
            pass
        fire(killer.agent, {**severities, **new}, over=True)
        severities.update(new)
        killer.bury(5)
        wait_for("the end of what the dead one said", lambda: server.talks == 0, 10)
        killer.live_again()
    fire(killer.agent, unheard)
    wait_for("what is owed", lambda: severities.keys() <= {one.name for one in server.ledger}, 30)
    fire(killer.agent, severities, over=True)
    last = lambda: {one.name: server.messages[one.channel, one.key][-1] for one in server.ledger}
    is_over = lambda: all("RECOVERED" in text for text in last().values())
    try:
        wait_for("the end of all", is_over, 30)
    except TimeoutError:
        pass
    count = collections.Counter((one.name, one.channel) for one in server.ledger)
    again = collections.Counter()
    for (_, channel), taken in count.items():
        again[channel] += taken - 1
    print("  seed %d: killed %s; %d messages, %d changes; again after a crash: %s" % (
        SEED, dict(killer.killed_at), len(server.messages), len(server.changes), dict(again)))
    stage.holds("the newest message of each is brought to its end", is_over(),
                {name: text for name, text in last().items() if "RECOVERED" not in text})
    in_a_life = collections.Counter((one.name, one.channel, one.life) for one in server.ledger)
    stage.holds("no message is sent twice within one life", max(in_a_life.values()) == 1,
                [one for one, taken in in_a_life.items() if taken > 1])
    stage.holds("on no channel are more messages too many than there were crashes",
                all(taken <= killer.lives for taken in again.values()), again)
    stage.holds("crashes did come between the taking and the journal", sum(again.values()) > 0, count)
    stage.holds("nothing is changed that is not there", all(is_there for *_, is_there in server.changes), server.changes)
    stage.end(killer.agent.program)


def delivery(stage):
    stage.write("runbook.yaml", "common_issues: []\n")
    stage.write("any.key", "any\n")
    misbehaving(stage)
    shutil.rmtree(os.path.join(stage.folder, "var"))
    killed(stage)
    shutil.rmtree(os.path.join(stage.folder, "var"))
    changed(stage)
