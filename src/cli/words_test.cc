#include "cli/words.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Words, ACommandOverSshIsItsHostAndItsWords) {
    const struct {
        std::vector<std::string> argv;
        const char* said;
    } rows[] = {
        {{"systemctl", "restart", "api"}, "systemctl restart api"},
        {{"ssh", "-o", "BatchMode=yes", "--", "pc", "supervisorctl", "restart", "worker_3"},
         "ssh pc: supervisorctl restart worker_3"},
        {{"/usr/bin/ssh", "--", "pc"}, "ssh pc"},
        {{"git", "log", "--", "x"}, "git log -- x"},
        {{"ssh", "--"}, "ssh --"},
        {{}, ""},
    };
    for (const auto& row : rows) EXPECT_EQ(short_command(row.argv), row.said);
}

TEST(Words, EveryEventOfAnIncidentIsTold) {
    const struct {
        const char* event;
        const char* said;
    } rows[] = {
        {R"({"kind":"incident.opened","body":{"title":"api is down","reason":"refused"}})",
         "api is down: refused"},
        {R"({"kind":"incident.diagnosed","body":{"entry":""}})", "no entry of the runbook fits"},
        {R"({"kind":"incident.diagnosed","body":{"entry":"Restart"}})", "entry 'Restart' fits"},
        {R"({"kind":"incident.diagnosed","body":{"entry":"Restart","proposed":true}})",
         "a model proposes entry 'Restart'"},
        {R"({"kind":"incident.investigated","body":{"how":"unknown","reason":"HTTP 529"}})",
         "a model found no cause: HTTP 529"},
        {R"({"kind":"incident.investigated","body":{"how":"proposed","cause":"it is full","predicts":"disk_usage > 95%"}})",
         "a model thinks: it is full (it predicted disk_usage > 95%, which is so)"},
        {R"({"kind":"model.called","body":{"model":"m at h","tokens":812}})",
         "m at h answered (812 tokens)"},
        {R"({"kind":"model.called","body":{"model":"m at h","error":"HTTP 529"}})",
         "m at h gave no answer: HTTP 529"},
        {R"({"kind":"model.refused","body":{"reason":"there is no such look"}})",
         "the model's answer does not count: there is no such look"},
        {R"({"kind":"evidence.asked","body":{"diagnostic":"memory","argv":["free","-m"]}})",
         "looks closer, memory: free -m"},
        {R"({"kind":"evidence.skipped","body":{"what":"diagnostics","reason":"paused"}})",
         "did not look (diagnostics): paused"},
        {R"({"kind":"evidence.collected","body":{"id":"e1","source":"facts","text":"up true"}})",
         ""},
        {R"({"kind":"evidence.collected","body":{"source":"memory","bytes":210,"code":0}})",
         "memory printed 210 bytes"},
        {R"({"kind":"incident.state","body":{"state":"resolving","reason":"x"}})", ""},
        {R"({"kind":"incident.state","body":{"state":"escalated","reason":"3 of 3 failed"}})",
         "escalated: 3 of 3 failed"},
        {R"({"kind":"incident.level","body":{"level":"alert","criterion":"Service down"}})",
         "level alert by 'Service down'"},
        {R"({"kind":"incident.level","body":{"level":"warning"}})",
         "level warning, as people hear of it"},
        {R"({"kind":"incident.resolved","body":{"by":"auto","reason":"well for 30s","note":""}})",
         "repaired: well for 30s"},
        {R"({"kind":"incident.resolved","body":{"by":"human","reason":"closed by ann","note":"cable"}})",
         "closed: closed by ann, cable"},
        {R"_({"kind":"incident.acknowledged","body":{"by":"ann (root)"}})_",
         "ann (root) takes it over"},
        {R"({"kind":"action.intent","body":{"argv":["a","b"],"attempt":2}})",
         "does: a b (attempt 2)"},
        {R"({"kind":"action.denied","body":{"argv":["a"],"reason":"paused"}})",
         "does not do 'a': paused"},
        {R"({"kind":"action.outcome","body":{"how":"exited","code":1,"took_ms":1500}})",
         "it ended with exit 1 after 1s500ms"},
        {R"({"kind":"action.outcome","body":{"how":"timed_out"}})",
         "it took too long and was ended"},
        {R"({"kind":"alert.queued","body":{"text":"ALERT: api is down\nTime: now"}})",
         "to say: ALERT: api is down"},
        {R"({"kind":"alert.failed","body":{"channel":"mail","error":"550"}})",
         "mail did not take it: 550 (not tried again)"},
        {R"({"kind":"alert.failed","body":{"channel":"mail","error":"no net","next_try":"x"}})",
         "mail did not take it: no net"},
        {R"({"kind":"incident.noted","body":{"text":"a\nb"}})", "a b"},
        {R"({"kind":"deploy.done","body":{}})", "deploy.done"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(event_words(Json::parse(row.event).value()), row.said) << row.event;
    }
}

TEST(Words, WhoeverHasItMayStillOweAYes) {
    Json incident = Json::object({{"state", "awaiting_approval"}, {"acknowledged", false}});
    EXPECT_EQ(state_words(incident), "needs a yes");
    incident.set("acknowledged", true);
    EXPECT_EQ(state_words(incident), "acknowledged, needs a yes");
    incident.set("state", "verifying");
    EXPECT_EQ(state_words(incident), "acknowledged, verifying");
    incident.set("state", "acknowledged");
    EXPECT_EQ(state_words(incident), "acknowledged");
    incident.set("waits_for", "'worker_1' is not verified");
    EXPECT_EQ(state_words(incident), "acknowledged, waits");
}

TEST(Words, AYesMayNotBeAllThatItNeeds) {
    const Time now = parse_rfc3339("2026-01-29T13:30:00Z").value();
    Json reply = Json::object({{"yeses", 1}, {"needed", 2}, {"waits_for", Json()}});
    EXPECT_EQ(approved_words("inc-1", reply, now),
              "inc-1 has 1 yes of 2: another person must say yes, too");
    reply.set("needed", 1);
    EXPECT_EQ(approved_words("inc-1", reply, now), "inc-1 approved");
    reply.set("waits_for", "'worker_1' is not verified");
    reply.set("waits_until", "2026-01-29T13:42:00Z");
    EXPECT_EQ(approved_words("inc-1", reply, now),
              "inc-1 approved; it waits: 'worker_1' is not verified (12m more at the most)");
}

TEST(Words, ACommandRunsUntilItHasEnded) {
    const struct {
        const char *action, *said;
    } rows[] = {
        {R"({"state":"intent","ended_at":null})", "running"},
        {R"({"state":"running","ended_at":"2026-01-29T13:30:00Z"})", "ended, being verified"},
        {R"({"state":"verified","ended_at":"2026-01-29T13:30:00Z"})", "verified"},
        {R"({"state":"unknown","ended_at":null})", "unknown"},
        {R"({"state":"awaiting_approval","ended_at":null})", "needs a yes"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(action_state_words(Json::parse(row.action).value()), row.said) << row.action;
    }
}

TEST(Words, WhatBecameOfAMessage) {
    const struct {
        const char* alert;
        const char* said;
    } rows[] = {
        {R"({"sent":["a","b"],"waiting":[],"given_up":[],"error":"old"})", "told a, b"},
        {R"({"sent":[],"waiting":["a"],"given_up":[],"error":"HTTP 503"})",
         "waits for a (HTTP 503)"},
        {R"({"sent":["b"],"waiting":[],"given_up":["a"],"error":"HTTP 404"})",
         "told b; refused by a (HTTP 404)"},
        {R"({"sent":[],"waiting":[],"given_up":[],"error":null})", "told nobody"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(delivery_words(Json::parse(row.alert).value()), row.said) << row.alert;
    }
}

}  // namespace
}  // namespace ops
