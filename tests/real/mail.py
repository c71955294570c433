"""Mail: a real Exim with STARTTLS and AUTH under a CA of our own, and servers that misbehave."""
import email
import email.policy
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading

from stage import LIBRARIES, RunningAgent, certificates, free_port, peer, wait_for

HOSTILE = "hm\\r\\n.\\r\\nBcc: victim@example.com\\rSubject: evil\\r\\r.\\rQUIT\\r\\033[2J=?UTF-8?Q?hm?="

EXIM = """
exim_path = {program}
primary_hostname = mail.test
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {folder}/{name}.pem
tls_privatekey = {folder}/spool/{name}.key
keep_environment = ^LD_ : ^NSS_
queue_only
host_lookup =
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny !authenticated = *
       message = say first who you are
  deny local_parts = nobody
       message = no such user
  defer local_parts = grey
       condition = ${{if exists{{{folder}/spool/grey.known}}{{no}}{{yes}}}}
       message = greylisted
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {folder}/spool/box
  create_file = anywhere
  envelope_to_add
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_advertise_condition = ${{if def:tls_in_cipher}}
  server_condition = ${{if and{{{{eq{{$auth2}}{{ops}}}}{{eq{{$auth3}}{{s3cret}}}}}}}}
  server_set_id = $auth2
"""


class Exim:
    """Unpacked, so it knows its own user only by nss_wrapper. As root: its configuration must belong to root."""

    def __init__(self, stage, name):
        self.stage, self.port, self.folder = stage, free_port(), os.path.join(stage.folder, "exim-" + name)
        spool = os.path.join(self.folder, "spool")
        os.makedirs(spool)
        for file in (name + ".pem", name + ".key"):
            shutil.copy(os.path.join(stage.folder, file), spool if file.endswith("key") else self.folder)
        os.chmod(stage.folder, 0o755)
        for path in (spool, os.path.join(spool, name + ".key")):
            os.chown(path, 65534, 65534)
        program = peer("exim4")
        conf = self.write("exim.conf", EXIM.format(program=program, folder=self.folder, port=self.port, name=name))
        self.environment = {
            **os.environ, "LD_LIBRARY_PATH": LIBRARIES, "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": self.write("passwd", "root:x:0:0::/root:/bin/sh\n"
                                             "Debian-exim:x:65534:65534::/:/bin/false\n"),
            "NSS_WRAPPER_GROUP": self.write("group", "root:x:0:\nDebian-exim:x:65534:\nmail:x:8:\n")}
        self.words = [program, "-C", conf]
        self.program = stage.start(*self.words, "-bdf", env=self.environment)
        wait_for("Exim", lambda: self.program.check() or self.is_up())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def is_up(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self, kind="main"):
        try:
            with open(os.path.join(self.folder, "spool", kind + "log")) as file:
                return file.read()
        except OSError:
            return ""

    def box(self, name=""):
        """What has arrived for somebody or anybody, oldest first."""
        subprocess.run([*self.words, "-qf"], env=self.environment, check=True, timeout=30)
        folder, mails = os.path.join(self.folder, "spool/box"), []
        if os.path.isdir(folder):
            paths = sorted((os.path.join(folder, file) for file in os.listdir(folder)), key=os.path.getmtime)
            for path in paths:
                with open(path, "rb") as file:
                    mails.append(email.message_from_binary_file(file, policy=email.policy.default))
        return [mail for mail in mails if name in ("", mail["envelope-to"].split("@")[0])]

    def know(self, name):
        self.write("spool/%s.known" % name, "")


