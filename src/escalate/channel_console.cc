// console: one line where the program's own log goes.
#include "base/text.h"
#include "escalate/channel_kinds.h"

namespace ops {

DeliveryResult deliver_console(const Outgoing& out) {
    const AlertDraft& alert = out.delivery.alert;
    out.ports.log.alert_line(alert.level,
                             replace_all(alert.text(out.delivery.time_zone), "\n", " | "));
    return delivered("written");
}

}  // namespace ops
