#include "escalate/compose.h"

#include <algorithm>
#include <array>

#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

// A level that a repair brings down, as the title and the line below Auto-action call it.
struct Gauge {
    std::string_view fact, title, now;
};
constexpr auto kGauges = std::to_array<Gauge>({
    {"disk_usage", "Disk space", "Disk now"},
    {"inode_usage", "Inodes", "Inodes now"},
    {"memory_usage", "Memory", "Memory now"},
    {"swap_usage", "Swap space", "Swap now"},
    {"cpu_usage", "Processor", "Processor now"},
    {"load", "Load", "Load now"},
});

const Value* newest(const IncidentNews& news, std::string_view fact) {
    const Value* const value = news.now.find(fact);
    return value != nullptr ? value : news.before.find(fact);
}

// "$1,837 MRR (was $2,450)".
void add_change(const IncidentNews& news, AlertDraft& draft) {
    constexpr std::string_view kWas = "_was";
    for (const Fact& fact : news.before.all()) {
        if (!fact.name.ends_with(kWas)) continue;
        const std::string name = fact.name.substr(0, fact.name.size() - kWas.size());
        const Value* const current = newest(news, name);
        if (current == nullptr) continue;
        std::string said = say(name, *current);
        if (name.ends_with("_mrr")) said += " MRR";
        draft.before.emplace_back("Current", said + " (was " + say(name, fact.value) + ")");
    }
}

void add_place(const IncidentNews& news, const std::string& agent, AlertDraft& draft) {
    const Incident& incident = news.incident;
    const bool named = incident.title.find(incident.target) != std::string::npos;
    const bool is_signal = incident.host.empty();
    if (!named && !is_signal && incident.target != agent) {
        draft.before.emplace_back("Where", incident.target);
    }
    if (incident.members.empty() || incident.rule == kRuleChannelFailing) return;
    constexpr size_t kNamed = 8;
    std::vector<std::string> names(
        incident.members.begin(), incident.members.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 kNamed, incident.members.size())));
    std::string affected = join(names, ", ");
    if (incident.members.size() > kNamed) {
        affected += " and " + std::to_string(incident.members.size() - kNamed) + " more";
    }
    draft.before.emplace_back("Affected", affected);
}

bool is_outage(const Incident& incident) {
    return incident.rule == "down" || incident.rule == "flapping" || incident.rule == "systemic" ||
           incident.rule == "own network";
}

// Opened because it was down, and it is not any more: its repair is not believed, or did harm.
bool is_up_again(const IncidentNews& news) {
    const Value* const up = news.now.find("up");
    return news.incident.rule == "down" && news.incident.is_open() && up != nullptr &&
           *up == Value::boolean(true);
}

void add_outage(const IncidentNews& news, Time now, AlertDraft& draft) {
    const Incident& incident = news.incident;
    if (draft.state == AlertState::recovered) return;
    if (is_up_again(news)) {
        constexpr std::string_view kIsDown = " is down";
        if (draft.title.ends_with(kIsDown)) {
            draft.title.resize(draft.title.size() - kIsDown.size());
            draft.title += " was down, and is up again";
        }
        draft.before.emplace_back("It was", incident.seen);
        return;
    }
    const bool is_told = is_about_ourselves(incident) || incident.rule == kRuleOutsideAlert;
    if (is_told) draft.before.emplace_back("Reason", incident.seen);
    if (!is_outage(incident)) return;
    if (!incident.seen.empty()) draft.before.emplace_back("Reason", incident.seen);
    const Duration down = time_down(news, now);
    if (down >= std::chrono::minutes(1)) {
        draft.before.emplace_back("Down for", format_duration_short(down));
    }
}

// Why nothing is done although there is something to do.
void add_wait(const IncidentNews& news, Time now, AlertDraft& draft) {
    const Incident& incident = news.incident;
    if (incident.waits.empty() || draft.state == AlertState::recovered) return;
    std::string text = incident.waits;
    if (incident.waits_until && *incident.waits_until > now) {
        text += " (" + format_duration_short(*incident.waits_until - now) + " more at the most)";
    }
    draft.before.emplace_back("Waits", std::move(text));
}

// The very words that would run: whoever says yes with a button has seen nothing else.
constexpr size_t kShownCommands = 10;
void add_plan(const IncidentNews& news, AlertDraft& draft) {
    const size_t count = news.plan.size();
    for (size_t i = 0; i < std::min(count, kShownCommands); ++i) {
        const std::string number = count == 1 ? "" : " " + std::to_string(i + 1);
        draft.before.emplace_back(std::string(kPlanRow) + number, news.plan[i]);
    }
    if (count > kShownCommands) {
        draft.before.emplace_back("And", counted(count - kShownCommands, "more command"));
    }
}

