"""One look each at the real nginx, Prometheus, supervisord and Nagios plugins: tables of a check and its answer."""
import http.client
import json
import os
import shutil
import socket
import sys
import xmlrpc.client

from stage import PEERS, Row, answers, certificates, free_port, peer, wait_for, with_unpacked_python

PLUGINS = next((folder for folder in (PEERS + "/usr/lib/nagios/plugins", "/usr/lib/nagios/plugins")
                if os.path.isdir(folder)), "")


# --- nginx ------------------------------------------------------------------------------------------------------------

def nginx(stage):
    if not peer("nginx") or not shutil.which("openssl"):
        return False
    certificates(stage)
    plain, good, soon, other = free_port(), free_port(), free_port(), free_port()
    tls = "".join("  server { listen 127.0.0.1:%d ssl; ssl_certificate %s.pem; ssl_certificate_key %s.key; "
                  "location / { return 200 'over tls'; } }\n" % (port, name, name)
                  for port, name in ((good, "good"), (soon, "soon"), (other, "other")))
    folder = stage.folder
    stage.write("nginx.conf", """daemon off; master_process off; pid %s/nginx.pid; error_log %s/nginx.error;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3;
  uwsgi_temp_path %s/t4; scgi_temp_path %s/t5; default_type application/json;
  server { listen 127.0.0.1:%d;
    location = /json { return 200 '{"database": "ok", "checks": [{"state": "passing"}]}'; }
    location = /broken { return 500 'no'; }
    location = /once { return 302 /json; }
    location = /round { return 301 /round; }
    location = /away { return 302 http://127.0.0.2:9/; }
    location = /files/ { root %s; autoindex on; }
  }
%s}
""" % ((folder,) * 7 + (plain, folder, tls)))
    os.mkdir(os.path.join(folder, "files"))
    stage.start(peer("nginx"), "-p", folder, "-c", os.path.join(folder, "nginx.conf"))
    wait_for("nginx", lambda: answers(plain, "/json"))
    base, many = "http://127.0.0.1:%d" % plain, lambda low, high: lambda value: value is not None and low < value < high
    day = 86400
    stage.judge([
        Row("a page", 'http: "%s/json"' % base, "up", facts={"http_status": lambda value: value == 200}),
        Row("values in it", 'http: "%s/json", expect: {json: {database: ok, "checks[0].state": passing}}' % base, "up"),
        Row("another value", 'http: "%s/json", expect: {json: {database: broken}}' % base, "down", "database"),
        Row("500", 'http: "%s/broken"' % base, "down", "500"),
        Row("404 that is wanted", 'http: "%s/nothing", expect: {status: 404}' % base, "up"),
        Row("a redirect within the host", 'http: "%s/once"' % base, "up", facts={"http_status": lambda value: value == 200}),
        Row("redirects without end", 'http: "%s/round"' % base, "down", "301"),
        Row("a redirect to another host is not followed", 'http: "%s/away"' % base, "down", "302"),
        Row("HEAD has no body", 'http: "%s/json", method: HEAD' % base, "up"),
        Row("a listing in chunks", 'http: "%s/files/", expect: {body: "Index of"}' % base, "up"),
        Row("https by our own CA", 'http: "https://127.0.0.1:%d/", expect: {body: "over tls"}' % good, "up",
            facts={"tls_expires_in": many(88 * day, 91 * day)}),
        Row("a certificate that ends soon", 'http: "https://127.0.0.1:%d/"' % soon, "degraded", "certificate ends in",
            facts={"tls_expires_in": many(2 * day, 4 * day)}),
        Row("a certificate for another name", 'http: "https://127.0.0.1:%d/"' % other, "down"),
        Row("which may be said not to matter", 'http: "https://127.0.0.1:%d/", verify_tls: false' % other, "up"),
        Row("https asked of plain http", 'http: "https://127.0.0.1:%d/"' % plain, "down"),
        Row("plain http asked of https", 'http: "http://127.0.0.1:%d/"' % good, "down", "400"),
    ], {"SSL_CERT_FILE": os.path.join(folder, "ca.pem")})


# --- Prometheus -------------------------------------------------------------------------------------------------------

def prometheus(stage):
    program = peer("prometheus")
    if not program:
        return False
    port = free_port()
    config = stage.write("prometheus.yml", "global: {scrape_interval: 200ms}\nscrape_configs: [{job_name: self, "
                         "static_configs: [{targets: ['127.0.0.1:%d']}]}]\n" % port)
    stage.start(program, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(stage.folder, "data"),
                "--web.listen-address=127.0.0.1:%d" % port, "--log.level=error")
    wait_for("Prometheus", lambda: answers(port, "/-/ready"))

    def scraped():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/api/v1/query?query=up")
        found = json.loads(connection.getresponse().read())["data"]["result"]
        connection.close()
        return bool(found)

    wait_for("a first scrape", scraped)
    url = 'prometheus: "http://127.0.0.1:%d", query: ' % port
    value = lambda right: {"value": lambda seen: seen == right}
    stage.judge([
        Row("a scalar", url + '"1 + 1"', "up", facts=value(2)),
        Row("one series", url + '"up"', "up", facts=value(1)),
        Row("too large", url + '"vector(7)", max: 5', "down", "7"),
        Row("too small", url + '"vector(7)", min: 8', "down", "7"),
        Row("NaN is unknown", url + '"0 / 0"', "unknown", "NaN"),
        Row("infinity is unknown", url + '"1 / 0"', "unknown"),
        Row("several series are unknown", url + '"prometheus_http_requests_total"', "unknown"),
        Row("a matrix is unknown", url + '"up[5m]"', "unknown"),
        Row("an empty vector is unknown", url + '"no_such_metric"', "unknown"),
        Row("or bad", url + '"no_such_metric", empty: bad', "down"),
        Row("or good", url + '"no_such_metric", empty: good', "up"),
        Row("or zero", url + '"no_such_metric", empty: zero', "up", facts=value(0)),
        Row("older than the look-back is as good as none", url + '"up offset 1h"', "unknown"),
        Row("no PromQL", url + '"sum("', "unknown", "parse error"),
        Row("no Prometheus there", 'prometheus: "http://127.0.0.1:%d", query: "up"' % free_port(), "unknown"),
    ])


