#include "scenario/crash_lines.h"

#include "scenario/outside.h"

namespace ops {

std::string_view ordered_crash(const std::vector<std::string>& words) {
    const size_t count = words.size();
    if (count == 4 && words[0] == "power-cut" && words[1] == "after") {
        if (words[2] == "write" || words[2] == "marker") return words[2];
    }
    if (count == 4 && words[0] == "kill" && words[1] == "executor") return words[1];
    const bool is_send = count == 5 && words[0] == "kill" && words[1] == "agent" &&
                         (words[2] == "before" || words[2] == "after") && words[3] == "send";
    return is_send ? std::string_view(words[3]) : std::string_view();
}

Result<std::function<bool()>> order_crash(const std::vector<std::string>& words, Machine& machine) {
    const std::string_view what = ordered_crash(words);
    if (what == "executor") {
        machine.kill_executor_at(words[3], 1);
        return std::function<bool()>([&machine] { return machine.executor_was_killed(); });
    }
    const int nth = TRY(number_of(words.back()));
    if (what == "send") {
        using enum sim::World::Death::When;
        machine.world().death = {nth, words[2] == "before" ? before_it_is_taken : once_it_is_taken};
        return std::function<bool()>([&machine] { return machine.world().death.left == 0; });
    }
    if (what == "write") {
        machine.disk().fail_at(static_cast<uint64_t>(nth), sim::DiskFault::power_cut);
        return std::function<bool()>([&machine] { return machine.disk().has_failed(); });
    }
    machine.world().power().cut_after(static_cast<uint64_t>(nth));
    return std::function<bool()>([&machine] { return machine.world().power().was_cut(); });
}

}  // namespace ops
