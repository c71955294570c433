"""The founder's numbers from where they really are: SQLite, PostgreSQL, and the APIs of Stripe and App Store Connect as their
descriptions in ../shared/contracts have them (Prism judges each request; skipped where they are not at hand)."""
import http.client
import json
import os
import shutil
import subprocess
import urllib.parse

from contracts import MODULES, SERVER, SHARED, refusals
from stage import answers, free_port, wait_for

NOBODY = 65534
POSTGRES = "/usr/lib/postgresql/15/bin/"


def money(stage):
    tried = [sqlite(stage), postgresql(stage), apis(stage), stripe(stage)]
    return any(tried) or False


def skipped(what):
    print("  skipped: no %s" % what)
    return False


def facts(stage, signals):
    """The facts and the state of each signal, by its name."""
    stage.write("runbook.yaml", "common_issues: []\n")
    seen = stage.look("agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\nsignals:\n" +
                      "".join("  - {%s, every: 5m}\n" % one for one in signals))
    return {one["name"]: one for one in seen["services"] + seen["hosts"] + seen.get("signals", [])}


def sqlite(stage):
    if not shutil.which("sqlite3"):
        return skipped("sqlite3")
    path = os.path.join(stage.folder, "shop.db")
    stage.run("sqlite3", path, "create table sale (amount real); insert into sale values (12.5), (30), (null)")
    seen = facts(stage, ["name: orders, sql: 'select count(*) from sale', sqlite: '%s'" % path,
                         "name: shop, sql: {query: 'select sum(amount) as mrr, max(amount) as top from sale', sqlite: '%s'}" % path,
                         "name: writes, sql: 'delete from sale returning 1', sqlite: '%s'" % path,
                         "name: broken, sql: 'select missing from sale', sqlite: '%s'" % path])
    stage.holds("SQLite: a count", seen["orders"]["facts"].get("orders") == 3, seen["orders"])
    stage.holds("SQLite: two columns", (seen["shop"]["facts"].get("shop_mrr"), seen["shop"]["facts"].get("shop_top")) == (42.5, 30),
                seen["shop"])
    stage.holds("SQLite: a query that writes is refused", seen["writes"]["status"] == "unknown" and
                "readonly" in seen["writes"]["reason"].replace("-", "").replace(" ", ""), seen["writes"])
    left = subprocess.run(["sqlite3", path, "select count(*) from sale"], stdout=subprocess.PIPE, text=True, check=True).stdout
    stage.holds("SQLite: and nothing was deleted", left.strip() == "3", left)
    stage.holds("SQLite: what the client says is told", "no such column" in seen["broken"]["reason"], seen["broken"])
    return True


def postgresql(stage):
    if os.getuid() != 0 or not os.path.exists(POSTGRES + "initdb") or not shutil.which("psql"):
        return skipped("PostgreSQL and psql, or the rights to start it as another user")
    data = os.path.join(stage.folder, "pg")
    os.makedirs(data)
    os.chmod(stage.folder, 0o755)
    os.chown(data, NOBODY, NOBODY)
    password = stage.write("password", "s3cret\n")
    os.chmod(password, 0o644)
    as_nobody = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    stage.run(*as_nobody, POSTGRES + "initdb", "-D", data, "-A", "scram-sha-256", "-U", "ops", "--no-sync",
              "--pwfile", password)
    port = free_port()
    stage.start(*as_nobody, POSTGRES + "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "")
    passfile = stage.write("pgpass", "127.0.0.1:%d:postgres:ops:s3cret\n" % port)
    os.chmod(passfile, 0o600)
    url = "postgresql://ops@127.0.0.1:%d/postgres" % port

    def psql(text):
        return subprocess.run(["psql", url + "?passfile=" + passfile, "-At", "-c", text], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True).stdout
    wait_for("PostgreSQL", lambda: psql("select 1").strip() == "1")
    psql("create table sale (amount numeric, at timestamptz default now()); insert into sale values (12.5), (30)")
    good = url + "?passfile=" + passfile
    seen = facts(stage, ["name: orders, sql: \"select count(*) from sale where at > now() - interval '1 hour'\", postgresql: '%s'" % good,
                         "name: writes, sql: 'delete from sale returning 1', postgresql: '%s'" % good,
                         "name: stranger, sql: 'select 1', postgresql: '%s'" % url])
    stage.holds("PostgreSQL: a count", seen["orders"]["facts"].get("orders") == 2, seen["orders"])
    stage.holds("PostgreSQL: a query that writes is refused", seen["writes"]["status"] == "unknown" and
                "read-only" in seen["writes"]["reason"], seen["writes"])
    stage.holds("PostgreSQL: and nothing was deleted", psql("select count(*) from sale").strip() == "2", psql("select 1"))
    stage.holds("PostgreSQL: without its password it is unknown, not bad", seen["stranger"]["status"] == "unknown" and
                "password" in seen["stranger"]["reason"], seen["stranger"])
    return True


def apis(stage):
    node = shutil.which("node")
    if not node or not all(os.path.exists(path) for path in (SERVER, MODULES + "/@stoplight/prism-http-server")):
        return skipped("Prism or the descriptions")
    ports = {name: free_port() for name in ("stripe", "appstoreconnect")}
    prism = stage.start(node, SERVER, MODULES, *("%s/%s.json:%d" % (os.path.abspath(SHARED), name, port) for name, port in ports.items()))
    for port in ports.values():
        wait_for("prism", lambda port=port: answers(port), 120)
    key = stage.write("stripe.key", "rk_test_1\n")
    stage.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem")
    stage.run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "ec.pem", "-out", "asc.p8")
    for name in (key, os.path.join(stage.folder, "asc.p8")):
        os.chmod(name, 0o600)
    seen = facts(stage, ["name: revenue, stripe: {key_file: '%s', url: 'http://127.0.0.1:%d'}" % (key, ports["stripe"]),
                         "name: app, app_store: {issuer_id: i, key_id: k, key_file: '%s/asc.p8', app_id: '123', url: 'http://127.0.0.1:%d'}"
                         % (stage.folder, ports["appstoreconnect"])])
    stage.holds("Stripe and Apple: every request is by the description, and bears its key", not refusals(prism), refusals(prism))
    # The subscription of Stripe's own fixtures is one whose collection is paused.
    stage.holds("Stripe: the answer of its fixtures is read", seen["revenue"]["facts"].get("revenue_mrr") == 0 and
                "revenue_charges_hourly" in seen["revenue"]["facts"], seen["revenue"])
    stage.holds("Apple: a rejected version", seen["app"]["facts"].get("review_state") in ("REJECTED", "METADATA_REJECTED"), seen["app"])
    return True