void add_gauge(const IncidentNews& news, AlertDraft& draft) {
    for (const Gauge& gauge : kGauges) {
        if (!news.incident.title.starts_with(gauge.title)) continue;
        const Value* const before = news.before.find(gauge.fact);
        const Value* const now = news.now.find(gauge.fact);
        if (now == nullptr || now->is_unknown()) continue;
        const std::string said = say(gauge.fact, *now);
        const bool changed = before == nullptr || say(gauge.fact, *before) != said;
        if (changed) draft.after.emplace_back(gauge.now, said);
    }
}

// What the symptoms of its entry are about, or what raised it, where no other line says it.
void add_facts(const IncidentNews& news, Time now, AlertDraft& draft) {
    constexpr size_t kMostFacts = 3;
    const Incident& incident = news.incident;
    const bool has_gauge = std::any_of(kGauges.begin(), kGauges.end(), [&](const Gauge& gauge) {
        return incident.title.starts_with(gauge.title);
    });
    if (has_gauge || !draft.before.empty()) return;
    std::vector<std::string> said;
    const auto add = [&](const std::string& name) {
        const Value* const value = newest(news, name);
        const bool is_said_anyway = name == "down_for" && is_outage(incident);
        if (is_said_anyway || value == nullptr || !value->is_quantity()) return;
        const std::string one = name + " " + say(name, *value);
        if (said.size() == kMostFacts || std::count(said.begin(), said.end(), one) > 0) return;
        said.push_back(one);
    };
    for (const std::string& name : news.criterion_facts) add(name);
    if (news.entry != nullptr && !is_outage(incident)) {
        for (const auto& symptom : news.entry->symptoms) {
            for (const std::string& name : symptom.facts()) add(name);
        }
    }
    if (!said.empty()) {
        draft.before.emplace_back("Seen", join(said, ", "));
        return;
    }
    const bool is_criterion = !news.criterion.empty() && news.criterion == incident.rule;
    const bool has_value = incident.seen.find(' ') != std::string::npos;  // behind its name
    if (news.entry != nullptr || is_outage(incident) || !is_criterion || !has_value) return;
    const bool is_old = now - incident.opened_at >= std::chrono::minutes(1);
    draft.before.emplace_back("Seen", incident.seen + (is_old ? " (when it began)" : ""));
}

// What is known of the services, where nothing of ours can be repaired (revenue, a review).
std::string looked_at(const IncidentNews& news, const std::vector<std::string>& also_open) {
    const auto first = [](const std::vector<std::string>& all) {
        const auto named = static_cast<std::ptrdiff_t>(std::min(kNamedOfOthers, all.size()));
        return join(std::vector<std::string>(all.begin(), all.begin() + named), "; ") +
               (all.size() > kNamedOfOthers ? "; ..." : "");
    };
    std::vector<std::string> unwell;  // that no open incident names
    for (const std::string& one : news.unwell) {
        const std::string name = one.substr(0, one.find(' ') + 1);
        const bool is_named =
            std::any_of(also_open.begin(), also_open.end(),
                        [&](const std::string& title) { return title.starts_with(name); });
        if (!is_named) unwell.push_back(one);
    }
    std::string said = "Checking recent events";
    if (!also_open.empty()) said += ", also open now: " + first(also_open);
    if (!unwell.empty()) said += ", not well now: " + first(unwell);
    return also_open.empty() && unwell.empty() ? said + ", no app issues detected" : said;
}

std::string auto_action(const IncidentNews& news, const std::vector<std::string>& also_open) {
    std::string done = describe_actions(news.actions, news.before, news.now);
    if (!done.empty()) return done;
    if (is_about_ourselves(news.incident)) return "";
    const bool is_alert = news.incident.rule == kRuleOutsideAlert;
    if (news.incident.entry.empty() && !is_outage(news.incident) && !is_alert) {
        return looked_at(news, also_open);
    }
    if (!news.incident.entry.empty()) {
        const bool gave_up = news.incident.state == IncidentState::escalated;
        return gave_up && !news.incident.reason.empty() ? "None, " + news.incident.reason : "";
    }
    if (!news.barred.empty()) return "None, " + news.barred;
    if (news.incident.rule == "systemic") {
        return "None, many fail at once, and no entry of the runbook is for their common cause";
    }
    return news.incident.rule == "flapping" ? "" : "None, no entry of the runbook fits";
}

