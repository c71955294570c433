// Silences: a person says what nothing is told of for a while, and ends that early.
#include <algorithm>
#include <set>

#include "agent/ops_agent.h"
#include "agent/views.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kLongestReason = 500;

bool is_pattern(std::string_view name) { return name.find_first_of("*?") != name.npos; }

std::string list_of(const Silence& silence) { return join(silence.texts(), " "); }

}  // namespace

std::string reason_of(const Deed& deed) {
    return printable(clip_end(deed.note, kLongestReason), Lines::flatten);
}

// A name that nothing has would silence nothing, and whoever slept on it would be woken.
Result<> OpsAgent::check_names(const std::vector<Matcher>& matchers) const {
    std::set<std::string> targets{loaded_->settings.agent.name}, groups, hosts, open;
    const Inventory& inventory = loaded_->settings.inventory;
    for (const Service& service : inventory.services) {
        targets.insert(service.name);
        groups.insert(service.group);
    }
    for (const Host& host : inventory.hosts) hosts.insert(host.name);
    targets.insert(hosts.begin(), hosts.end());
    targets.insert(inventory.signals.begin(), inventory.signals.end());
    for (const auto& [id, the_case] : cases_) {
        targets.insert(the_case.incident.target);
        hosts.insert(the_case.incident.host);
        open.insert(id);
    }
    for (const Matcher& matcher : matchers) {
        const std::set<std::string>* known = nullptr;
        const char* what = "open incident";
        if (matcher.of == Matcher::Of::target) known = &targets, what = "service, host or signal";
        if (matcher.of == Matcher::Of::group) known = &groups, what = "group";
        if (matcher.of == Matcher::Of::host) known = &hosts, what = "host";
        if (matcher.of == Matcher::Of::incident) known = &open;
        if (known == nullptr || is_pattern(matcher.value) || known->contains(matcher.value)) {
            continue;
        }
        const std::vector<std::string> names(known->begin(), known->end());
        return Error{Fault::not_found, "no " + std::string(what) + " '" + matcher.value + "'" +
                                           did_you_mean(matcher.value, names)};
    }
    return {};
}

Result<Json> OpsAgent::add_silence(const Deed& deed, const std::string& by) {
    SilenceWish wish;
    wish.matchers = deed.names;
    if (!deed.id.empty()) wish.matchers.push_back(deed.id);
    if (wish.matchers.empty()) {
        return Error{Fault::invalid,
                     "silence what? A target's name, a pattern like worker_*, or level<=warning"};
    }
    if (deed.span <= Duration{})
        return Error{Fault::invalid, "silence for how long? A duration like 2h"};
    TRY(check_names(TRY(parse_matchers(wish.matchers))));
    const Time now = ports_.clock.now();
    wish.until = add_saturating(now, deed.span);
    wish.by = by;
    wish.reason = reason_of(deed);
    const Silence silence = TRY(escalator_->silence(wish, now));
    Json body = silence.to_json();
    body.set("matcher", list_of(silence));
    body.set("via", deed.via);
    note("silence.added", nullptr, "", std::move(body));
    save_soon();
    Json done = silence.to_json();
    done.set("silenced", list_of(silence));
    done.set("holds_critical", silence.may_hold_critical());
    return done;
}

Result<Json> OpsAgent::end_silence(const Deed& deed, const std::string& by) {
    const Time now = ports_.clock.now();
    const std::optional<Silence> ended = escalator_->end_silence(deed.id, now);
    if (!ended) {
        return Error{Fault::not_found, "no silence '" + printable(deed.id, Lines::flatten) + "'"};
    }
    note("silence.ended", nullptr, "",
         Json::object({{"id", ended->id},
                       {"matcher", list_of(*ended)},
                       {"by", by},
                       {"via", deed.via},
                       {"reason", reason_of(deed)}}));
    save_soon();
    return Json::object({{"ended", ended->id}, {"silenced", list_of(*ended)}});
}

// What was ordered less than a second before a kill is on record only.
Result<> OpsAgent::restore_silences() {
    const Time now = ports_.clock.now();
    EventQuery query;
    query.kind_prefix = "silence.";
    query.since = now - kLongestSilence;
    query.limit = 100'000;
    for (const Event& event : TRY(store_->events(query))) {
        if (event.kind == "silence.added") escalator_->recall_silence(event.body);
        if (event.kind == "silence.ended") {
            (void)escalator_->end_silence(event.body["id"].as_string(), now);
        }
    }
    return {};
}

Json OpsAgent::silences_json() const {
    Json list = Json::array();
    for (const Silence& silence : escalator_->silences(ports_.clock.now())) {
        list.push(silence.to_json());
    }
    return list;
}

// What a person ordered is on the disk with the next tick.
void OpsAgent::save_soon() {
    states_changed_ = true;
    soonest_save_ = {};
}

}  // namespace ops
