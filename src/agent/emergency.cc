#include "agent/emergency.h"

#include <utility>

namespace ops {

void Emergency::tell(const std::string& reason, const EscalationSettings& escalation, Time now,
                     Trouble trouble) {
    if (std::exchange(reason_, reason) != reason) {
        log_.line(Severity::error, "not acting: " + reason);
    }
    if (key_.empty()) {
        key_ = "emergency/" + format_rfc3339(now);
        trouble_ = trouble;
    }
    AlertDraft alert;
    alert.key = key_;
    alert.level = Level::critical;
    alert.title = "ops-agent on " + escalation.agent +
                  (trouble == Trouble::start ? " cannot start" : " cannot write its journal") +
                  " and does not act";
    alert.at = now;
    alert.before = {{"Reason", reason}};
    alert.ask =
        (trouble == Trouble::start ? "Look at " : "Look at the disk of ") + escalation.agent;
    alert.action_required = true;
    for (const std::string& channel : escalation.route(Level::critical)) {
        if (told_.contains(channel)) continue;
        if (send(alert, channel, escalation)) told_.insert(channel);
    }
}

void Emergency::over(const EscalationSettings& escalation, Time now) {
    if (key_.empty()) return;
    AlertDraft alert;
    alert.key = key_ + "/recovered";
    alert.level = Level::critical;
    alert.state = AlertState::recovered;
    alert.title = "ops-agent on " + escalation.agent +
                  (trouble_ == Trouble::start ? " has started and acts"
                                              : " writes its journal and acts again");
    alert.at = now;
    alert.ask = "No action needed";
    for (const std::string& channel : told_) (void)send(alert, channel, escalation);  // logged
    told_.clear();
    key_.clear();
    reason_.clear();
}

bool Emergency::send(const AlertDraft& alert, const std::string& channel,
                     const EscalationSettings& escalation) {
    const ChannelSettings* settings = escalation.find(channel);
    if (settings == nullptr) return false;
    const DeliveryResult result =
        Sender(ports_).deliver(*settings, {alert, escalation.time_zone, escalation.agent});
    if (!result.failed) return true;
    log_.line(Severity::error, "channel '" + channel + "': " + result.failed->error.message);
    return false;
}

}  // namespace ops