void add_ask(const IncidentNews& news, AlertDraft& draft) {
    const Incident& incident = news.incident;
    const bool refused = !news.actions.empty() && news.actions.back().state == "denied";
    const bool repairs =
        !incident.entry.empty() && incident.state != IncidentState::escalated && !refused;
    if (draft.state == AlertState::recovered) {
        // Of those that are left each is an incident of its own from now on.
        draft.ask = news.still_down.empty()
                        ? "No action needed"
                        : "Still down: " + clip_end(join(news.still_down, ", "), 200);
    } else if (draft.state == AlertState::acknowledged &&
               incident.state != IncidentState::awaiting_approval) {
        draft.ask = "No more messages about this until it changes";
    } else if (incident.rule == kRuleChannelFailing) {
        draft.action_required = true;
        draft.ask =
            "Repair the channel, then try it: ops-agent notify test " + join(incident.members, " ");
    } else if (incident.state == IncidentState::awaiting_approval) {
        draft.action_required = true;
        draft.ask = "Approve or reject: ops-agent approve " + incident.id;
    } else if (incident.state == IncidentState::resolved ||
               (draft.level <= Level::warning &&
                (repairs || incident.rule == "flapping" || !news.alert_step.empty()))) {
        draft.ask = "No action needed, monitoring";
    } else if (repairs && draft.level < Level::critical) {
        draft.ask = incident.waits.empty() ? "No action needed yet, the repair goes on"
                                           : "No action needed yet, the repair goes on when it may";
    } else {
        draft.action_required = true;
        draft.ask = "Investigate manually";
        if (news.entry != nullptr && !news.entry->url.empty()) draft.ask += ": " + news.entry->url;
    }
}

}  // namespace

Duration time_down(const IncidentNews& news, Time now) {
    const std::string& rule = news.incident.rule;
    const Value* const down = news.now.find("down_for");
    const bool of_one = rule == "down" || rule == "flapping";
    if (of_one && down != nullptr && down->type() == Type::duration) {
        return Duration{static_cast<int64_t>(down->amount() * 1000.0)};
    }
    return now - news.incident.opened_at;
}

AlertDraft compose(const IncidentNews& news, Level level, AlertState state,
                   const std::string& agent, const std::vector<std::string>& also_open, Time now) {
    const Incident& incident = news.incident;
    AlertDraft draft;
    draft.incident = incident.id;
    draft.level = level;
    draft.state = state;
    draft.title = incident.title;
    draft.at = now;
    add_change(news, draft);
    if (news.event_text.empty() && state != AlertState::recovered) add_facts(news, now, draft);
    add_place(news, agent, draft);
    add_outage(news, now, draft);
    if (!news.event_text.empty() && state != AlertState::recovered) {
        draft.before.emplace_back("Seen", news.event_text);
    }
    if (!news.alert_step.empty() && state != AlertState::recovered) {
        draft.before.emplace_back(kNoteRow, news.alert_step);
    }
    draft.auto_action = auto_action(news, also_open);
    if (incident.state == IncidentState::escalated && !incident.reason.empty() &&
        !draft.auto_action.ends_with(incident.reason) &&
        (!is_outage(incident) || is_up_again(news))) {
        draft.before.emplace_back("Repair", incident.reason);
    }
    if (!news.upstream.empty() && state != AlertState::recovered) {
        draft.before.emplace_back("Cause", news.upstream);
    }
    if (!incident.supposed.empty() && state != AlertState::recovered) {
        draft.before.emplace_back("A model thinks", incident.supposed);
    }
    add_wait(news, now, draft);
    add_plan(news, draft);
    if (state == AlertState::acknowledged && !incident.acknowledged_by.empty()) {
        draft.before.emplace_back("Acknowledged by", incident.acknowledged_by);
    }
    add_gauge(news, draft);
    add_ask(news, draft);
    return draft;
}

void say_closed(const IncidentNews& news, AlertDraft& draft) {
    constexpr std::string_view kClosed = "closed by ";
    std::string by = news.incident.reason;
    draft.state = AlertState::closed;
    if (!by.starts_with(kClosed)) {  // it was taken out of the configuration
        draft.before.emplace_back("Closed as", by);
        draft.ask = "Nobody watches it any more, and it was not well";
        return;
    }
    by.erase(0, kClosed.size());
    if (!news.incident.note.empty()) by += ": " + news.incident.note;
    draft.before.emplace_back("Closed by", by);
    const Value* const status = news.now.find("status");
    const std::string now = status == nullptr ? "" : status->text();
    if (now != "down" && now != "degraded") return;
    draft.ask = "It is still " + now + "; if that goes on, it is a new incident";
}

bool shows_whole(const std::vector<std::string>& plan) {
    AlertDraft draft;
    for (const std::string& command : plan) draft.before.emplace_back(kPlanRow, command);
    const AlertLines lines = draft.lines("UTC");
    return plan.size() <= kShownCommands &&
           std::all_of(plan.begin(), plan.end(), [&](const std::string& command) {
               return std::any_of(lines.rows.begin(), lines.rows.end(),
                                  [&](const auto& row) { return row.second == command; });
           });
}

bool shows_plan(const AlertDraft& alert, const std::vector<std::string>& plan) {
    return shows_whole(plan) && std::all_of(plan.begin(), plan.end(), [&](const auto& command) {
               return std::any_of(alert.before.begin(), alert.before.end(), [&](const auto& row) {
                   return row.first.starts_with(kPlanRow) && row.second == command;
               });
           });
}

}  // namespace ops
