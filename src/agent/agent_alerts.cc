// Telling people: what the escalator wants said goes to the journal, from there to the outbox, and
// out by workers.
#include "agent/ops_agent.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr Duration kOutboxEvery = std::chrono::seconds(5);
constexpr size_t kMostAtOnce = 32;

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

bool OpsAgent::should_escalate(const Case& the_case) const {
    return !the_case.is_folded;  // a member's news is told with the larger incident
}

void OpsAgent::escalate(Case& the_case) {
    if (!should_escalate(the_case)) return;
    const Time now = ports_.clock.now();
    const IncidentNews news{.incident = the_case.incident,
                            .actions = the_case.actions,
                            .before = the_case.before,
                            .now = detector_->facts(the_case.incident.target, now),
                            .entry = the_case.entry ? &*the_case.entry : nullptr,
                            .criterion = the_case.criterion,
                            .alert_step = the_case.alert_step};
    tell(escalator_->news(news, now));
}

void OpsAgent::tell(const std::vector<AlertDraft>& drafts) {
    for (const AlertDraft& draft : drafts) {
        Event event;
        event.kind = "alert.queued";
        event.incident = draft.incident;
        if (const Case* the_case = find_case(draft.incident))
            event.target = the_case->incident.target;
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
        const ChannelSettings* channel = loaded_->escalation.find(row.channel);
        if (channel == nullptr) {  // taken out of the configuration since
            DeliveryResult result;
            result.failed = DeliveryError{
                Error{Fault::invalid, "no channel '" + row.channel + "' in the configuration"},
                false,
                {}};
            on_delivered({row.key, row.channel, result});
            continue;
        }
        const Delivery delivery{AlertDraft::from_json(row.alert), loaded_->escalation.time_zone,
                                loaded_->settings.agent.name};
        const bool taken = ports_.workers.submit([this, key = row.key, copy = *channel, delivery] {
            ChannelLog log(ports_.log);
            Sender sender({ports_.http, ports_.mail, ports_.processes, ports_.files, log});
            (void)ports_.post(AlertDelivered{key, copy.name, sender.deliver(copy, delivery)});
        });
        if (!taken) sending_.erase({row.key, row.channel});
    }
}

void OpsAgent::on_delivered(const AlertDelivered& delivered) {
    const Time now = ports_.clock.now();
    sending_.erase({delivered.key, delivered.channel});
    const std::string incident = delivered.key.substr(0, delivered.key.find('/'));
    Event event;
    event.incident = incident;
    event.body = Json::object({{"key", delivered.key}, {"channel", delivered.channel}});
    if (!delivered.result.failed) {
        ++alerts_sent_;
        event.kind = "alert.sent";
        if (delivered.result.delivered)
            event.body.set("answer", delivered.result.delivered->answer);
        append(std::move(event));
        return tell(escalator_->delivered(delivered.key, delivered.channel, now));
    }
    const DeliveryError& failed = *delivered.result.failed;
    event.kind = "alert.failed";
    event.body.set("error", printable(failed.error.message, Lines::flatten));
    event.body.set("retry", failed.retry);
    if (failed.wait) event.body.set("wait_ms", static_cast<int64_t>(failed.wait->count()));
    append(std::move(event));
    ports_.log.line(Severity::warning,
                    "channel '" + delivered.channel + "' failed: " + failed.error.message);
    tell(escalator_->failed(delivered.key, delivered.channel, failed.error, now));
}

}  // namespace ops
