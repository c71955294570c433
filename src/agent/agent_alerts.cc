// Telling people: what the escalator wants said goes to the journal, from there to the outbox, and
// out by workers.
#include <algorithm>
#include <iterator>

#include "agent/ops_agent.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr Duration kOutboxEvery = std::chrono::seconds(5);
constexpr size_t kMostAtOnce = 32;
constexpr size_t kMostUnwell = 10;
constexpr size_t kMostSentBefore = 200;  // of one incident, on all channels

// A channel's lines go where the program's own log goes.
class ChannelLog final : public LogSink {
public:
    explicit ChannelLog(Log& log) : log_(log) {}
    void alert_line(Level level, std::string_view line) override {
        log_.line(level >= Level::alert ? Severity::error : Severity::warning, line);
    }

private:
    Log& log_;
};

}  // namespace

std::unique_ptr<LogSink> channel_log(Log& log) { return std::make_unique<ChannelLog>(log); }

bool OpsAgent::should_escalate(const Case& the_case) const {
    // A member's news is told with the larger incident; that it is over, to those who knew of it.
    return !the_case.is_folded || !the_case.incident.is_open();
}

// Nothing where nobody is told of it.
std::vector<std::string> OpsAgent::down_of(const std::vector<std::string>& targets) const {
    std::vector<std::string> down;
    std::copy_if(targets.begin(), targets.end(), std::back_inserter(down),
                 [&](const auto& name) { return detector_->state(name).status == Status::down; });
    return down;
}

std::optional<IncidentNews> OpsAgent::news_of(const Case* known, Time now) const {
    if (known == nullptr || !should_escalate(*known)) return std::nullopt;
    const Case& the_case = *known;
    const Incident& incident = the_case.incident;
    const bool is_asked = incident.state == IncidentState::awaiting_approval;
    IncidentNews news{.incident = incident,
                      .actions = the_case.actions,
                      .before = the_case.before,
                      .now = detector_->facts(incident.target, now),
                      .entry = the_case.entry ? &*the_case.entry : nullptr,
                      .criterion = the_case.criterion,
                      .alert_step = the_case.alert_step,
                      .upstream = upstream_of(the_case),
                      .event_text = the_case.event_text,
                      .events = the_case.events,
                      .group = group_of(incident.target),
                      .plan = is_asked ? the_case.plan : std::vector<std::string>{},
                      .barred = the_case.diagnosis ? the_case.diagnosis->barred() : "",
                      .members = places_of(incident, loaded_->settings.inventory),
                      .acknowledgements = the_case.acknowledgements,
                      .still_down = down_of(incident.members)};
    // Of a window the facts say nothing: what was seen is told.
    for (const Criterion& criterion : loaded_->runbook.criteria) {
        if (criterion.name != the_case.criterion || !criterion.when) continue;
        if (criterion.when->text().find('(') != std::string::npos) continue;
        news.criterion_facts = criterion.when->facts();
    }
    if (!incident.entry.empty() || incident.rule == kRuleDown) return news;
    for (const Service& service : loaded_->settings.inventory.services) {
        const Status status = detector_->state(service.name).status;
        // That it is not quite well is what this very incident says.
        const bool is_this = service.name == incident.target && status == Status::degraded;
        if (status == Status::up || is_this) continue;
        news.unwell.push_back(service.name + " (" + std::string(name_of(status)) + ")");
        if (news.unwell.size() > kMostUnwell) break;
    }
    return news;
}

void OpsAgent::escalate(Case& the_case) {
    const Time now = ports_.clock.now();
    const std::optional<IncidentNews> news = news_of(&the_case, now);
    if (!news) return;
    raise_level(the_case, level_of(*news));
    tell(escalator_->news(*news, now));
}

// An incident says at which level people hear of it, also where no criterion asked for that.
void OpsAgent::raise_level(Case& the_case, Level level) {
    const Incident& incident = the_case.incident;
    if (!incident.is_open() || level <= parse_level(incident.level).value_or(Level::none)) return;
    note("incident.level", &the_case, incident.target, Json::object({{"level", name_of(level)}}));
}

void OpsAgent::tell(const std::vector<AlertDraft>& drafts) {
    for (const AlertDraft& draft : drafts) {
        Event event;
        event.kind = "alert.queued";
        event.incident = draft.incident;
        if (Case* the_case = find_case(draft.incident)) {
            event.target = the_case->incident.target;
            raise_level(*the_case, draft.level);  // what nobody can explain, told after a while
        }
        event.body = draft.to_json(loaded_->escalation.time_zone);
        append(std::move(event));
        states_changed_ = true;
    }
}