class Rude(threading.Thread):
    """An SMTP server with one line of behaviour a connection, the last one for all that come later.

    hang: greets nobody; cut-data: closes instead of the answer to DATA; cut-text: closes when the text has begun;
    cut-end: takes the text and closes; VERB CODE: answers so; ok: takes it."""

    def __init__(self, *behaviours, context=None):
        super().__init__(daemon=True)
        self.behaviours, self.context, self.tries, self.mails = behaviours, context, 0, []
        self.talks, self.lock = 0, threading.Lock()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            behaviour = self.behaviours[min(self.tries, len(self.behaviours) - 1)]
            self.tries += 1
            with self.lock:
                self.talks += 1
            threading.Thread(target=self.serve, args=(connection, behaviour), daemon=True).start()

    def serve(self, connection, behaviour):
        with connection:
            try:
                self.talk(connection, behaviour)
            except OSError:
                pass
        with self.lock:
            self.talks -= 1

    def talk(self, connection, behaviour):
        file = connection.makefile("rb")

        def say(text):
            connection.sendall(text.encode() + b"\r\n")

        if behaviour == "hang":
            file.read()
            return
        say("220 rude")
        while line := file.readline():
            verb = line.split()[0].upper().decode() if line.split() else ""
            if behaviour.split()[0] == verb:
                say(behaviour.split(" ", 1)[1])
            elif verb == "EHLO":
                say("250-rude\r\n250-STARTTLS\r\n250 8BITMIME" if self.context else "250 rude")
            elif verb == "STARTTLS":
                say("220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                file = connection.makefile("rb")
            elif verb == "QUIT":
                say("221 bye")
                return
            elif verb != "DATA":
                say("250 ok")
            elif behaviour == "cut-data":
                return
            else:
                say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    part = file.readline()
                    text += part
                    if not part or behaviour == "cut-text":
                        return
                if behaviour == "cut-end":
                    return
                if behaviour.startswith("TEXT "):
                    say(behaviour.split(" ", 1)[1])
                else:
                    self.mails.append(text)
                    say("250 taken")


def channel(name, port, more="", scheme="smtp", to=None):
    return "  - {name: %s, timeout: 2s, email: {to: %s, from: ops@example.com, smtp: '%s://127.0.0.1:%d'%s}}\n" % (
        name, to or name + "@example.com", scheme, port, more)


def sends(stage, why, config, right, words, **how):
    """`notify test` to the channel `it`, and what it says of it."""
    stage.write("ops-agent.yaml", "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\nchannels:\n" + config)
    done = stage.ask("notify", "test", "it", **how)
    said = done.stdout + done.stderr
    faults = [] if (done.returncode == 0) == right else ["exit %d" % done.returncode]
    stage.say(why, faults + ["said '%s'" % said.strip()] if faults or words not in said else [])
    return said


def by_exim(stage):
    """One test message each, to a server that is as it should be, and to one that must not be believed."""
    certificates(stage)
    exim, other = Exim(stage, "good"), Exim(stage, "other")
    stage.write("right.pw", "s3cret\n")
    stage.write("wrong.pw", "guess\n")
    user = ", user: ops, password_file: %s.pw, require_tls: true"
    believed = {"environment": {"SSL_CERT_FILE": os.path.join(stage.folder, "ca.pem")}}
    sends(stage, "STARTTLS by our own CA, with a password", channel("it", exim.port, user % "right"), True, "accepted", **believed)
    sends(stage, "a wrong password is not accepted", channel("it", exim.port, user % "wrong"), False, "535", **believed)
    sends(stage, "a certificate of a CA that nobody knows", channel("it", exim.port, user % "right"), False, "certificate")
    sends(stage, "a certificate for another name", channel("it", other.port, user % "right"), False, "", **believed)
    sends(stage, "no password given", channel("it", exim.port), False, "say first who you are", **believed)
    sends(stage, "a receiver whom it does not know",
          channel("it", exim.port, user % "right", to="nobody@example.com"), False, "no such user", **believed)
    sends(stage, "one of two receivers is not known: the other one is told",
          channel("it", exim.port, user % "right", to="[nobody@example.com, two@example.com]"), True, "nobody@example.com",
          **believed)
    mails = exim.box("it")
    stage.holds("the one message arrived, and no other", len(mails) == 1, mails)
    stage.holds("encrypted, and by name", "with esmtpsa" in mails[0]["received"], mails[0]["received"])
    stage.holds("its subject", mails[0]["subject"] == "🔔 TEST: Alerts from real arrive on 'it' [real]", mails[0]["subject"])
    stage.holds("the other one's arrived", len(exim.box("two")) == 1)
    stage.holds("nothing went to the wrong server", other.box() == [] and "<=" not in other.log(), other.log())
    return exim, user % "right", believed


def told_of_incident(stage, exim, user, believed):
    """An incident on a ladder of channels, one second a rung; each must arrive there as often as it should."""
    stage.write("runbook.yaml", "common_issues: []\nescalation:\n  - {name: Service down, when: down_for > 1s, "
                "level: critical}\n")
    rude = {"later": Rude("RCPT 451 4.7.1 come again", "TEXT 452 disk full", "ok"), "never": Rude("TEXT 554 5.7.1 spam"),
            "who": Rude("RCPT 550 no such user"), "hangs": Rude("hang", "ok"), "cut1": Rude("cut-data", "ok"),
            "cut2": Rude("cut-text", "ok"), "cut3": Rude("cut-end", "ok")}
    names = ["grey", *rude, "exim"]
    config = """
hosts: [{name: box, local: true}]
services:
  - {name: shop, host: box, interval: 1s, check: {command: "sh -c 'printf \\"%s\\"; exit 2'"}}
escalation: {critical: [%s], warning: [told], unacked_after: 1s}
channels:
  - {name: told, command: {run: "sh -c 'echo $OPS_ALERT >>%s/told'"}}
""" % (HOSTILE.replace("\\", "\\\\\\\\"), ", ".join(names), stage.folder)
    config += channel("grey", exim.port, user) + channel("exim", exim.port, user)
    config += "".join(channel(name, one.port) for name, one in rude.items())
    agent = RunningAgent(stage, config, environment=believed["environment"])
    wait_for("the greylisting", lambda: "greylisted" in exim.log("reject"))
    exim.know("grey")
    take = [one for name, one in rude.items() if name not in ("never", "who")]
    wait_for("all that must arrive", lambda: all(one.mails for one in take) and exim.box("exim") and exim.box("grey"), 60)
    mail = exim.box("exim")[0]
    body = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    stage.holds("the subject says what is wrong", mail["subject"] == "🚨 CRITICAL: shop is down [real]", mail["subject"])
    stage.holds("the headers are ours alone", sorted(name.lower() for name in mail.keys()) == sorted([
        "envelope-to", "received", "date", "from", "to", "subject", "message-id", "list-id", "auto-submitted",
        "importance", "mime-version", "content-type"]), mail.keys())
    stage.holds("what the check printed is in the text, on its line",
                "\r\nReason: exit 2: Bcc: victim@example.com" in body and body.count("\r") == body.count("\n") == 5 and
                "\033" not in body, body)
    stage.holds("the text is as the contract says", body.startswith("🚨 CRITICAL: shop is down\r\nTime: 20") or
                body.startswith("🚨 CRITICAL: shop is down\nTime: 20"), body)
    stage.holds("and the same as HTML, in which it is text", "exit 2: Bcc: victim@example.com" in html and
                "<strong>🚨 CRITICAL: shop is down</strong>" in html and "\033" not in html, html)
    stage.holds("the greylisted message came once", len(exim.box("grey")) == 1)
    stage.holds("nobody else got one", sorted(one["envelope-to"] for one in exim.box()) ==
                [name + "@example.com" for name in ("exim", "grey", "it", "two")])
    for name in ("never", "who"):
        stage.holds("%s: 5xx is not tried again" % name, rude[name].tries == 1, rude[name].tries)
        stage.holds("%s: the channel fails, which is an incident" % name,
                    len(agent.incidents(title="Channel '%s' fails" % name)) == 1, agent.incidents())
    for name, times in (("later", 3), ("hangs", 2), ("cut1", 2), ("cut2", 2), ("cut3", 2)):
        one = rude[name]
        stage.holds("%s: tried again until it was taken, once" % name, (one.tries, len(one.mails)) == (times, 1),
                    (one.tries, len(one.mails)))
    stage.holds("a failing channel is told on another", all(
        "Channel '%s' fails" % name in told(stage) for name in ("never", "who")), told(stage))


def told(stage):
    try:
        with open(os.path.join(stage.folder, "told")) as file:
            return file.read()
    except OSError:
        return ""


def by_rude(stage):
    """A server without a certificate that anybody knows, as Debian's own are out of the box."""
    certificates(stage)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(stage.folder, "other.pem"), os.path.join(stage.folder, "other.key"))
    rude = Rude("ok", context=context)
    sends(stage, "encrypted as well as the other side can", channel("it", rude.port), True, "accepted")
    stage.holds("it arrived", len(rude.mails) == 1)
    sends(stage, "TLS is wanted and not to be had", channel("it", Rude("ok").port, ", require_tls: true"), False, "")
    stage.write("right.pw", "s3cret\n")
    plain = Rude("ok")
    sends(stage, "no password goes to a server that cannot show who it is",
          channel("it", rude.port, ", user: ops, password_file: right.pw"), False, "certificate")
    sends(stage, "no password travels in clear", channel("it", plain.port, ", user: ops, password_file: right.pw"),
          False, "STARTTLS not supported")
    stage.holds("and nothing else does", plain.mails == [])


