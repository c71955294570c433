// What an Escalator knows, over a restart.
#include <algorithm>
#include <optional>

#include "escalate/escalator_core.h"

namespace ops {
namespace {

int64_t number(Time at) { return int64_t{at.time_since_epoch().count()}; }
Time time_of(const Json& json) { return Time{Duration{json.as_int()}}; }

Json save_places(const std::vector<MemberPlace>& places) {
    Json saved = Json::array();
    for (const MemberPlace& one : places) {
        saved.push(Json::of_strings({one.target, one.group, one.host}));
    }
    return saved;
}

std::vector<MemberPlace> restore_places(const Json& saved) {
    std::vector<MemberPlace> places;
    for (const Json& one : saved.items()) {
        const std::vector<std::string> names = one.strings();
        if (names.size() == 3) places.push_back({names[0], names[1], names[2]});
    }
    return places;
}

Json save_told(const Told& told) {
    return Json::object({
        {"target", told.target},
        {"title", told.title},
        {"group", told.group},
        {"host", told.host},
        {"rule", told.rule},
        {"about_channel", told.about_channel},
        {"level", name_of(told.level)},
        {"channels", Json::of_strings({told.channels.begin(), told.channels.end()})},
        {"refused", Json::of_strings({told.refused.begin(), told.refused.end()})},
        {"last", told.last.to_json("UTC")},
        {"last_at", int64_t{told.last_at.time_since_epoch().count()}},
        {"opened_at", int64_t{told.opened_at.time_since_epoch().count()}},
        {"down_since", number(told.down_since)},
        {"members", save_places(told.members)},
        {"acknowledged", told.acknowledged},
        {"acknowledgements", told.acknowledgements},
        {"question", told.question_told},
        {"gave_up", told.gave_up_told},
        {"only_note", told.only_note},
        {"held", told.held},
        {"unexplained", told.unexplained},
        {"in_storm", told.in_storm},
        {"repeats", told.repeats},
        {"events", told.events},
    });
}

Told restore_told(const Json& saved) {
    Told told;
    told.target = saved["target"].as_string();
    told.title = saved["title"].as_string();
    told.group = saved["group"].as_string();
    told.host = saved["host"].as_string();
    told.rule = saved["rule"].as_string();
    told.about_channel = saved["about_channel"].as_string();
    told.level = parse_level(saved["level"].as_string()).value_or(Level::none);
    for (const std::string& channel : saved["channels"].strings()) told.channels.insert(channel);
    for (const std::string& channel : saved["refused"].strings()) told.refused.insert(channel);
    told.last = AlertDraft::from_json(saved["last"]);
    told.last_at = Time{Duration{saved["last_at"].as_int()}};
    told.opened_at = Time{Duration{saved["opened_at"].as_int()}};
    told.down_since = saved.has("down_since") ? time_of(saved["down_since"]) : told.opened_at;
    told.members = restore_places(saved["members"]);
    told.acknowledged = saved["acknowledged"].as_bool();
    // An older one did not count them.
    const int least = told.acknowledged ? 1 : 0;
    told.acknowledgements = std::max(static_cast<int>(saved["acknowledgements"].as_int()), least);
    told.question_told = static_cast<int>(saved["question"].as_int());
    told.gave_up_told = saved["gave_up"].as_bool();
    told.only_note = saved["only_note"].as_bool();
    told.held = saved["held"].as_bool();
    told.unexplained = saved["unexplained"].as_bool();
    told.in_storm = saved["in_storm"].as_bool();
    told.repeats = static_cast<int>(saved["repeats"].as_int());
    told.events = static_cast<int>(saved["events"].as_int());
    return told;
}

Json save_storm(const Storm& storm) {
    if (storm.id.empty()) return Json();
    return Json::object(
        {{"id", storm.id},
         {"titles", Json::of_strings(storm.titles)},
         {"level", name_of(storm.level)},
         {"count", storm.count},
         {"open", storm.open},
         {"said", storm.said},
         {"said_count", storm.said_count},
         {"said_open", storm.said_open},
         {"takes_in", storm.takes_in},
         {"acknowledged", storm.acknowledged},
         {"began", number(storm.began)},
         {"next", number(storm.next)},
         {"ladder_at", number(storm.ladder_at)},
         {"pause", int64_t{storm.pause.count()}},
         {"channels", Json::of_strings({storm.channels.begin(), storm.channels.end()})}});
}

Storm restore_storm(const Json& saved) {
    Storm storm;
    storm.id = saved["id"].as_string();
    storm.titles = saved["titles"].strings();
    storm.level = parse_level(saved["level"].as_string()).value_or(Level::none);
    storm.count = static_cast<int>(saved["count"].as_int());
    storm.open = static_cast<int>(saved["open"].as_int());
    storm.said = static_cast<int>(saved["said"].as_int());
    storm.said_count = static_cast<int>(saved["said_count"].as_int());
    storm.said_open = static_cast<int>(saved["said_open"].as_int());
    storm.takes_in = saved["takes_in"].as_bool();
    storm.acknowledged = saved["acknowledged"].as_bool();
    storm.began = time_of(saved["began"]);
    storm.next = time_of(saved["next"]);
    storm.ladder_at = time_of(saved["ladder_at"]);
    storm.pause = Duration{saved["pause"].as_int()};
    for (const std::string& channel : saved["channels"].strings()) storm.channels.insert(channel);
    return storm;
}

}  // namespace

Json Escalator::Core::save() const {
    Json told = Json::object();
    for (const auto& [id, one] : told_) told.set(id, save_told(one));
    Json silences = Json::array();
    for (const Silence& silence : silences_) silences.push(silence.to_json());
    Json channels = Json::object();
    for (const auto& [name, health] : channels_) {
        channels.set(name,
                     Json::object({{"failures", health.failures}, {"failing", health.is_failing}}));
    }
    Json quiet = Json::object();
    for (const auto& [channel, drafts] : quiet_) {
        Json waiting = Json::array();
        for (const AlertDraft& draft : drafts) waiting.push(draft.to_json("UTC"));
        quiet.set(channel, std::move(waiting));
    }
    return Json::object({{"version", 1},
                         {"told", std::move(told)},
                         {"silences", std::move(silences)},
                         {"channels", std::move(channels)},
                         {"quiet", std::move(quiet)},
                         {"in_storm", save_storm(storm_)}});
}

void Escalator::Core::restore(const Json& saved) {
    if (saved["version"].as_int() != 1) return;
    for (const auto& [id, one] : saved["told"].members()) told_[id] = restore_told(one);
    silences_ = read_silences(saved["silences"]);
    for (const auto& [name, one] : saved["channels"].members()) {
        ChannelHealth& health = channels_[name];
        health.failures = static_cast<int>(one["failures"].as_int());
        health.is_failing = one["failing"].as_bool();
    }
    for (const auto& [channel, drafts] : saved["quiet"].members()) {
        for (const Json& draft : drafts.items()) {
            quiet_[channel].push_back(AlertDraft::from_json(draft));
        }
    }
    storm_ = restore_storm(saved["in_storm"]);
}

void Escalator::Core::recall(const Incident& incident, const std::string& group,
                             const std::vector<AlertDraft>& queued,
                             const std::vector<MemberPlace>& members) {
    const auto known = told_.find(incident.id);
    const std::optional<Time> saved =
        known == told_.end() ? std::nullopt : std::optional(known->second.last_at);
    for (const AlertDraft& draft : queued) {
        if ((saved && draft.at <= *saved) || draft.state == AlertState::answered) continue;
        Told& told = told_[incident.id];
        describe(told, incident, group, members);
        if (told.down_since == Time{}) told.down_since = incident.opened_at;
        const auto is = [&](std::string_view part) {  // not what the words of a note say
            return std::string_view(draft.key).substr(incident.id.size()).starts_with(part);
        };
        const bool first = told.channels.empty();
        told.channels.insert(draft.channels.begin(), draft.channels.end());
        if (draft.state == AlertState::acknowledged) {
            told.acknowledged = true;
            ++told.acknowledgements;
            continue;
        }
        if (draft.level > told.level && told.level != Level::none) told.acknowledged = false;
        told.level = std::max(told.level, draft.level);
        told.last_at = draft.at;
        told.held = told.unexplained = false;
        if (is(kSaidAgain)) ++told.repeats;
        if (is(kSaidAgain) && !told.last.key.empty()) continue;  // a copy of what stands
        told.last = draft;
        std::erase_if(told.last.before, [](const auto& row) {
            return row.first == kReminderRow || row.first == kToldHereRow;
        });
        told.only_note = is(kNote) && (first || told.only_note);
        told.gave_up_told |= is(kGaveUp);
    }
    const auto told = told_.find(incident.id);
    if (told == told_.end()) return;
    // Nobody need have been told of that.
    const bool is_news = incident.acknowledged && told->second.acknowledgements == 0;
    if (is_news) note_acknowledged(incident.id, told->second);
    // A question that was still held then is asked now; the outbox knows one that was not.
    AlertDraft& last = told->second.last;
    if (incident.state != IncidentState::awaiting_approval) {
        if (!is_question(last)) return;
        // Answered since; the next news of it says more.
        std::erase_if(last.before, is_plan);
        last.ask = "See what became of it: ops-agent show " + incident.id;
        last.action_required = false;
        return;
    }
    const std::string key =
        incident.id + std::string(kApproval) + std::to_string(incident.questions);
    const bool is_told = std::any_of(queued.begin(), queued.end(),
                                     [&](const AlertDraft& draft) { return draft.key == key; });
    told->second.question_told = is_told ? incident.questions : incident.questions - 1;
}

}  // namespace ops
