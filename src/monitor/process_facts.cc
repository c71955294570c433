#include "monitor/process_facts.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

bool is_stopped(char state) { return state == 'T' || state == 't'; }
bool is_dead(char state) { return state == 'Z' || state == 'X' || state == 'x'; }

// The same one, not another that got its number. Over ssh there are no start ticks; a process that
// is younger than before is another.
bool is_same(const ProcessSeen& now, const ProcessSeen& before) {
    return now.id == before.id && now.age >= before.age;
}

// Without its start ticks (told by supervisord, seen over ssh) the number has to do.
bool may_be_same(const ProcessIdentity& a, const ProcessIdentity& b) {
    const bool unsure = a.start_ticks == 0 || b.start_ticks == 0;
    return a.pid == b.pid && (unsure || a.start_ticks == b.start_ticks);
}

std::string number_of(const ProcessSeen& process) {
    return "process " + std::to_string(process.id.pid);
}

void say_bad(Observation& into, std::string_view status, std::string reason) {
    into.health = Health::bad;
    into.reason = std::move(reason);
    add_fact(into, "process_status", Value::string(std::string(status)));
    add_fact(into, "up", Value::boolean(false));
}

}  // namespace

bool ProcessMemory::is_alive(const ProcessSeen& process) {
    return !is_stopped(process.state) && !is_dead(process.state);
}

const ProcessSeen* ProcessMemory::oldest(const std::vector<ProcessSeen>& seen) {
    const ProcessSeen* oldest = nullptr;
    for (const ProcessSeen& process : seen) {
        if (is_dead(process.state)) continue;
        const bool older = oldest == nullptr || process.age > oldest->age ||
                           (process.age == oldest->age && process.id.pid < oldest->id.pid);
        if (older) oldest = &process;
    }
    return oldest;
}

void ProcessMemory::judge(const std::vector<ProcessSeen>& seen, const ProcessWish& wish,
                          Observation& into) {
    const auto alive = std::count_if(seen.begin(), seen.end(), is_alive);
    const auto stopped = std::find_if(seen.begin(), seen.end(),
                                      [](const auto& one) { return is_stopped(one.state); });
    const auto zombie =
        std::find_if(seen.begin(), seen.end(), [](const auto& one) { return is_dead(one.state); });
    if (alive < wish.least && stopped != seen.end()) {
        return say_bad(into, "stopped",
                       wish.what + ": " + number_of(*stopped) + " is stopped (SIGSTOP)");
    }
    if (alive < wish.least) {
        into.certain = alive == 0;
        std::string reason = wish.what;
        if (alive > 0 || wish.least > 1) {
            reason += ": " + std::to_string(alive) + " running, at least " +
                      std::to_string(wish.least) + " expected";
        } else if (zombie != seen.end()) {
            reason +=
                ": " + number_of(*zombie) + " is a zombie, dead but not collected by its parent";
        } else {
            reason += " is not running";
        }
        return say_bad(into, "dead", std::move(reason));
    }
    into.health = Health::good;
    if (alive > wish.most) {
        into.degraded = true;
        into.reason = wish.what + ": " + std::to_string(alive) + " running, at most " +
                      std::to_string(wish.most) + " expected";
    }
    add_fact(into, "process_status", Value::string("running"));
    add_fact(into, "up", Value::boolean(true));
}

void ProcessMemory::measure(const std::vector<ProcessSeen>& seen, Time at, Observation& into) {
    double rss = 0, cpu = 0;
    bool compared = false;
    for (const ProcessSeen& process : seen) {
        rss += process.rss_bytes;
        const auto before = std::find_if(before_.begin(), before_.end(),
                                         [&](const auto& one) { return is_same(process, one); });
        if (before == before_.end()) continue;
        compared = true;
        cpu += std::max(0.0, process.cpu_seconds - before->cpu_seconds);
    }
    const double elapsed = static_cast<double>((at - before_at_).count()) / 1000.0;
    const ProcessSeen* main = oldest(seen);
    // Looks that are nearly at once (a confirming one) tell nothing of a rate: keep the older one.
    const bool too_soon = !before_.empty() && elapsed >= 0 && elapsed < 0.25;
    if (compared && elapsed >= 0.25) {
        add_fact(into, "cpu_usage", Value::percentage(100.0 * cpu / elapsed));
    } else if (main == nullptr) {
        add_fact(into, "cpu_usage", Value());
    }
    add_fact(into, "rss", main == nullptr ? Value() : Value::size(rss));
    if (machine_memory_ > 0) {
        add_fact(into, "memory_usage",
                 main == nullptr ? Value() : Value::percentage(100.0 * rss / machine_memory_));
    }
    add_fact(into, "uptime", main == nullptr ? Value() : Value::duration(main->age));
    add_fact(into, "processes", Value::number(static_cast<double>(seen.size())));
    if (too_soon) return;
    before_ = seen;
    before_at_ = at;
}

void ProcessMemory::follow(std::optional<ProcessIdentity> main, bool on_purpose, Judged& into) {
    if (main && main_ && !may_be_same(*main, *main_)) {
        if (was_running_) into.events.emplace_back("crash");  // between two looks
        into.events.emplace_back("restart");
        ++restarts_;
    } else if (!main && was_running_ && !on_purpose) {
        into.events.emplace_back("crash");
    }
    was_running_ = main.has_value();
    if (main) main_ = main;
    if (!main && on_purpose) main_.reset();
    add_fact(into.observation, "restarts", Value::number(restarts_));
}

std::optional<double> parse_ps_time(std::string_view text) {
    int64_t days = 0, seconds = 0;
    const auto number = [](std::string_view part, int64_t& into) {
        const auto read = std::from_chars(part.data(), part.data() + part.size(), into);
        return read.ec == std::errc{} && read.ptr == part.data() + part.size() && into >= 0 &&
               into < 100'000'000;
    };
    if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
        if (!number(text.substr(0, dash), days)) return {};
        text.remove_prefix(dash + 1);
    }
    const auto parts = split(text, ':');
    if (parts.size() > 3) return {};
    for (const std::string_view part : parts) {
        int64_t amount = 0;
        if (!number(part, amount)) return {};
        seconds = seconds * 60 + amount;
    }
    return static_cast<double>(days) * 86400.0 + static_cast<double>(seconds);
}

std::optional<ProcessSeen> parse_ps_line(std::string_view line, std::string_view* rest) {
    const auto word = [&line] {
        line = line.substr(std::min(line.size(), line.find_first_not_of(' ')));
        const std::string_view found = line.substr(0, line.find(' '));
        line.remove_prefix(found.size());
        return found;
    };
    const auto number = [](std::string_view text) -> std::optional<int64_t> {
        int64_t found = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), found);
        const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
        return whole && found >= 0 && found < (int64_t{1} << 40) ? std::optional(found)
                                                                 : std::nullopt;
    };
    const auto pid = number(word());
    const std::string_view state = word();
    const auto age = number(word());
    const auto cpu = parse_ps_time(word());
    const auto rss = number(word());
    if (!pid || *pid < 1 || *pid > (1 << 30) || state.empty() || !age || !cpu || !rss) return {};
    ProcessSeen seen;
    seen.id.pid = static_cast<int>(*pid);
    seen.state = state.front();
    seen.age = std::chrono::seconds(*age);
    seen.cpu_seconds = *cpu;
    seen.rss_bytes = static_cast<double>(*rss) * 1024.0;
    if (rest != nullptr) *rest = trim(line);
    return seen;
}

}  // namespace ops
