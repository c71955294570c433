// What people answer with one press: buttons of chats and push messages, links of mails. Whatever
// way a press comes, pressed() alone decides.
#include "agent/ops_agent.h"
#include "agent/views.h"
#include "base/text.h"
#include "base/units.h"
#include "escalate/compose.h"
#include "escalate/press.h"
#include "patterns/quarantine.h"
#include "patterns/secrets.h"

namespace ops {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr int kFailuresToTell = 3;
constexpr size_t kMostRefused = 20;  // written down within kPressValid
constexpr size_t kShownEvents = 6;
constexpr size_t kMostShown = 300;

std::string safe(const std::string& text) {
    return clip_end(trim(quarantine({"", {}, {}, text}, Templates(), Reader::person).text),
                    kMostShown);
}

// The API's word for what a press does, and what is said of it when it is done.
struct Doing {
    std::string_view deed, words;
    Duration span{};
    std::optional<std::string_view> ask{};  // from then on
};
Doing doing_of(PressKind kind) {
    using std::chrono::hours;
    switch (kind) {
        case PressKind::acknowledge: return {"ack", "acknowledged"};
        case PressKind::silence_1h: return {"silence", "silenced for 1 h", hours(1)};
        case PressKind::silence_4h: return {"silence", "silenced for 4 h", hours(4)};
        case PressKind::approve:
            return {"approve", "approved", {}, "No action needed yet, the repair goes on"};
        case PressKind::reject: return {"reject", "rejected: nothing was run", {}, ""};
        case PressKind::show: return {"show", "it is in the message"};
        case PressKind::pause: return {"pause", "all repairs are paused"};
        case PressKind::resume: return {"resume", "repairs may start again"};
    }
    return {};
}

AlertAction::Style style_of(PressKind kind) {
    if (kind == PressKind::approve) return AlertAction::Style::good;
    if (kind == PressKind::reject || kind == PressKind::pause) return AlertAction::Style::danger;
    return AlertAction::Style::plain;
}

}  // namespace

// --- buttons ---

// Of a message that goes out now; none where nothing can be answered.
std::vector<AlertAction> OpsAgent::actions_for(const AlertDraft& alert,
                                               const ChannelSettings& channel) {
    std::vector<AlertAction> actions;
    const PressedBy way = pressed_by(channel);
    const Case* the_case = find_case(alert.incident);
    const std::string& page = loaded_->settings.agent.public_url;
    if (way == PressedBy::nothing || the_case == nullptr || options_.press_key.empty()) {
        return actions;
    }
    if (way == PressedBy::link && page.empty()) return actions;
    const Action* waiting = awaiting_action(*the_case);
    const bool is_paused = read_kill_switch(ports_.files, loaded_->data_dir).on;
    for (const PressKind kind : presses_for(the_case->incident, is_paused)) {
        Press press{kind, alert.incident, "", channel.name, ports_.clock.now()};
        if (kind == PressKind::approve || kind == PressKind::reject) {
            // Nobody says yes to what the message does not show.
            if (waiting == nullptr || the_case->plan.empty()) continue;
            const bool is_seen = way == PressedBy::link || shows_plan(alert, the_case->plan);
            if (kind == PressKind::approve && !is_seen) continue;
            press.shown = waiting->argv_sha256;
        }
        AlertAction action;
        action.id = name_of(kind);
        action.label = label_of(kind);
        action.style = style_of(kind);
        action.token = press_token(press, options_.press_key);
        if (way == PressedBy::link) {
            action.url = page + "/press/" + percent_encoded(channel.name) + "/" +
                         std::exchange(action.token, "");
        }
        actions.push_back(std::move(action));
    }
    return actions;
}

// --- listening ---

// Only while somebody could answer something: a quiet day asks nobody.
void OpsAgent::listen_for_presses(Time now) {
    if (!watching_ || options_.press_key.empty()) return;
    std::erase_if(ears_, [this](const auto& one) {
        const ChannelSettings* channel = loaded_->escalation.find(one.first);
        return channel == nullptr || pressed_by(*channel) == PressedBy::nothing;
    });
    for (const ChannelSettings& channel : loaded_->escalation.channels) {
        const ChannelKind* kind = find_channel_kind(channel.kind);
        if (kind == nullptr || kind->listen == nullptr ||
            pressed_by(channel) == PressedBy::nothing) {
            continue;
        }
        Ear& ear = ears_[channel.name];
        // One that failed is asked until it works: the incident about it must end.
        const bool is_wanted = is_answerable(channel.name) || ear.failed > 0;
        if (ear.is_listening || now < ear.next || !is_wanted) continue;
        // One of few workers is not kept waiting: messages go out through them.
        const bool has_many = loaded_->settings.limits.workers >= 4;
        const Duration patience = has_many ? kPatience : Duration{};
        ear.next = now + kind->listen_every;
        ear.is_listening = ports_.workers.submit(
            [ports = ports_, log = channel_log_, copy = channel, cursor = ear.cursor, patience] {
                Sender sender(channel_ports(ports, *log));
                ports.post(PressesHeard{copy.name, sender.listen(copy, cursor, patience)});
            });
    }
}