STRIPE = ("process.env.LOG_LEVEL = 'silent'; require('http').createServer(require(process.argv[1]).createExpressApp())"
          ".listen(+process.argv[2], '127.0.0.1')")


class Shop:
    """What is sold through stripe-stateful-mock: Stripe of 2020, which keeps what it is told."""

    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.headers = {"Authorization": "Bearer " + key,
                        "Content-Type": "application/x-www-form-urlencoded"}

    def make(self, what, **values):
        self.connection.request("POST", "/v1/" + what, urllib.parse.urlencode(values), self.headers)
        return json.loads(self.connection.getresponse().read())


def stripe(stage):
    """Pages, intervals, quantities, refunds and refusals; of discounts and of times it knows nothing (docs/checks.md)."""
    node, mock = shutil.which("node"), os.path.join(MODULES, "stripe-stateful-mock")
    if not node or not os.path.exists(mock):
        return skipped("stripe-stateful-mock (run tools/unpack real, with npm)")
    port = free_port()
    stage.start(node, "-e", STRIPE, mock, str(port))
    wait_for("stripe-stateful-mock", lambda: answers(port), 60)
    shop = Shop(port, "sk_test_1")
    product = shop.make("products", name="a shop", type="service")["id"]
    # Cents for a span of time. The mock says amount_decimal in dollars, where Stripe says cents, and an interval_count that it was
    # given as a text, so none is given.
    plans = {"month": 1000, "year": 12000, "week": 1200, "day": 100}
    for interval, amount in plans.items():
        shop.make("plans", id=interval, amount=amount * 100, currency="usd", interval=interval, product=product)
    customer = shop.make("customers", source="tok_visa")["id"]
    a_year = {"month": 12, "year": 1, "week": 365.25 / 7, "day": 365.25}
    wanted = 0.0
    for number in range(230):
        interval, quantity = list(plans)[number % len(plans)], 1 + number % 3
        shop.make("subscriptions", **{"customer": customer, "items[0][plan]": interval, "items[0][quantity]": quantity})
        wanted += plans[interval] / 100 * quantity * a_year[interval] / 12
    charges = [shop.make("charges", amount=500 + number, currency="usd", source="tok_visa") for number in range(210)]
    shop.make("refunds", charge=charges[0]["id"], amount=200)
    shop.make("charges", amount=700, currency="usd", source="tok_chargeDeclined")
    key = stage.write("stripe.key", "sk_test_1\n")
    os.chmod(key, 0o600)
    seen = facts(stage, ["name: shop, stripe: {key_file: '%s', url: 'http://127.0.0.1:%d'}" % (key, port)])["shop"]
    found = seen["facts"]
    stage.holds("Stripe: 230 subscriptions on three pages", found.get("shop_subscriptions") == 230, seen)
    stage.holds("Stripe: of four intervals and three quantities", abs(found.get("shop_mrr", 0) - wanted) < wanted / 1000,
                (found.get("shop_mrr"), wanted))
    stage.holds("Stripe: 210 charges on three pages, less what was given back", found.get("shop_charges_hourly") == 210 and
                abs(found.get("shop_hourly", 0) - (sum(500 + number for number in range(210)) - 200) / 100) < 0.01, seen)
    stage.holds("Stripe: a card that was declined", found.get("shop_failed_hourly") == 1 and found.get("shop_uncounted") == 0, seen)
    return True