def without_curl(stage):
    """The library that sends mails and webhooks is gone: that is told at the start, on a channel that needs none."""
    library = next((folder + "/libcurl.so.4" for folder in ("/usr/lib/%s-linux-gnu" % os.uname().machine, "/usr/lib")
                    if os.path.exists(folder + "/libcurl.so.4")), "")
    around = ("unshare", *([] if os.getuid() == 0 else ["-r"]), "-m", "sh", "-c",
              'mount --bind /dev/null "$(readlink -f %s)" && exec "$@"' % library, "sh")
    if not library or subprocess.run([*around, "true"], capture_output=True, check=False).returncode != 0:
        print("  skipped: no file can be hidden here")
        return
    config = "channels:\n%s  - {name: told, command: {run: \"sh -c 'cat >>%s/told'\"}}\n" % (
        channel("it", free_port()), stage.folder)
    agent = RunningAgent(stage, config, around=around)
    wait_for("the incident of the channel", lambda: agent.incidents(title="Channel 'it' fails", state="open"))
    wait_for("a word about it", lambda: "Channel 'it' fails" in told(stage))
    stage.end(agent.program)
    done = stage.ask("doctor", around=around)
    stage.holds("doctor knows it", done.returncode == 1 and re.search(r"channel 'it' cannot work: load \S*libcurl\.so\.4: ", done.stdout), done)
    stage.holds("and has nothing to say when it is there", "cannot work" not in stage.ask("doctor").stdout)


def mail(stage):
    stage.write("runbook.yaml", "common_issues: []\n")
    by_rude(stage)
    without_curl(stage)
    if os.getuid() != 0 or not peer("exim4") or not os.path.exists(os.path.join(LIBRARIES, "libnss_wrapper.so")):
        print("  skipped: Exim (run tools/unpack real, as root)")
        return
    told_of_incident(stage, *by_exim(stage))