// That answers cannot be had is over where none are asked for any more: by this start or reload.
void OpsAgent::end_unasked_answers() {
    std::vector<std::string> over;
    for (const auto& [id, the_case] : cases_) {
        constexpr std::string_view kBegins = "self/answers/";
        if (!the_case.key.starts_with(kBegins)) continue;
        const std::string name = the_case.key.substr(kBegins.size());
        const ChannelSettings* channel = loaded_->escalation.find(name);
        if (channel == nullptr || pressed_by(*channel) == PressedBy::nothing) over.push_back(name);
    }
    for (const std::string& name : over) {
        self_is_well("answers/" + name, "it is not asked for answers any more");
    }
}

bool OpsAgent::is_answerable(const std::string& channel) const {
    for (const auto& [id, the_case] : cases_) {
        const auto& told = the_case.incident.told;
        if (std::find(told.begin(), told.end(), channel) != told.end()) return true;
    }
    return false;
}

void OpsAgent::on_heard(const PressesHeard& heard) {
    const auto known = ears_.find(heard.channel);
    if (known == ears_.end()) return;  // taken out of the configuration since
    Ear& ear = known->second;
    ear.is_listening = false;
    const std::string what = "answers/" + heard.channel;
    const Time now = ports_.clock.now();
    if (!heard.result.ok()) {
        ear.next = now + retry_delay(++ear.failed, std::nullopt);
        if (ear.failed >= kFailuresToTell) {
            self_fails(what, "Answers on '" + heard.channel + "' do not arrive",
                       heard.result.error().message, Level::warning);
        }
        return;
    }
    ear.failed = 0;
    self_is_well(what, "they arrive");
    ear.cursor = heard.result.value().cursor;
    const ChannelSettings* channel = loaded_->escalation.find(heard.channel);
    if (channel == nullptr) return;
    for (const SeenPress& press : heard.result.value().presses) take_press(*channel, press);
}

// Of a channel that tells who pressed, or that only some people can read.
void OpsAgent::take_press(const ChannelSettings& channel, const SeenPress& press) {
    const bool knows_people = pressed_by(channel) == PressedBy::token;
    const std::optional<std::string> person =
        knows_people ? allowed_person(channel, press.person) : channel.name;
    Result<std::string> said =
        person ? pressed(channel.name, press.token, *person, channel.kind)
               : refuse_press(
                     channel.name, press.person,
                     {Fault::denied, "you may not answer here: your id '" +
                                         clip_end(press.person, 40) + "' is not among 'allowed'"});
    const ChannelKind* kind = find_channel_kind(channel.kind);
    if (kind->respond == nullptr || press.reply_to.empty()) return;
    // After the commit, as all that is done in the world.
    deferred_.push_back(
        {"",
         AnswerPress{channel, press,
                     said.ok() ? said.value() : "Not done: " + said.error().message},
         0});
}

void OpsAgent::start_answering(const AnswerPress& answer) {
    (void)ports_.workers.submit([ports = ports_, log = channel_log_, answer] {
        Sender sender(channel_ports(ports, *log));
        const Result<> done = sender.respond(answer.channel, answer.press, answer.words);
        if (!done.ok()) {
            ports.log.line(Severity::info,
                           "channel '" + answer.channel.name +
                               "': an answer did not reach who pressed: " + done.error().message);
        }
    });
}

// --- deciding ---

// Written down, but not without end: whoever can reach a channel can send rubbish to it.
Error OpsAgent::refuse_press(const std::string& channel, const std::string& person, Error why) {
    const Time now = ports_.clock.now();
    while (!refused_presses_.empty() && now - refused_presses_.front() > kPressValid) {
        refused_presses_.pop_front();
    }
    if (refused_presses_.size() < kMostRefused) {
        refused_presses_.push_back(now);
        note("press.refused", nullptr, "",
             Json::object({{"channel", channel},
                           {"by", printable(clip_end(person, 40), Lines::flatten)},
                           {"reason", printable(why.message, Lines::flatten)}}));
    }
    return why;
}

