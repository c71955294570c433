#include "monitor/outside_alerts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ops {
namespace {

const Time kNow = parse_rfc3339("2026-11-23T13:40:00Z").value();

Json json(std::string_view text) {
    const Result<Json> parsed = Json::parse(text);
    EXPECT_TRUE(parsed.ok()) << text;
    return parsed.ok() ? parsed.value() : Json();
}

// One line an alert: what the tables compare.
std::string said(const Result<OutsideAlerts>& read) {
    if (!read.ok()) return read.error().message;
    std::string text;
    for (const OutsideAlert& alert : read.value().alerts) {
        if (!text.empty()) text += "\n";
        text += alert.name + (alert.firing ? " fires" : " is over");
        for (const auto& [name, value] : alert.labels) {
            if (name != "alertname") text.append(" ").append(name).append("=").append(value);
        }
        if (!alert.summary.empty()) text += ": " + alert.summary;
        if (alert.is_only_seen) text += " (only seen)";
        if (alert.is_sign_of_life) text += " (sign of life)";
        if (alert.ends_at) text += ", until " + format_rfc3339(*alert.ends_at);
    }
    return text;
}

struct Row {
    const char* why;
    const char* body;
    const char* said;
};

TEST(OutsideAlerts, AlertmanagersWebhook) {
    const Row rows[] = {
        {"one that fires, one that is over",
         R"({"version":"4","status":"firing","alerts":[
             {"status":"firing","labels":{"alertname":"DiskFull","instance":"h1"},
              "annotations":{"summary":"Disk 97%"},"endsAt":"0001-01-01T00:00:00Z"},
             {"status":"resolved","labels":{"alertname":"DiskFull","instance":"h2"},
              "endsAt":"2026-11-23T13:38:45Z"}]})",
         "DiskFull fires instance=h1: Disk 97%\n"
         "DiskFull is over instance=h2, until 2026-11-23T13:38:45.000Z"},
        {"fields that are new are passed over",
         R"({"version":"5","notification_reason":"x","alerts":[
             {"status":"firing","labels":{"alertname":"A"},"values":{"B":1},"newer":[]}]})",
         "A fires"},
        {"no alerts are no error", R"({"alerts":[]})", ""},
        {"a sign of life",
         R"({"alerts":[{"status":"firing","labels":{"alertname":"Watchdog","severity":"none"}}]})",
         "Watchdog fires severity=none (sign of life)"},
        {"one of that name that is meant",
         R"({"alerts":[{"status":"firing","labels":{"alertname":"Watchdog","severity":"page"}}]})",
         "Watchdog fires severity=page"},
        {"no alertname", R"({"alerts":[{"status":"firing","labels":{"job":"x"}}]})",
         "alert fires job=x"},
        {"a label that the language cannot say",
         R"({"alerts":[{"status":"firing","labels":{"alertname":"A","a b":"c","ok":"1"}}]})",
         "A fires ok=1"},
        {"nothing at all", "null", "body: expected the object of a webhook of alertmanager"},
        {"a list", "[]", "body: expected the object of a webhook of alertmanager"},
        {"another webhook", R"({"heartbeat":null})",
         "body: no 'alerts': this is no webhook of alertmanager"},
        {"alerts that are none", R"({"alerts":{}})", "body: 'alerts' is not a list"},
        {"an alert that is none", R"({"alerts":["x"]})",
         "alerts[0]: expected an alert, an object with 'labels'"},
        {"nothing to know it by",
         R"({"alerts":[{"status":"firing","labels":{"alertname":"A"}},{"status":"firing","labels":{}}]})",
         "alerts[1]: has neither an alertname nor any other label"},
        {"a label without a value is none",
         R"({"alerts":[{"status":"firing","labels":{"alertname":""}}]})",
         "alerts[0]: has neither an alertname nor any other label"},
        {"labels that are no texts",
         R"({"alerts":[{"status":"firing","labels":{"alertname":"A","n":3}}]})",
         "alerts[0].labels: 'n' is not a text"},
        {"labels that are no object", R"({"alerts":[{"status":"firing","labels":["a"]}]})",
         "alerts[0].labels: expected an object of texts"},
        {"annotations that are none",
         R"({"alerts":[{"status":"firing","labels":{"a":"b"},"annotations":{"summary":{}}}]})",
         "alerts[0].annotations: 'summary' is not a text"},
        {"no status", R"({"alerts":[{"labels":{"a":"b"}}]})",
         "alerts[0]: status is firing or resolved, not null"},
        {"a status of another world", R"({"alerts":[{"status":"OK","labels":{"a":"b"}}]})",
         "alerts[0]: status is firing or resolved, not \"OK\""},
        {"a time that is none",
         R"({"alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"yesterday"}]})",
         "alerts[0].startsAt: expected a time like 2026-01-29T14:30:00Z, not \"yesterday\""},
        {"a time that is a number",
         R"({"alerts":[{"status":"firing","labels":{"a":"b"},"endsAt":5}]})",
         "alerts[0].endsAt: expected a time like 2026-01-29T14:30:00Z, not 5"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(said(read_alertmanager(json(row.body))), row.said) << row.why;
    }
}

