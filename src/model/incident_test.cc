#include "model/incident.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

Time minute(int number) { return Time{} + std::chrono::minutes(number); }

// Events of one incident, a minute apart, as the journal would hold them.
class Story {
public:
    explicit Story(std::string incident = "inc-1") : incident_(std::move(incident)) {}

    Story& then(std::string kind, std::string_view body = "{}") {
        Event event;
        event.seq = ++seq_;
        event.at = minute(static_cast<int>(seq_));
        event.kind = std::move(kind);
        event.incident = incident_;
        event.target = "worker_3";
        event.body = Json::parse(body).value();
        events_.push_back(event);
        return *this;
    }
    template <class Folded>
    Folded fold() const {
        Folded folded;
        for (const Event& event : events_) last_concerned_ = apply(event, folded);
        return folded;
    }
    bool last_concerned() const { return last_concerned_; }

private:
    std::string incident_;
    uint64_t seq_ = 0;
    std::vector<Event> events_;
    mutable bool last_concerned_ = false;
};

Story opened() {
    return Story().then("incident.opened",
                        R"({"title": "worker_3 is down", "host": "pc", "rule": "down",
                            "level": "alert", "reason": "process is dead"})");
}

TEST(Incident, ThatGrowsNamesWhoJoinedAndWhatItIsCalledNow) {
    const Incident incident =
        Story()
            .then("incident.opened", R"({"title": "2 of 3 failed", "members": ["b", "c"]})")
            .then("incident.noted",
                  R"({"text": "3 of 3 failed", "title": "3 of 3 failed", "members": ["a", "c"]})")
            .then("incident.noted", R"({"text": "somebody looks", "by": "ann"})")
            .fold<Incident>();
    EXPECT_EQ(incident.title, "3 of 3 failed");
    EXPECT_EQ(incident.members, (std::vector<std::string>{"b", "c", "a"})) << "each once";
}

TEST(Incident, IsWhatItsEventsSay) {
    const Incident incident =
        opened()
            .then("incident.diagnosed",
                  R"({"entry": "Worker stopped responding", "cause": "hung"})")
            .then("incident.state", R"({"state": "resolving"})")
            .then("action.intent", R"({"action": "k1", "attempt": 1, "step": 1})")
            .then("incident.state", R"({"state": "verifying"})")
            .then("alert.sent", R"({"key": "a", "channel": "mail"})")
            .then("alert.sent", R"({"key": "b", "channel": "mail"})")
            .then("incident.resolved", R"({"by": "auto", "note": "back after a restart"})")
            .fold<Incident>();
    EXPECT_EQ(incident.to_json().dump(),
              R"({"id":"inc-1","title":"worker_3 is down","service":"worker_3","host":"pc",)"
              R"("state":"resolved","level":"alert","opened_at":"1970-01-01T00:01:00.000Z",)"
              R"("resolved_at":"1970-01-01T00:08:00.000Z","entry":"Worker stopped responding",)"
              R"("attempts":1,"resolved_by":"auto","told":["mail"],"cost_usd":0.0,"tokens":0,)"
              R"("rule":"down","seen":"process is dead","reason":"process is dead","cause":"hung",)"
              R"("acknowledged":false,"acknowledged_by":null,"waits_for":null,"waits_until":null,)"
              R"("note":"back after a restart","supposed":null,"members":[]})");
    EXPECT_FALSE(incident.is_open());
    EXPECT_EQ(incident.last_seq, 8U);
}

TEST(Incident, OfAnotherOrOfNoneIsLeftAlone) {
    const Story ours = opened().then("incident.noted");
    EXPECT_TRUE((ours.fold<Incident>(), ours.last_concerned()));
    const Story nobodys = Story("").then("incident.opened");
    EXPECT_FALSE((nobodys.fold<Incident>(), nobodys.last_concerned()));
    Incident incident = opened().fold<Incident>();
    Event other;
    other.kind = "incident.resolved";
    other.incident = "inc-2";
    EXPECT_FALSE(apply(other, incident));
    EXPECT_TRUE(incident.is_open());
    Incident fresh;
    EXPECT_FALSE(apply(other, fresh)) << "a story begins with its opening";
}

TEST(Incident, AcknowledgingDoesNotHideARepair) {
    EXPECT_EQ(opened().then("incident.acknowledged").fold<Incident>().state,
              IncidentState::acknowledged);
    const Incident busy = opened()
                              .then("incident.state", R"({"state": "verifying"})")
                              .then("incident.acknowledged", R"({"by": "ann"})")
                              .fold<Incident>();
    EXPECT_EQ(busy.state, IncidentState::verifying);
    EXPECT_TRUE(busy.acknowledged);
}

TEST(Incident, OpenedAgainIsNotResolved) {
    const Incident incident = opened()
                                  .then("incident.resolved", R"({"by": "self"})")
                                  .then("incident.state", R"({"state": "open"})")
                                  .fold<Incident>();
    EXPECT_TRUE(incident.is_open());
    EXPECT_FALSE(incident.resolved_at);
    EXPECT_EQ(incident.resolved_by, "");
}

TEST(Incident, CountsAttemptsAndCosts) {
    const Incident incident =
        opened()
            .then("action.intent", R"({"action": "a", "attempt": 1, "entry": "Restart"})")
            .then("action.intent", R"({"action": "b", "attempt": 2})")
            .then("action.intent",
                  R"({"action": "c", "attempt": 1, "undo": true, "entry": "Undo"})")
            .then("incident.noted", R"({"text": "asked", "cost_usd": 0.25, "tokens": 100})")
            .then("incident.noted", R"({"text": "asked again", "cost_usd": 0.5, "tokens": 50})")
            .fold<Incident>();
    EXPECT_EQ(incident.attempts, 2);
    EXPECT_EQ(incident.entry, "Restart") << "undoing is no diagnosis";
    EXPECT_EQ(incident.cost_usd, 0.75);
    EXPECT_EQ(incident.tokens, 150);
}