// What is said to who pressed. `person`: allowed to, and named so in the journal.
Result<std::string> OpsAgent::pressed(const std::string& channel, const std::string& token,
                                      const std::string& person, const std::string& via) {
    const Time now = ports_.clock.now();
    const std::optional<PressClaim> claim = read_press(token, channel);
    if (!claim || options_.press_key.empty()) {
        return refuse_press(channel, person, {Fault::denied, "this button is none of ours"});
    }
    Case* the_case = find_case(claim->press.incident);
    const Action* waiting = the_case == nullptr ? nullptr : awaiting_action(*the_case);
    const std::string shown = waiting == nullptr ? "" : waiting->argv_sha256;
    const Result<> judged = judge_press(*claim, shown, options_.press_key, now);
    if (the_case == nullptr) {
        return refuse_press(channel, person, {Fault::denied, "the incident is over"});
    }
    if (!judged.ok() && judged.error().fault == Fault::timeout) {
        // Ours, and the person may: the same message once more, with buttons that are good.
        tell(escalator_->answered(
            {.incident = the_case->incident.id,
             .key = claim->seal,
             .rows = {{"Answer", "the button was too old and did nothing; these are new"}}},
            now));
        return refuse_press(
            channel, person,
            {Fault::denied, judged.error().message + "; new ones are on their way"});
    }
    if (!judged.ok()) return refuse_press(channel, person, judged.error());
    std::erase_if(used_presses_,
                  [&](const auto& used) { return now - used.second > 2 * kPressValid; });
    if (used_presses_.contains(claim->seal)) {
        return refuse_press(channel, person, {Fault::denied, "this button was used already"});
    }
    return do_press(*the_case, *claim, person, via);
}

Result<std::string> OpsAgent::do_press(Case& the_case, const PressClaim& claim,
                                       const std::string& person, const std::string& via) {
    const std::string id = the_case.incident.id, target = the_case.incident.target;
    const std::string& channel = claim.press.channel;
    const Doing doing = doing_of(claim.press.kind);
    Deed deed;
    deed.what = doing.deed;
    // This incident at every level, and nothing else that is of its target.
    if (deed.what == "silence") deed.names = {"incident=" + id, "level<=critical"};
    if (deed.what != "silence") deed.id = id;
    deed.by = person;
    deed.via = via;
    deed.span = doing.span;
    if (claim.press.kind != PressKind::show) {
        const Result<Json> done = act(deed);
        if (!done.ok()) return refuse_press(channel, person, done.error());
    }
    used_presses_[claim.seal] = ports_.clock.now();
    std::string words = std::string(doing.words) + " by " + person, ask(doing.ask.value_or(""));
    const Case* const open = find_case(id);
    if (claim.press.kind == PressKind::approve && open != nullptr &&
        !open->incident.waits.empty()) {
        words += "; it waits: " + open->incident.waits;
        ask += " when it may";
    }
    note("press.taken", open, target,
         Json::object({{"what", name_of(claim.press.kind)},
                       {"by", person},
                       {"channel", channel},
                       {"seal", claim.seal}}));
    PersonsAnswer answer{.incident = id, .key = claim.seal, .rows = {{"Answer", words}}};
    if (doing.ask) answer.ask = ask;
    if (claim.press.kind == PressKind::show) answer.rows = what_is_shown(the_case);
    // That it is acknowledged is told by the escalator to all who know of it.
    if (claim.press.kind != PressKind::acknowledge) {
        tell(escalator_->answered(answer, ports_.clock.now()));
    }
    return words;
}

// What `ops-agent show` says, as far as a message has room for it.
std::vector<std::pair<std::string, std::string>> OpsAgent::what_is_shown(
    const Case& the_case) const {
    const Incident& incident = the_case.incident;
    std::vector<std::pair<std::string, std::string>> rows;
    const auto add = [&](const std::string& name, const std::string& text) {
        if (!text.empty()) rows.emplace_back(name, safe(text));
    };
    add("Incident", incident.id + ", " + std::string(name_of(incident.state)) + ", open for " +
                        format_duration(ports_.clock.now() - incident.opened_at));
    add("Seen", incident.seen);
    add("Now", incident.reason);
    add("Entry", incident.entry);
    if (!the_case.causes.empty()) add("Likely cause", the_case.causes[0].text);
    const size_t first =
        the_case.actions.size() > kShownEvents ? the_case.actions.size() - kShownEvents : 0;
    for (size_t i = first; i < the_case.actions.size(); ++i) {
        const Action& action = the_case.actions[i];
        std::string line = join(action.argv, " ") + ": " + action.state;
        if (action.exit) line += ", exit " + std::to_string(*action.exit);
        if (!action.output.empty()) line += ", said: " + clip_end(action.output, 150);
        add("Action " + std::to_string(i + 1), line);
    }
    return rows;
}