TEST(OutsideAlerts, WhatPrometheusSends) {
    const Row rows[] = {
        {"it fires until it is not sent again",
         R"([{"labels":{"alertname":"A"},"annotations":{},"startsAt":"2026-11-23T13:39:00.1Z",
              "endsAt":"2026-11-23T13:44:00Z","generatorURL":"http://p/"}])",
         "A fires, until 2026-11-23T13:44:00.000Z"},
        {"an end that has come",
         R"([{"labels":{"alertname":"A"},"endsAt":"2026-11-23T13:40:00Z"}])",
         "A is over, until 2026-11-23T13:40:00.000Z"},
        {"no end: five minutes", R"([{"labels":{"alertname":"A"}}])",
         "A fires, until 2026-11-23T13:45:00.000Z"},
        {"an end that is not set",
         R"([{"labels":{"alertname":"A"},"endsAt":"0001-01-01T00:00:00Z"}])",
         "A fires, until 2026-11-23T13:45:00.000Z"},
        {"none", "[]", ""},
        {"a webhook's object", R"({"alerts":[]})", "body: expected a list of alerts"},
        {"no labels, as Alertmanager refuses too", R"([{"annotations":{}}])",
         "alerts[0]: has neither an alertname nor any other label"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(said(read_prometheus(json(row.body), kNow)), row.said) << row.why;
    }
}

TEST(OutsideAlerts, GrafanasWebhook) {
    const Row rows[] = {
        {"as unified alerting sends it",
         R"({"receiver":"ops","status":"firing","orgId":1,"state":"alerting","title":"[FIRING:1]",
             "message":"**Firing**","version":"1","groupKey":"{}","truncatedAlerts":0,"alerts":[
             {"status":"firing","labels":{"alertname":"High load","grafana_folder":"ops"},
              "annotations":{"summary":"load 12"},"startsAt":"2026-11-23T13:39:00+01:00",
              "endsAt":"0001-01-01T00:00:00Z","values":{"B":12.5},"valueString":"[ var='B' ]",
              "silenceURL":"http://g/","dashboardURL":"","panelURL":"","fingerprint":"c6e"}]})",
         "High load fires grafana_folder=ops: load 12"},
        {"the button that tries it",
         R"({"status":"firing","alerts":[{"status":"firing",
             "labels":{"alertname":"TestAlert","instance":"Grafana"}}]})",
         "TestAlert fires instance=Grafana (only seen)"},
        {"legacy alerting", R"({"ruleName":"x","state":"alerting"})",
         "body: no 'alerts': this is no webhook of grafana's unified alerting"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(said(read_grafana(json(row.body))), row.said) << row.why;
    }
}

