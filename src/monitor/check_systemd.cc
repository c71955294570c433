// systemd: a unit, asked for over D-Bus, or with systemctl over ssh.
#include <charconv>

#include "base/shell_words.h"
#include "base/text.h"
#include "base/units.h"
#include "monitor/machine_text.h"
#include "monitor/process_check.h"

namespace ops {
namespace {

constexpr uint32_t kMostCrashesALook = 100;

struct SystemdSettings {
    std::string unit;
    bool oneshot = false;
    Duration start_limit{};
    std::optional<Host> remote;
    Question question;
};

// What a unit's states mean to us.
struct Verdict {
    std::string_view status;  // process_status
    Health health = Health::good;
    bool certain = false;
    bool transient = false;
    std::string reason;
};

Verdict judge_unit(const UnitSeen& unit, const SystemdSettings& settings) {
    const std::string name = "unit '" + settings.unit + "'";
    const std::string result = shown(unit.result);
    if (unit.load_state == "not-found") {
        return {"unknown", Health::bad, false, false, "there is no " + name};
    }
    const std::string& active = unit.active_state;
    // Whoever masks a unit does not stop it.
    if (unit.load_state == "masked" && active == "inactive")
        return {"stopped", Health::bad, false, false, name + " is masked"};
    if (active == "active" || active == "reloading" || active == "refreshing")
        return {"running", Health::good, false, false, ""};
    if (active == "activating" && unit.sub_state == "auto-restart") {
        return {"starting", Health::unknown, false, true,
                name + " died (" + result + "), systemd is restarting it"};
    }
    // While it works it is activating, for as long as its TimeoutStartSec= lets it.
    if (active == "activating" && settings.oneshot)
        return {"running", Health::good, false, false, ""};
    if (active == "activating")
        return {"starting", Health::unknown, false, true, name + " is starting"};
    if (active == "deactivating")
        return {"stopped", Health::unknown, false, true, name + " is stopping"};
    if (active == "inactive") {
        if (settings.oneshot) return {"running", Health::good, false, false, ""};
        return {"stopped", Health::bad, false, false, name + " is not started"};
    }
    if (active == "failed" && unit.result == "start-limit-hit") {
        return {"fatal", Health::bad, true, false, name + " died too often, systemd gave up"};
    }
    if (active == "failed") {
        return {"dead", Health::bad, true, false, name + " failed: " + result};
    }
    return {"unknown", Health::unknown, false, false, name + " is '" + shown(active) + "'"};
}

class SystemdCheck final : public ProcessCheck {
public:
    SystemdCheck(const CheckRequest& request, SystemdSettings settings)
        : ProcessCheck(request), settings_(std::move(settings)), patience_(settings_.start_limit) {}

    Ask ask() const override {
        return {.check = index(), .question = settings_.question, .time_limit = timeout()};
    }

protected:
    Judged judge_look(const Reply& reply) override {
        if (settings_.remote) return judge_remote(reply);
        if (!reply.answer.ok()) return unknown(reply, shown(reply.answer.error().message));
        const LocalAnswer* local = local_answer(reply);
        if (local == nullptr || !local->unit) return unknown(reply, "an answer of another kind");
        Judged judged = judge_seen_unit(reply, *local->unit, local->processes);
        const ProcessSeen* main = ProcessMemory::oldest(local->processes);
        watch(main == nullptr ? ProcessIdentity{} : main->id, judged);
        return judged;
    }

private:
    Judged judge_seen_unit(const Reply& reply, const UnitSeen& unit,
                           std::vector<ProcessSeen> processes) {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        Verdict verdict = judge_unit(unit, settings_);
        if (verdict.status == "running" && !processes.empty()) {
            // systemd does not see that its main process was stopped.
            Observation process;
            ProcessMemory::judge(processes, {.what = "unit '" + settings_.unit + "'"}, process);
            if (process.health == Health::bad)
                verdict = {"stopped", Health::bad, false, false, process.reason};
        }
        if (patience_.is_exhausted(verdict.transient, reply.at)) {
            verdict.health = Health::bad;
            verdict.reason += " for " + format_duration_short(patience_.lasted(reply.at));
        }
        seen.health = verdict.health;
        seen.certain = verdict.certain;
        seen.reason = verdict.reason;
        add_fact(seen, "process_status", Value::string(std::string(verdict.status)));
        if (verdict.health != Health::unknown) {
            add_fact(seen, "up", Value::boolean(verdict.health == Health::good));
        }
        // The unit's own counter: all its processes, not only the main one.
        if (!processes.empty() && unit.cpu_seconds > 0)
            processes.front().cpu_seconds = unit.cpu_seconds;
        memory().measure(processes, reply.at, seen);
        if (unit.memory_bytes > 0) add_fact(seen, "unit_memory", Value::size(unit.memory_bytes));
        follow_unit(unit, processes, verdict, judged);
        return judged;
    }