// --- what comes to a port of ours ---

// Whoever reaches the port may knock, so what proves a press is read before, and not for each.
void OpsAgent::know_knocks(const ChannelSettings& channel) {
    const ChannelKind* kind = find_channel_kind(channel.kind);
    const std::string what = "answers/" + channel.name;
    if (kind == nullptr || kind->hear == nullptr || pressed_by(channel) == PressedBy::nothing) {
        return;
    }
    Result<ChannelSettings> known =
        Sender(channel_ports(ports_, *channel_log_)).with_secrets(channel);
    if (!known.ok()) {
        return self_fails(what, "Answers on '" + channel.name + "' cannot be judged",
                          known.error().message + "; reload when it is mended", Level::warning);
    }
    self_is_well(what, "they can be judged");
    knocked_[channel.name] = std::move(known).value();
}

Result<Json> OpsAgent::press_by_knock(const Deed& deed) {
    const auto known = knocked_.find(deed.id);
    if (known == knocked_.end()) {
        return Error{Fault::not_found, "no channel '" + printable(deed.id, Lines::flatten) +
                                           "' that is answered this way"};
    }
    const ChannelSettings* channel = &known->second;
    const Knock knock{deed.body["body"].as_string(), deed.body["timestamp"].as_string(),
                      deed.body["signature"].as_string()};
    const Result<Heard> heard =
        Sender(channel_ports(ports_, *channel_log_)).hear(*channel, knock, ports_.clock.now());
    if (!heard.ok()) return refuse_press(channel->name, "", heard.error());
    for (const SeenPress& press : heard.value().presses) take_press(*channel, press);
    return Json::object();
}

// The page of a link, and its one button. Whoever has the message may press: a link is opened by
// whoever sees it, and by programs that look into mails, so opening it does nothing.
Result<Json> OpsAgent::press_by_link(const Deed& deed) {
    const std::string channel = deed.id, token = deed.note;
    const ChannelSettings* known = loaded_->escalation.find(channel);
    if (known == nullptr || pressed_by(*known) != PressedBy::link) {
        return Error{Fault::not_found, "no such link"};
    }
    const Result<std::string> said = pressed(channel, token, channel, "link");
    if (!said.ok()) return said.error();
    return Json::object({{"said", said.value()}});
}

Result<Json> OpsAgent::look_at_link(const View& view) const {
    const std::optional<PressClaim> claim = read_press(filter_of(view, "token"), view.name);
    if (!claim) return Error{Fault::not_found, "no such link"};
    const auto known = cases_.find(claim->press.incident);
    Press whole = claim->press;
    const Action* waiting = known == cases_.end() ? nullptr : awaiting_action(known->second);
    const Result<> judged = judge_press(*claim, waiting == nullptr ? "" : waiting->argv_sha256,
                                        options_.press_key, ports_.clock.now());
    // What an incident is about is only told to who has a link of ours.
    if (!judged.ok() && judged.error().fault != Fault::timeout) return judged.error();
    if (known == cases_.end()) return Error{Fault::denied, "the incident is over"};
    const Case& the_case = known->second;
    return Json::object({{"title", the_case.incident.title},
                         {"seen", safe(the_case.incident.seen)},
                         {"label", label_of(whole.kind)},
                         {"is_old", !judged.ok()},
                         {"plan", Json::of_strings(whole.shown.empty() ? std::vector<std::string>{}
                                                                       : the_case.plan)}});
}

// Those that were used lately are used, whoever restarted since.
Result<> OpsAgent::restore_presses() {
    EventQuery query;
    query.kind_prefix = "press.taken";
    query.order = EventQuery::Order::newest_first;
    query.limit = 1000;
    for (const Event& event : TRY(store_->events(query))) {
        used_presses_[event.body["seal"].as_string()] = event.at;
    }
    return {};
}

ChannelPorts channel_ports(const Ports& ports, LogSink& log) {
    return {ports.http, ports.mail, ports.processes, ports.files, log};
}

}  // namespace ops