# --- supervisord ------------------------------------------------------------------------------------------------------

def supervisord(stage):
    program = peer("supervisord")
    if not program:
        return False
    port, path = free_port(), os.path.join(stage.folder, "s.sock")
    config = stage.write("supervisord.conf", """[supervisord]
nodaemon=true
logfile={0}/supervisord.log
pidfile={0}/supervisord.pid
[unix_http_server]
file={1}
[inet_http_server]
port=127.0.0.1:{2}
username=ops
password=s3cret
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:runs]
command=sleep 600
startsecs=0
[program:idle]
command=sleep 600
autostart=false
[program:ended]
command=false
autorestart=false
startsecs=0
[program:gives_up]
command=false
startsecs=5
startretries=0
[program:two]
process_name=%(program_name)s_%(process_num)d
numprocs=2
command=sleep 600
startsecs=0
""".format(stage.folder, path, port))
    # By the Python that it names, Debian's: another in the path knows no packages of Debian.
    stage.start(program, "-c", config, env=with_unpacked_python())
    stage.write("right.pw", "s3cret\n")
    stage.write("wrong.pw", "guess\n")
    server = xmlrpc.client.ServerProxy("http://ops:s3cret@127.0.0.1:%d/RPC2" % port)

    def states():
        try:
            return {one["name"]: one["statename"] for one in server.supervisor.getAllProcessInfo()}
        except (OSError, xmlrpc.client.Error):
            return {}

    wait_for("supervisord", lambda: states().get("runs") == "RUNNING" and states().get("ended") == "EXITED" and
             states().get("gives_up") == "FATAL")
    unix = ', via: "unix://%s"' % path
    tcp = ', via: "http://127.0.0.1:%d/RPC2", user: ops, password_file: %%s.pw' % port
    status = lambda right: {"process_status": lambda seen: seen == right}
    stage.judge([
        Row("running, over the socket", "supervisor: runs" + unix, "up", facts=status("running")),
        Row("running, over TCP with the password", "supervisor: runs" + tcp % "right", "up", facts=status("running")),
        Row("one of a group", 'supervisor: "two:two_1"' + unix, "up", facts=status("running")),
        Row("never started", "supervisor: idle" + unix, "down", facts=status("stopped")),
        Row("ended with 1", "supervisor: ended" + unix, "down", facts=status("dead")),
        Row("given up", "supervisor: gives_up" + tcp % "right", "down", facts=status("fatal")),
        Row("no such program", "supervisor: nobody" + unix, "down", "nobody"),
        Row("a wrong password is not a death", "supervisor: runs" + tcp % "wrong", "unknown", "another user and password"),
        Row("no supervisord there", 'supervisor: runs, via: "unix://%s.not"' % path, "down", "no such file"),
    ])


# --- Nagios plugins -----------------------------------------------------------------------------------------------------

def plugins(stage):
    if not os.access(os.path.join(PLUGINS, "check_dummy"), os.X_OK):
        return False
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        port = listener.getsockname()[1]
        web = free_port()
        stage.start(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(web))
        wait_for("a web server", lambda: answers(web))
        run = lambda words: 'command: "%s/%s"' % (PLUGINS, words)
        stage.judge([
            Row("OK", run("check_dummy 0 fine"), "up"),
            Row("WARNING", run("check_dummy 1 hm"), "degraded", "hm"),
            Row("CRITICAL", run("check_dummy 2 bad"), "down", "bad"),
            Row("UNKNOWN", run("check_dummy 3 why"), "unknown", "why"),
            Row("a disk, with its perfdata", run("check_disk -w 1 -c 0 -p /"), "up",
                facts={"root": lambda seen: seen is not None and seen > 0}),
            Row("a disk that is too full", run("check_disk -w 100% -c 100% -p /"), "down", "free space"),
            Row("no such disk", run("check_disk -w 1 -c 0 -p /nowhere/at/all"), "down", "/nowhere/at/all"),
            Row("processes", run("check_procs -c 1:"), "up", facts={"procs": lambda seen: seen is not None and seen >= 1}),
            Row("a process that must be and is not", run("check_procs -c 1: -C nobody-is-called-so"), "down", "0 processes"),
            Row("a page", run("check_http -I 127.0.0.1 -p %d" % web), "up",
                facts={"time": lambda seen: seen is not None and seen >= 0, "size": lambda seen: seen is not None and seen > 0}),
            Row("a page that is not there", run("check_http -I 127.0.0.1 -p %d -u /nothing" % web), "degraded", "404"),
            Row("no web server", run("check_http -I 127.0.0.1 -p %d" % free_port()), "down"),
            Row("no such plugin", run("check_nothing"), "unknown"),
            Row("perfdata of a port", run("check_tcp -H 127.0.0.1 -p %d" % port), "up",
                facts={"time": lambda seen: seen is not None and seen >= 0}),
            Row("a closed port", run("check_tcp -H 127.0.0.1 -p %d" % free_port()), "down"),
        ])
