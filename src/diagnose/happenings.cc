#include "diagnose/happenings.h"

#include <algorithm>

#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kMostChanges = 200;
constexpr Duration kForgetEvery = std::chrono::minutes(1);

// Versions and the like come from outside: only plain words are repeated.
std::string plain(const Json& text) {
    constexpr size_t kLongest = 40;
    const std::string word = text.as_string();
    return is_safe_word(word) && word.size() <= kLongest ? word : "";
}

ChangeMade change_from_outside(const Event& event) {
    const Json& body = event.body["body"];
    ChangeMade change;
    change.kind = event.body["kind"].as_string();
    change.target = event.target;
    change.at = event.at;
    change.takes_back = change.kind == "rollback" || body["rollback"].as_bool();
    const std::string version = plain(body["version"]);
    change.words = change.kind + (change.target.empty() ? "" : " of " + change.target) +
                   (version.empty() ? "" : " " + version);
    return change;
}

// Pushed events that say how something is, not that somebody changed it.
bool is_state(const std::string& kind) {
    return kind == "security" || kind == "crash" || kind == "restart" || kind == "alert";
}

}  // namespace

std::optional<ChangeMade> change_of(const Event& event) {
    if (event.kind == "event.outside") {
        if (is_state(event.body["kind"].as_string())) return std::nullopt;
        return change_from_outside(event);
    }
    if (event.kind == "config.loaded") {
        return ChangeMade{"config.loaded", "",   "our configuration was loaded anew", "",
                          event.at,        false};
    }
    if (event.kind != "action.intent" || event.body["effect"].as_string() == "read") {
        return std::nullopt;
    }
    const bool undo = event.body["undo"].as_bool();
    return ChangeMade{"action",
                      event.target,
                      std::string(undo ? "our undo" : "our action") + " on " + event.target +
                          " ('" + event.body["entry"].as_string() + "')",
                      event.incident,
                      event.at,
                      undo};
}

void Happenings::apply(const Event& event) {
    forget(event.at);
    if (event.kind == "target.changed") {
        const std::string status = event.body["status"].as_string();
        if (status == "down" || status == "degraded") {
            set_bad(event.target, true, "", status, event.at);
        } else if (status == "up") {
            set_well(event.target, true, "", event.at);
        }
        return;
    }
    // An alert of another monitor is often of nobody in particular: it is no failure seen by us.
    if (event.kind == "incident.opened" && event.body.has("alert")) return;
    // The agent is often named as its host is: what it has against itself is no failure of that.
    if (event.kind == "incident.opened" && event.body["key"].as_string().starts_with("self/")) {
        return;
    }
    if (event.kind == "incident.opened" && event.body["members"].items().empty()) {
        const std::string title = event.body["title"].as_string();
        return set_bad(event.target, false, event.incident, title, event.at);
    }
    if (event.kind == "incident.resolved") {
        return set_well(event.target, false, event.incident, event.at);
    }
    if (auto change = change_of(event)) changed(*std::move(change));
}

void Happenings::set_bad(const std::string& target, bool is_status, const std::string& source,
                         const std::string& what, Time at) {
    if (target.empty()) return;
    Known& known = troubles_[target];
    const bool is_new = known.trouble.target.empty() || known.trouble.until;
    if (is_new) {
        if (!known.trouble.target.empty()) by_start_.erase({known.trouble.from, target});
        known.trouble = {target, what, at, std::nullopt};
        by_start_.insert({at, target});
    } else if (is_status && what == "down") {
        known.trouble.what = what;  // the worst of it
    }
    if (is_status) known.by_status = true;
    if (!is_status) known.by_incidents.insert(source);
}

void Happenings::set_well(const std::string& target, bool is_status, const std::string& source,
                          Time at) {
    const auto place = troubles_.find(target);
    if (place == troubles_.end()) return;
    Known& known = place->second;
    if (is_status) known.by_status = false;
    if (!is_status) known.by_incidents.erase(source);
    const bool is_over = !known.by_status && known.by_incidents.empty();
    if (is_over && !known.trouble.until) known.trouble.until = at;
}

void Happenings::changed(ChangeMade change) {
    changes_.push_back(std::move(change));
    if (changes_.size() > kMostChanges) changes_.pop_front();
}

void Happenings::forget(Time now) {
    if (now < next_forget_) return;
    next_forget_ = now + kForgetEvery;
    const Time oldest = now - kKept;
    while (!changes_.empty() && changes_.front().at < oldest) changes_.pop_front();
    for (auto place = troubles_.begin(); place != troubles_.end();) {
        const Trouble& trouble = place->second.trouble;
        const bool is_old = trouble.until && *trouble.until < oldest;
        if (is_old) by_start_.erase({trouble.from, trouble.target});
        place = is_old ? troubles_.erase(place) : std::next(place);
    }
}

const Trouble* Happenings::trouble_of(std::string_view target) const {
    const auto place = troubles_.find(target);
    return place == troubles_.end() ? nullptr : &place->second.trouble;
}

std::vector<const Trouble*> Happenings::began(Time from, Time to, size_t limit) const {
    std::vector<const Trouble*> out;
    for (auto place = by_start_.lower_bound({from, ""});
         place != by_start_.end() && place->first <= to && out.size() < limit; ++place) {
        out.push_back(trouble_of(place->second));
    }
    return out;
}

Json Happenings::to_json() const {
    Json troubles = Json::array();
    for (const auto& [target, known] : troubles_) {
        const Trouble& trouble = known.trouble;
        troubles.push(Json::object(
            {{"target", target},
             {"what", trouble.what},
             {"from", trouble.from.time_since_epoch().count()},
             {"until", trouble.until ? Json(trouble.until->time_since_epoch().count()) : Json()},
             {"status", known.by_status},
             {"incidents",
              Json::of_strings({known.by_incidents.begin(), known.by_incidents.end()})}}));
    }
    Json changes = Json::array();
    for (const ChangeMade& change : changes_) {
        changes.push(Json::object({{"kind", change.kind},
                                   {"target", change.target},
                                   {"words", change.words},
                                   {"incident", change.incident},
                                   {"at", change.at.time_since_epoch().count()},
                                   {"takes_back", change.takes_back}}));
    }
    return Json::object({{"troubles", troubles}, {"changes", changes}});
}

void Happenings::restore(const Json& saved) {
    *this = Happenings();
    const auto time = [](const Json& json) { return Time{Duration(json.as_int())}; };
    for (const Json& one : saved["troubles"].items()) {
        Known known;
        known.trouble = {one["target"].as_string(), one["what"].as_string(), time(one["from"]),
                         std::nullopt};
        if (one["until"].is_number()) known.trouble.until = time(one["until"]);
        known.by_status = one["status"].as_bool();
        for (std::string& id : one["incidents"].strings()) {
            known.by_incidents.insert(std::move(id));
        }
        by_start_.insert({known.trouble.from, known.trouble.target});
        troubles_.emplace(known.trouble.target, std::move(known));
    }
    for (const Json& one : saved["changes"].items()) {
        changes_.push_back({one["kind"].as_string(), one["target"].as_string(),
                            one["words"].as_string(), one["incident"].as_string(), time(one["at"]),
                            one["takes_back"].as_bool()});
    }
}

}  // namespace ops
