// One incident as it goes on, and what the Escalator says to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "escalate/escalate.h"

namespace ops::test {

inline const Time kNow = parse_rfc3339("2026-01-29T13:30:00Z").value();
constexpr const char* kZone = "Europe/Berlin";  // 14:30 there

class Story {
public:
    explicit Story(const std::string& config = "") {
        Problems problems;
        const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
        const std::string text =
            "agent: {name: alien, time_zone: Europe/Berlin}\n"
            "services:\n  - {name: worker_3, check: {tcp: \"127.0.0.1:1\"}}\n" +
            config;
        auto settings = read_settings({{"ops-agent.yaml", text}}, nothing, problems);
        EXPECT_TRUE(settings) << problems.print();
        read = read_escalation(*settings, problems);
        EXPECT_FALSE(problems.has_errors()) << problems.print();
        warnings = problems.print();
        begin();
        incident.id = "inc-1";
        incident.title = "worker_3 is down";
        incident.target = "worker_3";
        incident.host = "alien";
        incident.rule = "down";
        incident.seen = incident.reason = "process is dead";
        incident.opened_at = now;
    }
    void begin() { escalator = std::make_unique<Escalator>(read, now); }
    std::vector<AlertDraft> news() {
        const IncidentNews said{.incident = incident,
                                .actions = actions,
                                .before = before,
                                .now = facts,
                                .entry = entry ? &*entry : nullptr,
                                .criterion = criterion,
                                .alert_step = alert_step,
                                .plan = plan};
        return keep(escalator->news(said, now));
    }
    std::vector<AlertDraft> pass(Duration span) {
        std::vector<AlertDraft> said;
        for (const Time end = now + span; now < end;) {
            now += std::chrono::seconds(1);
            for (AlertDraft& draft : escalator->tick(now)) said.push_back(std::move(draft));
        }
        return keep(std::move(said));
    }
    std::vector<AlertDraft> keep(std::vector<AlertDraft> drafts) {
        for (const AlertDraft& draft : drafts) {
            for (const std::string& channel : draft.channels) {
                EXPECT_TRUE(keys.insert(draft.key + " " + channel).second)
                    << draft.key << " twice to " << channel;
            }
        }
        return drafts;
    }
    static std::vector<std::string> to(const std::vector<AlertDraft>& drafts) {
        std::vector<std::string> channels;
        for (const AlertDraft& draft : drafts) {
            channels.insert(channels.end(), draft.channels.begin(), draft.channels.end());
        }
        return channels;
    }

    EscalationSettings read;
    std::string warnings;
    std::unique_ptr<Escalator> escalator;
    Incident incident;
    std::vector<Action> actions;
    Facts before, facts;
    std::optional<Entry> entry;
    std::string criterion, alert_step;
    std::vector<std::string> plan;
    Time now = kNow;
    std::set<std::string> keys;
};

inline const std::string kThree = R"(
channels:
  - {name: phone, console: {}}
  - {name: tg, console: {}}
  - {name: mail, console: {}}
escalation: {critical: [phone, tg, mail], warning: [mail], unacked_after: 5m}
)";
using Names = std::vector<std::string>;
constexpr Duration kMinute = std::chrono::minutes(1);

inline Action did(const std::string& state, std::vector<std::string> argv, std::string output = "",
                  int exit = 0) {
    Action action;
    action.state = state;
    action.argv = std::move(argv);
    action.output = std::move(output);
    action.exit = exit;
    action.target = "worker_3";
    return action;
}

}  // namespace ops::test
