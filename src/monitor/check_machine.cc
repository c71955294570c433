// machine: memory, swap, load and processor of a host, and whether it can be reached at all.
#include <algorithm>

#include "base/text.h"
#include "monitor/check_kind.h"
#include "monitor/machine_text.h"

namespace ops {
namespace {

class MachineCheck final : public Check {
public:
    explicit MachineCheck(const CheckRequest& request)
        : Check(request.index, request.settings.target, "machine"),
          timeout_(request.settings.timeout) {
        if (const Host* host = request.remote_host()) {
            remote_ = *host;
            question_ = ask_over_ssh(*host, timeout_, machine_sections());
        } else {
            question_ = LocalAsk{LocalAsk::What::machine, "", {}};
        }
    }

    Ask ask() const override {
        return {.check = index(), .question = question_, .time_limit = timeout_};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        if (remote_) {
            judge_remote(reply, judged);
        } else if (!reply.answer.ok()) {
            seen.reason = shown(reply.answer.error().message);
        } else if (const auto* local = std::get_if<LocalAnswer>(&reply.answer.value());
                   local != nullptr && local->machine) {
            judge_machine(*local->machine, reply.at, judged);
        } else {
            seen.reason = "an answer of another kind";
        }
        return judged;
    }

private:
    void judge_remote(const Reply& reply, Judged& judged) {
        Observation& seen = judged.observation;
        const auto sections = read_sections(*remote_, reply.answer);
        if (!sections.ok()) {
            seen.reason = sections.error().message;
            // That our own machine could not even ask says nothing of the other one.
            if (!reply.answer.ok() && reply.answer.error().fault != Fault::timeout) return;
            // A host that cannot be reached is down, as far as anybody can tell from here.
            seen.health = Health::bad;
            add_fact(seen, "up", Value::boolean(false));
            return;
        }
        const auto machine = read_machine(sections.value());
        if (!machine) {
            seen.reason = "ssh " + remote_->ssh + ": /proc cannot be read there";
            return;
        }
        judge_machine(*machine, reply.at, judged);
        add_clock_skew(reply, sections.value(), seen);
    }

    void judge_machine(const MachineSeen& machine, Time at, Judged& judged) {
        Observation& seen = judged.observation;
        seen.health = Health::good;
        add_fact(seen, "up", Value::boolean(true));
        if (machine.memory_total > 0) {
            const double used = machine.memory_total - machine.memory_available;
            add_fact(seen, "memory_usage", Value::percentage(100.0 * used / machine.memory_total));
        }
        const double swap_used = machine.swap_total - machine.swap_free;
        const double swap = machine.swap_total > 0 ? 100.0 * swap_used / machine.swap_total : 0;
        add_fact(seen, "swap_usage", Value::percentage(swap));
        add_fact(seen, "load", Value::number(machine.load1));
        add_fact(seen, "load5", Value::number(machine.load5));
        add_fact(seen, "load15", Value::number(machine.load15));
        add_fact(seen, "processors", Value::number(machine.processors));
        add_fact(seen, "uptime", Value::duration(machine.uptime));
        const bool rebooted = before_ && (machine.boot_id != before_->boot_id);
        if (rebooted) judged.events.emplace_back("reboot");
        add_processor(machine, rebooted, seen);
        // Looks that are nearly at once tell nothing of a rate: keep the older one.
        if (before_ && !rebooted && at - before_at_ < std::chrono::milliseconds(250) &&
            at >= before_at_)
            return;
        before_ = machine;
        before_at_ = at;
    }

    void add_processor(const MachineSeen& machine, bool rebooted, Observation& seen) const {
        if (!before_ || rebooted) return;
        const double total = machine.cpu_total_seconds - before_->cpu_total_seconds;
        const double busy = machine.cpu_busy_seconds - before_->cpu_busy_seconds;
        if (total < 0.05) return;
        add_fact(seen, "cpu_usage",
                 Value::percentage(std::clamp(100.0 * busy / total, 0.0, 100.0)));
    }

    // Its clock was read at some moment while we waited, so the difference is only known to lie
    // within that span. What is told is the least difference that fits: never a false alarm.
    static void add_clock_skew(const Reply& reply, const Sections& sections, Observation& seen) {
        const auto theirs = read_date(sections);
        if (!theirs) return;
        const Duration least = *theirs - reply.at;
        const Duration most = *theirs - (reply.at - reply.took);
        Duration skew{};
        if (least > Duration{}) skew = least;
        if (most < Duration{}) skew = most;
        add_fact(seen, "clock_skew", Value::duration(skew));
    }

    Duration timeout_;
    std::optional<Host> remote_;
    Question question_;
    std::optional<MachineSeen> before_;
    Time before_at_{};
};

std::unique_ptr<Check> make_machine(CheckRequest& request) {
    return std::make_unique<MachineCheck>(request);
}

}  // namespace

CheckKind machine_check_kind() {
    return {
        .name = "machine",
        .help = "memory, swap, load and processor of a host; every host has this check by itself",
        .subject = "",
        .settings = {},
        .use = CheckKind::Use::host,
        .make = make_machine};
}

}  // namespace ops