TEST(Incident, AnUnknownStateChangesNothing) {
    const Story story = opened().then("incident.state", R"({"state": "melting"})");
    EXPECT_EQ(story.fold<Incident>().state, IncidentState::open);
}

TEST(Incident, StatesReadBackByTheirNames) {
    for (const auto state :
         {IncidentState::open, IncidentState::awaiting_approval, IncidentState::resolving,
          IncidentState::verifying, IncidentState::escalated, IncidentState::acknowledged,
          IncidentState::resolved}) {
        EXPECT_EQ(parse_incident_state(name_of(state)), state) << name_of(state);
    }
    EXPECT_FALSE(parse_incident_state("closed"));
}

TEST(Action, GoesFromIntentToItsVerdict) {
    const Action action =
        Story()
            .then("action.intent",
                  R"({"action": "k1", "entry": "Restart", "step": 1, "attempt": 2, "effect": "once",
                      "argv": ["supervisorctl", "restart", "worker_3"], "argv_sha256": "ab"})")
            .then("action.outcome",
                  R"({"action": "k1", "how": "exited", "code": 0, "output": "ok"})")
            .then("action.verified", R"({"action": "k1", "reason": "2 good checks"})")
            .fold<Action>();
    EXPECT_EQ(action.to_json().dump(),
              R"({"id":"k1","incident":"inc-1","entry":"Restart","step":1,"target":"worker_3",)"
              R"("argv":["supervisorctl","restart","worker_3"],"state":"verified",)"
              R"("started_at":"1970-01-01T00:01:00.000Z","ended_at":"1970-01-01T00:02:00.000Z",)"
              R"("exit":0,"output":"ok","approved_by":null,"attempt":2,"argv_sha256":"ab",)"
              R"("effect":"once","reason":"2 good checks","undo":false})");
}

// 15 is the signal that ended it, and no exit.
TEST(Action, WhatWasEndedFromOutsideHasNoExit) {
    const Action action =
        Story()
            .then("action.intent", R"({"action": "k1", "entry": "Restart"})")
            .then("action.outcome", R"({"action": "k1", "how": "timed_out", "code": 15})")
            .then("action.failed", R"({"action": "k1", "reason": "not well"})")
            .fold<Action>();
    EXPECT_FALSE(action.exit);
    EXPECT_EQ(action.how, "timed_out");
    EXPECT_EQ(action.reason, "not well");
}

TEST(Action, EveryEndHasItsState) {
    struct Row {
        const char* why;
        const char* kind;
        const char* body;
        const char* state;
        const char* reason;
    };
    const Row rows[] = {
        {"not verified", "action.failed", R"({"action": "k1", "reason": "still down"})", "failed",
         "still down"},
        {"looked at, never run again", "action.unknown", R"({"action": "k1", "reason": "lost"})",
         "unknown", "lost"},
        {"taken back", "action.undone", R"({"action": "k1"})", "undone", ""},
        {"policy", "action.denied", R"({"action": "k1", "reason": "paused"})", "denied", "paused"},
        {"a person", "action.rejected", R"({"action": "k1", "by": "ann"})", "denied",
         "rejected by ann"},
        {"ended by its time limit", "action.outcome",
         R"({"action": "k1", "how": "timeout", "output": "..."})", "running", "timeout"},
    };
    for (const Row& row : rows) {
        const Action action = Story()
                                  .then("action.intent", R"({"action": "k1", "attempt": 1})")
                                  .then(row.kind, row.body)
                                  .fold<Action>();
        EXPECT_EQ(action.state, row.state) << row.why;
        EXPECT_EQ(action.reason, row.reason) << row.why;
        EXPECT_EQ(action.ended_at.has_value(), true) << row.why;
    }
}

TEST(Action, RemembersThatItsOutcomeWasUnknown) {
    Story story;
    story.then("action.intent", R"({"action": "k1", "attempt": 1})");
    EXPECT_FALSE(story.fold<Action>().was_unknown);
    story.then("action.unknown", R"({"action": "k1", "reason": "lost"})");
    story.then("action.failed", R"({"action": "k1", "reason": "still down"})");
    EXPECT_TRUE(story.fold<Action>().was_unknown);
    EXPECT_EQ(story.fold<Action>().state, "failed");
}

TEST(Action, RemembersEveryApprover) {
    const Action action =
        Story()
            .then("action.awaiting",
                  R"({"action": "k1", "argv": ["rm", "x"], "argv_sha256": "ab"})")
            .then("action.approved", R"({"action": "k1", "by": "ann", "argv_sha256": "ab"})")
            .then("action.approved", R"({"action": "k1", "by": "bob", "argv_sha256": "ab"})")
            .fold<Action>();
    EXPECT_EQ(action.state, "awaiting_approval");
    EXPECT_EQ(action.approved_by, "ann, bob");
    EXPECT_FALSE(action.ended_at);
}

TEST(Action, OfAnotherKeyIsLeftAlone) {
    const Story story = Story()
                            .then("action.intent", R"({"action": "k1"})")
                            .then("action.failed", R"({"action": "k2"})");
    EXPECT_EQ(story.fold<Action>().state, "intent");
    EXPECT_FALSE(story.last_concerned());
}

}  // namespace
}  // namespace ops
