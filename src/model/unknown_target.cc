#include "model/unknown_target.h"

#include "base/text.h"

namespace ops {

std::string no_target(const Inventory& inventory, std::string_view name) {
    std::vector<std::string> known = inventory.signals;
    for (const Service& service : inventory.services) known.push_back(service.name);
    for (const Host& host : inventory.hosts) known.push_back(host.name);
    const std::string shown = printable(clip_end(name, 100), Lines::flatten);
    return "no service, host or signal '" + shown + "' in the configuration" +
           did_you_mean(shown, known);
}

}  // namespace ops