TEST(OutsideAlerts, UptimeKumasWebhook) {
    const Row rows[] = {
        {"down",
         R"({"heartbeat":{"monitorID":3,"status":0,"time":"2026-11-23 13:40:00.1","msg":"refused"},
             "monitor":{"id":3,"name":"brain-api","url":"http://b/","type":"http","tags":[
               {"name":"severity","value":"critical"},{"name":"a b","value":"x"}]},
             "msg":"[brain-api] [Down] refused"})",
         "MonitorDown fires monitor=brain-api monitor_id=3 severity=critical type=http "
         "url=http://b/: brain-api is down"},
        {"up", R"({"heartbeat":{"status":1},"monitor":{"id":3,"name":"b"},"msg":""})",
         "MonitorDown is over monitor=b monitor_id=3: b is down"},
        {"pending says nothing", R"({"heartbeat":{"status":2},"monitor":{"id":3,"name":"b"}})", ""},
        {"nor does maintenance", R"({"heartbeat":{"status":3},"monitor":{"id":3,"name":"b"}})", ""},
        {"a test", R"({"heartbeat":null,"monitor":null,"msg":"ops Testing"})", ""},
        {"a certificate",
         R"({"heartbeat":null,"monitor":null,"msg":"[shop][https://shop.example] server certificate)"
         R"( shop.example will be expired in 3 days"})",
         "Notice fires monitor=shop: [shop][https://shop.example] server certificate shop.example "
         "will be expired in 3 days"},
        {"a notice about nobody", R"({"heartbeat":null,"msg":"the disk of uptime-kuma is full"})",
         "Notice fires: the disk of uptime-kuma is full"},
        {"without a message too it is nothing", R"({"heartbeat":null})",
         "body: no 'heartbeat' and no 'msg': this is no webhook of uptime-kuma"},
        {"a status of another world", R"({"heartbeat":{"status":4},"monitor":{"id":3}})",
         "heartbeat: status is 0, 1, 2 or 3, not 4"},
        {"no status", R"({"heartbeat":{},"monitor":{"id":3}})",
         "heartbeat: no 'status' (0, 1, 2 or 3)"},
        {"nobody", R"({"heartbeat":{"status":0},"monitor":null})",
         "monitor: has neither an id nor a name"},
        {"a heartbeat that is none", R"({"heartbeat":"x"})",
         "heartbeat: expected an object with 'status'"},
        {"no object", "3", "body: expected the object of a webhook of uptime-kuma"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(said(read_uptime_kuma(json(row.body))), row.said) << row.why;
    }
    EXPECT_EQ(read_uptime_kuma(json(R"({"msg":"Testing"})")).value().said, "Testing");
}

TEST(OutsideAlerts, TheSameAlertHasTheSameIdentity) {
    const auto identity = [](const char* labels, AlertSource source = AlertSource::alertmanager) {
        const Json alert = Json::object({{"status", "firing"}, {"labels", json(labels)}});
        const Json list = Json::array().push(alert);
        const Json body =
            source == AlertSource::prometheus ? list : Json::object({{"alerts", list}});
        return read_outside_alerts(source, body, kNow).value().alerts[0].identity;
    };
    const std::string one = identity(R"({"alertname":"A","b":"c"})");
    EXPECT_EQ(one.size(), 32U);
    EXPECT_EQ(one, identity(R"({"b":"c","alertname":"A"})")) << "the order says nothing";
    EXPECT_NE(one, identity(R"({"alertname":"A","b":"d"})"));
    EXPECT_NE(one, identity(R"({"alertname":"A","bc":""})"));
    EXPECT_NE(one, identity(R"({"alertname":"A","b":"c","x y":"1"})"))
        << "labels that cannot be said tell two alerts apart";
    EXPECT_NE(one, identity(R"({"alertname":"A","b":"c"})", AlertSource::prometheus));
    // A monitor of Uptime Kuma stays the same when it gets another name.
    const auto kuma = [](const char* name) {
        const Json body = Json::object({{"heartbeat", json(R"({"status":0})")},
                                        {"monitor", Json::object({{"id", 3}, {"name", name}})}});
        return read_uptime_kuma(body).value().alerts[0].identity;
    };
    EXPECT_EQ(kuma("a"), kuma("b"));
    const auto notice = [](const char* text) {
        const Json body = Json::object({{"heartbeat", Json()}, {"msg", text}});
        return read_uptime_kuma(body).value().alerts.at(0).identity;
    };
    EXPECT_EQ(notice("[a] ends in 14 days"), notice("[a] ends in 7 days"));
    EXPECT_NE(notice("[a] ends in 7 days"), notice("[b] ends in 7 days"));
}