    void follow_unit(const UnitSeen& unit, const std::vector<ProcessSeen>& processes,
                     const Verdict& verdict, Judged& judged) {
        std::optional<ProcessIdentity> main;
        if (const ProcessSeen* process = ProcessMemory::oldest(processes)) main = process->id;
        // A oneshot that ends as meant has not crashed, nor is its next run a restart.
        const bool may_end = settings_.oneshot && verdict.health == Health::good;
        if (may_end) main.reset();
        memory().follow(main, may_end || verdict.status == "stopped", judged);
        const auto told = std::find(judged.events.begin(), judged.events.end(), "crash");
        if (unit.active_state.empty()) return;
        // systemd counts its own restarts, which is more exact than process numbers: two of them
        // may lie between two looks, and a restart that it was asked for is none of them. It counts
        // a death when it starts the unit again, which may be a look after we saw the death.
        const uint32_t counted =
            restarts_ && unit.restarts > *restarts_ ? unit.restarts - *restarts_ : 0;
        const bool by_hand = told != judged.events.end() && main && restarts_ && counted == 0;
        if (by_hand) {
            judged.events.erase(told);
        } else if (told != judged.events.end()) {
            ++uncounted_crashes_;
        }
        for (uint32_t i = 0; i < std::min(counted, kMostCrashesALook); ++i) {
            if (uncounted_crashes_ == 0) judged.events.emplace_back("crash");
            if (uncounted_crashes_ > 0) --uncounted_crashes_;
        }
        if (verdict.status == "running" && counted == 0) uncounted_crashes_ = 0;
        restarts_ = unit.restarts;
    }

    Judged judge_remote(const Reply& reply) {
        const auto sections = read_sections(*settings_.remote, reply.answer);
        if (!sections.ok()) return unknown(reply, sections.error().message);
        const auto& lines = lines_of(sections.value(), "unit");
        if (lines.empty() || lines.back() != "exit 0") {
            return unknown(reply,
                           "ssh " + settings_.remote->ssh + ": systemctl cannot be asked there");
        }
        memory().set_machine_memory(
            meminfo_bytes(lines_of(sections.value(), "meminfo"), "MemTotal"));
        std::vector<ProcessSeen> processes;
        for (const std::string& line : lines_of(sections.value(), "ps")) {
            if (const auto process = parse_ps_line(line)) processes.push_back(*process);
        }
        return judge_seen_unit(reply, read_unit(lines), std::move(processes));
    }

    // Lines "Name=value" of systemctl show; "[not set]" and 2^64-1 mean that there is no number.
    static UnitSeen read_unit(const std::vector<std::string>& lines) {
        UnitSeen unit;
        for (const std::string& line : lines) {
            const size_t equals = line.find('=');
            if (equals == std::string::npos) continue;
            const std::string_view key = std::string_view(line).substr(0, equals);
            const std::string_view value = std::string_view(line).substr(equals + 1);
            uint64_t number = 0;
            const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
            const bool is_number = read.ec == std::errc{} &&
                                   read.ptr == value.data() + value.size() &&
                                   number < uint64_t{1} << 62;
            if (key == "LoadState") unit.load_state = value;
            if (key == "ActiveState") unit.active_state = value;
            if (key == "SubState") unit.sub_state = value;
            if (key == "Result") unit.result = value;
            if (!is_number) continue;
            if (key == "MainPID")
                unit.main_pid = static_cast<int>(std::min<uint64_t>(number, 1 << 30));
            if (key == "NRestarts")
                unit.restarts = static_cast<uint32_t>(std::min<uint64_t>(number, 1 << 30));
            if (key == "MemoryCurrent") unit.memory_bytes = static_cast<double>(number);
            if (key == "CPUUsageNSec") unit.cpu_seconds = static_cast<double>(number) / 1e9;
        }
        return unit;
    }

    SystemdSettings settings_;
    Patience patience_;
    std::optional<uint32_t> restarts_;  // as systemd counts them
    int uncounted_crashes_ = 0;         // that we told and it did not count yet
};

std::string remote_script(const std::string& unit) {
    const std::string quoted = single_quoted(unit);
    return section("unit",
                   "systemctl show --no-pager -p LoadState,ActiveState,SubState,Result,MainPID,"
                   "NRestarts,MemoryCurrent,CPUUsageNSec -- " +
                       quoted + "; echo exit $?") +
           section("ps", "p=$(systemctl show --no-pager -p MainPID --value -- " + quoted +
                             "); [ \"${p:-0}\" -gt 0 ] && ps -o " + std::string(kPsColumns) +
                             " -p \"$p\"") +
           section("meminfo", "grep ^MemTotal: /proc/meminfo");
}

std::unique_ptr<Check> make_systemd(CheckRequest& request) {
    SystemdSettings settings;
    settings.unit = request.subject_text();
    const bool fine = std::all_of(settings.unit.begin(), settings.unit.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(":-_.\\@").find(c) != std::string_view::npos;
    });
    if (!fine || settings.unit.size() > 255 || settings.unit.starts_with('-')) {
        request.error(
            request.subject.place,
            "'" + shown(settings.unit) + "' is no name of a unit, write for example nginx.service");
    }
    if (settings.unit.find('.') == std::string::npos) settings.unit += ".service";
    settings.oneshot = request.fields.boolean("oneshot", false);
    settings.start_limit = request.fields.duration("start_limit", std::chrono::seconds(60));
    if (const Host* host = request.remote_host()) {
        settings.remote = *host;
        settings.question =
            ask_over_ssh(*host, request.settings.timeout, remote_script(settings.unit));
    } else {
        settings.question = LocalAsk{LocalAsk::What::systemd_unit, settings.unit, {}};
    }
    return std::make_unique<SystemdCheck>(request, std::move(settings));
}

}  // namespace

CheckKind systemd_check_kind() {
    return {
        .name = "systemd",
        .help = "a systemd unit",
        .subject = "unit",
        .settings = {{"unit", "text", "", "name of the unit; .service may be left out"},
                     {"oneshot", "true or false", "false",
                      "a unit that runs and ends: not running is well, failed is not"},
                     {"start_limit", "duration", "60s", "starting or stopping for longer is down"}},
        .use = CheckKind::Use::service,
        .make = make_systemd};
}

}  // namespace ops