void OpsAgent::send_due() {
    outbox_may_have_work_ = false;
    const Time now = ports_.clock.now();
    next_outbox_ = now + kOutboxEvery;
    const Result<std::vector<OutboxRow>> due = store_->outbox_due(now, kMostAtOnce);
    if (!due.ok()) {
        ports_.log.line(Severity::error, "outbox: " + due.error().message);
        return;
    }
    for (const OutboxRow& row : due.value()) {
        if (!sending_.insert({row.key, row.channel}).second) continue;
        const int tries = row.attempts + 1;
        const ChannelSettings* channel = loaded_->escalation.find(row.channel);
        if (channel == nullptr) {  // taken out of the configuration since
            DeliveryResult result;
            result.failed = DeliveryError{
                .error = {Fault::invalid, "no channel '" + row.channel + "' in the configuration"}};
            on_delivered({AlertDraft::from_json(row.alert), row.channel, tries, result});
            continue;
        }
        Delivery delivery{.alert = AlertDraft::from_json(row.alert),
                          .time_zone = loaded_->escalation.time_zone,
                          .agent = loaded_->settings.agent.name,
                          .previous = sent_before(row)};
        delivery.actions = actions_for(delivery.alert, *channel);
        const bool taken = ports_.workers.submit(
            [ports = ports_, log = channel_log_, copy = *channel, delivery, tries] {
                Sender sender(channel_ports(ports, *log));
                ports.post(AlertDelivered{delivery.alert, copy.name, tries,
                                          sender.deliver(copy, delivery)});
            });
        if (!taken) sending_.erase({row.key, row.channel});
    }
}

// What the channel needs to change or answer its last message about the incident. Without it the
// message is told as a new one, so a journal that cannot be read now holds nothing up.
std::optional<PreviousMessage> OpsAgent::sent_before(const OutboxRow& row) {
    const bool is_said_again = row.key.find(kSaidAgain) != std::string::npos;
    if (row.incident.empty() || is_said_again) return std::nullopt;
    const Result<std::vector<Event>> sent =
        store_->events({.incident = row.incident,
                        .kind_prefix = "alert.sent",
                        .order = EventQuery::Order::newest_first,
                        .limit = kMostSentBefore});
    if (!sent.ok()) return std::nullopt;
    std::vector<Json> ours;
    for (const Event& event : sent.value()) {
        const Json& reference = event.body["reference"];
        if (event.body["channel"].as_string() != row.channel || reference.is_null()) continue;
        ours.push_back(reference);
    }
    if (ours.empty()) return std::nullopt;
    // A reminder is a message of its own: what it reminds of goes on looking open without this.
    Json newest = ours.front(), first = ours.back();
    if (ours.size() > 1 && !newest.has("first")) {
        newest.set("first", first.has("first") ? first["first"] : first);
    }
    return PreviousMessage{newest};
}

void OpsAgent::on_delivered(const AlertDelivered& delivered) {
    const Time now = ports_.clock.now();
    const std::string& key = delivered.alert.key;
    sending_.erase({key, delivered.channel});
    outbox_may_have_work_ = true;  // later news of the incident waited for this
    Event event;
    event.incident = delivered.alert.incident;
    event.body = Json::object({{"key", key}, {"channel", delivered.channel}});
    if (!delivered.result.failed) {
        ++alerts_sent_;
        event.kind = "alert.sent";
        if (const auto& taken = delivered.result.delivered) {
            event.body.set("answer", taken->answer);
            if (!taken->reference.is_null()) event.body.set("reference", taken->reference);
        }
        append(std::move(event));
        return channel_works(delivered.channel, "a message was delivered");
    }
    const DeliveryError& failed = *delivered.result.failed;
    const Refused refused =
        escalator_->failed(delivered.alert, delivered.channel, failed, delivered.tries, now);
    event.kind = "alert.failed";
    event.body.set("error", printable(failed.error.message, Lines::flatten));
    if (refused.next_try) {
        event.body.set("next_try", format_rfc3339(*refused.next_try));
        next_outbox_ = std::min(next_outbox_, *refused.next_try);
    }
    append(std::move(event));
    states_changed_ = true;
    ports_.log.line(
        Severity::warning,
        "channel '" + delivered.channel + "' failed: " + failed.error.message +
            (refused.next_try ? "" : "; '" + delivered.alert.title + "' is not tried there again"));
    tell(refused.drafts);
    if (refused.channel_fails) channel_fails(delivered.channel, failed.error.message);
}

// What a channel lacks is found now, and not when it is needed.
void OpsAgent::prepare_channels() {
    Sender sender(channel_ports(ports_, *channel_log_));
    knocked_.clear();
    end_unasked_answers();
    for (const ChannelSettings& channel : loaded_->escalation.channels) {
        know_knocks(channel);
        const Result<> ready = sender.prepare(channel);
        if (ready.ok()) continue;
        const std::string& why = ready.error().message;
        ports_.log.line(Severity::error, "channel '" + channel.name + "' cannot work: " + why);
        channel_fails(channel.name, why);
    }
}

// --- a channel that fails is an incident of its own ---

void OpsAgent::channel_fails(const std::string& channel, const std::string& reason) {
    const std::string key = "channel/" + channel;
    if (find_by_key(key) != nullptr) return;
    Case& the_case = open_case(key, loaded_->settings.agent.name,
                               Json::object({{"title", "Channel '" + channel + "' fails"},
                                             {"host", ""},
                                             {"rule", kRuleChannelFailing},
                                             {"level", name_of(Level::warning)},
                                             {"reason", printable(reason, Lines::flatten)},
                                             {"key", key},
                                             {"facts", Json::object()},
                                             {"members", Json::of_strings({channel})}}));
    the_case.diagnosed = true;  // no entry of a runbook is about our own channels
    escalate(the_case);
}

void OpsAgent::channel_works(const std::string& channel, const std::string& why) {
    escalator_->delivered(channel);
    if (Case* known = find_by_key("channel/" + channel)) resolve_case(*known, "self", why, "");
}

}  // namespace ops