TEST(OutsideAlerts, AreBounded) {
    Json alert = Json::object({{"status", "firing"}});
    Json labels = Json::object({{"alertname", std::string(5000, 'n')}});
    for (int i = 0; i < 100; ++i) labels.set("l" + std::to_string(i), std::string(5000, 'v'));
    alert.set("labels", labels);
    alert.set("annotations", Json::object({{"summary", std::string(100'000, 's')}}));
    Json list = Json::array();
    for (size_t i = 0; i < kMostOutsideAlerts; ++i) {
        list.push(Json::object({{"status", "firing"}, {"labels", json(R"({"a":"b"})")}}));
    }
    EXPECT_TRUE(read_alertmanager(Json::object({{"alerts", list}})).ok());
    list.push(alert);
    EXPECT_EQ(said(read_alertmanager(Json::object({{"alerts", list}}))),
              "alerts: 5001 alerts, at most 5000 are taken at once");

    const auto read = read_alertmanager(
        Json::object({{"truncatedAlerts", 7}, {"alerts", Json::array().push(alert)}}));
    ASSERT_TRUE(read.ok());
    const OutsideAlert& one = read.value().alerts[0];
    EXPECT_EQ(read.value().truncated, 7);
    EXPECT_EQ(one.labels.size(), kMostLabels);
    EXPECT_EQ(read.value().dropped_labels, 101 - kMostLabels);
    EXPECT_LE(one.name.size(), 200U);
    EXPECT_LE(one.summary.size(), kMostAnnotationBytes);
    for (const auto& [name, value] : one.labels) EXPECT_LE(value.size(), kMostLabelBytes);
}

// Recorded from the real thing; outside this project.
TEST(OutsideAlerts, AreReadFromWhatAlertmanagerReallySent) {
    const std::filesystem::path folder =
        std::filesystem::path(OPS_SOURCE_DIR) / "../shared/contracts/captures";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no captures here";
    const auto captured = [&folder](const char* name) {
        std::ifstream file(folder / "alertmanager" / name);
        return json(std::string(std::istreambuf_iterator<char>(file), {}));
    };
    EXPECT_EQ(said(read_alertmanager(captured("webhook_firing.json"))),
              "DiskFull fires instance=h2 service=web severity=critical: h2\n"
              "DiskFull fires instance=h3 service=web severity=warning");
    const auto mixed = read_alertmanager(captured("webhook_mixed_firing_resolved.json"));
    ASSERT_TRUE(mixed.ok());
    EXPECT_TRUE(mixed.value().alerts[0].firing);
    EXPECT_EQ(mixed.value().alerts[0].runbook_url, "http://r/x");
    EXPECT_FALSE(mixed.value().alerts[1].firing);
    EXPECT_EQ(read_alertmanager(captured("webhook_truncated.json")).value().truncated, 1);
    EXPECT_EQ(said(read_alertmanager(captured("webhook_label_missing.json"))), "NoService fires");
    EXPECT_EQ(read_alertmanager(captured("webhook_resolved.json")).value().alerts[0].firing, false);
    // What Alertmanager says of itself is near enough to what it is sent.
    const auto v2 = read_prometheus(captured("v2_alerts.json"), kNow);
    ASSERT_TRUE(v2.ok());
    EXPECT_EQ(v2.value().alerts.size(), 4U);
}

}  // namespace
}  // namespace ops
