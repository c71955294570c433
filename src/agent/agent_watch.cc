// Who watches the watcher: a sign of life to others, and what the agent sees wrong with itself.
#include <algorithm>
#include <utility>

#include "agent/ops_agent.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "escalate/base64.h"
#include "resolve/rules.h"

namespace ops {
namespace {

constexpr Duration kStalled = std::chrono::seconds(30);  // between two ticks, which come each 1 s
constexpr Duration kJumped = std::chrono::seconds(30);  // by which a clock was set; less is nothing
constexpr Duration kWellAfter = std::chrono::minutes(10);
constexpr int kFailuresToTell = 3;
constexpr Duration kSelfCheckEvery = std::chrono::minutes(1);
constexpr uint64_t kFewLate = 5;  // checks: too few to speak of
constexpr int kAlertLives = 5;  // intervals: then Alertmanager ends it, and who waits for it knows

std::string watchdog_alert(const std::string& agent, Time now, Duration every) {
    const Json labels =
        Json::object({{"alertname", "Watchdog"}, {"agent", agent}, {"severity", "none"}});
    const Json annotations =
        Json::object({{"summary", "ops-agent '" + agent + "' watches; it must always fire"}});
    Json alerts = Json::array();
    alerts.push(Json::object({{"labels", labels},
                              {"annotations", annotations},
                              {"startsAt", format_rfc3339(now)},
                              {"endsAt", format_rfc3339(now + kAlertLives * every)}}));
    return alerts.dump();
}

// The address and passwords are secrets and are never said. `file` reads one beside the
// configuration.
template <typename ReadFile>
Result<> send_sign(Http& http, const SignReceiver& to, const std::string& path, std::string body,
                   const ReadFile& file) {
    if (!to.is_set()) return {};
    HttpRequest request;
    request.method = "POST";
    request.url = (to.url_file.empty() ? to.url : TRY(file(to.url_file))) + path;
    std::string proof;
    if (!to.token_file.empty()) proof = "Bearer " + TRY(file(to.token_file));
    if (!to.user.empty()) {
        proof = "Basic " + base64(to.user + ":" + TRY(file(to.password_file)));
    }
    if (!proof.empty()) request.headers.emplace_back("Authorization", proof);
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    const Result<HttpReply> reply = http.send(request);
    if (!reply.ok()) {
        const Error& error = reply.error();
        return Error{error.fault, replace_all(error.message, request.url, "the address")};
    }
    const int status = reply.value().status;
    if (status >= 200 && status < 300) return {};
    return Error{Fault::denied, "HTTP " + std::to_string(status)};
}

// Little is both few bytes and a small share: a small disk is not too small from its first day.
constexpr double kLittleBytes = 100e6, kLittleShare = 0.05, kLittleInodes = 0.001;

// What is left where that is less than `factor` times little; else nothing.
std::string little_left(const DiskSpace& disk, double factor) {
    if (disk.free_bytes < factor * std::min(kLittleBytes, disk.bytes * kLittleShare)) {
        return format_size(disk.free_bytes) + " of " + format_size(disk.bytes);
    }
    if (disk.free_inodes < factor * disk.inodes * kLittleInodes) {
        return format_number(disk.free_inodes, 0) + " of " + format_number(disk.inodes, 0) +
               " inodes";
    }
    return "";
}

std::string no_step() { return sha256_hex("self-check"); }

// What the executor hears us with that could not be reached when we started: our own count, or one
// that it gives us, since our records are behind. 0: it cannot be reached still.
uint64_t epoch_with(Executors& executors, uint64_t known) {
    const Result<Seen> seen = executors.look({no_step(), known});
    if (seen.ok()) return known;
    if (seen.error().fault != Fault::denied) return 0;
    const Result<uint64_t> given = executors.next_epoch(known);
    return given.ok() ? given.value() : 0;
}

}  // namespace

// A tick that comes is the sign: one that cannot commit, decides nothing or hangs sends none.
void OpsAgent::send_sign_of_life(Time now) {
    const DeadMan& wanted = loaded_->escalation.dead_man;
    if (!wanted.is_set() || !watching_ || is_signing_ || now < next_sign_) return;
    next_sign_ = now + wanted.every;
    const std::string agent = loaded_->settings.agent.name;
    is_signing_ =
        ports_.workers.submit([ports = ports_, wanted, agent, now, config = options_.config_file] {
            const auto file = [&](const std::string& name) -> Result<std::string> {
                return std::string(trim(TRY(ports.files.read(beside(config, name)))));
            };
            const std::string alert = watchdog_alert(agent, now, wanted.every);
            const Result<> address = send_sign(ports.http, wanted.address, "", "", file);
            const Result<> alertmanager =
                send_sign(ports.http, wanted.alertmanager, "/api/v2/alerts", alert, file);
            const std::string error = !address.ok()        ? address.error().message
                                      : !alertmanager.ok() ? alertmanager.error().message
                                                           : "";
            ports.post(SignSent{error});
        });
}

void OpsAgent::on_sign_sent(const SignSent& sent) {
    is_signing_ = false;
    if (sent.error.empty()) {
        signs_failed_ = 0;
        return self_is_well("dead-man", "the sign of life was taken");
    }
    if (++signs_failed_ >= kFailuresToTell) {
        self_fails("dead-man", "Sign of life is not taken", sent.error, Level::warning);
    }
}

// That the wall clock was set is seen before anything that comes after it is judged. What spans are
// measured from goes with it, all of it in one place but what a repair keeps
// (Repair::follow_clock). What people were told the hour of does not: silences, windows, quiet
// hours, the digest.
void OpsAgent::follow_clock() {
    const Duration ahead = ports_.clock.now().time_since_epoch() - ports_.clock.steady();
    const Duration by = wall_ahead_ ? ahead - *wall_ahead_ : Duration{};
    wall_ahead_ = ahead;
    if (by < kJumped && by > -kJumped) return;
    jumped_by_ += by;
    heartbeats_->shift_clock(by);
    detector_->shift_clock(by);
    escalator_->shift_clock(by);
    limiter_.shift_clock(by);
    signs_.listen_from(ports_.clock.now());
    const auto move = [by](Time& at) {
        if (at != Time{}) at = add_saturating(at, by);
    };
    for (Time* at :
         {&heartbeats_seen_at_, &watching_since_, &stalled_at_, &jumped_at_, &ask_outside_again_,
          &next_sign_, &next_self_check_, &next_save_, &soonest_save_, &next_outbox_, &next_upkeep_,
          &next_trim_, &next_expiry_, &next_learning_, &next_causes_save_, &next_security_save_}) {
        move(*at);
    }
    for (auto* times :
         {&last_beat_, &looks_under_way_, &to_learn_, &replay_tried_, &closed_by_people_}) {
        for (auto& [name, at] : *times) move(at);
    }
    for (PlannedLook& look : planned_looks_) move(look.not_before);
    for (auto& [channel, ear] : ears_) move(ear.next);
    for (auto& [id, the_case] : cases_) {
        move(the_case.causes_at);
        for (auto* at : {&the_case.look_again, &the_case.again_at, &the_case.gathering.looks_until})
            if (*at) move(**at);
    }
    repairs_follow_clock();
}

// A clock that was just set may have been set wrong, and what is removed by it is gone when it is
// put right.
bool OpsAgent::is_clock_trusted(Time now) const {
    constexpr Duration kTrustedAfter = std::chrono::hours(1);
    if (jumped_by_ != Duration{}) return false;
    return jumped_at_ == Time{} || now - jumped_at_ >= kTrustedAfter;
}

void OpsAgent::remove_old_records(Time now) {
    const AgentSettings& keep = loaded_->settings.agent;
    // Upkeep that fails is told by the next write; nothing depends on it.
    (void)history_->maintain(now, {keep.keep_raw, keep.keep_minutes, keep.keep_hours});
    prune_journal(now);
}

// What the agent did not do for a while, and a clock that is not where it was going.
void OpsAgent::check_self(Time now) {
    const Duration steady = ports_.clock.steady();
    const Duration passed = last_tick_ ? steady - *last_tick_ : Duration{};
    if (passed > kStalled) {
        signs_.listen_from(now);
        stalled_at_ = now;
        self_fails("late", "Nothing was decided for a while",
                   "for " + format_duration(passed) + ", of which checks waited", Level::warning);
    }
    if (const Duration by = std::exchange(jumped_by_, {}); by != Duration{}) {
        jumped_at_ = now;
        const std::string way = by > Duration{} ? "forward" : "back";
        self_fails("clock", "The clock jumped " + way,
                   "by " + format_duration(by > Duration{} ? by : -by), Level::log);
    }
    last_tick_ = steady;
    const auto is_past = [now](Time at) { return now < at || now - at >= kWellAfter; };
    if (is_past(stalled_at_)) self_is_well("late", "it is in time again");
    if (is_past(jumped_at_)) self_is_well("clock", "it goes as it should");
    // None is asked without an incident, so whether one answers is not known then.
    if (models_failed_for_.empty()) self_is_well("model", "no open incident needs one");
}

// --- what it stands on: the executor, the disk of its records, its own pace. (Of a model nothing
// depends, so its silence is no incident.) ---

void OpsAgent::check_below(Time now) {
    if (!watching_ || is_self_checking_ || now < next_self_check_) return;
    next_self_check_ = now + kSelfCheckEvery;
    check_lateness();
    is_self_checking_ = ports_.workers.submit([ports = ports_, folder = loaded_->data_dir,
                                               is_epoch_given = is_epoch_given_, known = epoch_] {
        SelfChecked checked{.executor = "", .epoch = 0, .disk = ports.files.space(folder)};
        // No epoch is 0: an answer is all that is asked for.
        const auto seen = ports.executors.look({no_step(), 0});
        if (!seen.ok() && seen.error().fault != Fault::denied) {
            checked.executor = seen.error().message;
        }
        if (!is_epoch_given) checked.epoch = epoch_with(ports.executors, known);
        ports.post(std::move(checked));
    });
}

void OpsAgent::on_self_checked(const SelfChecked& checked) {
    is_self_checking_ = false;
    check_own_disk(checked.disk);
    if (checked.epoch > 0) take_epoch(checked.epoch);
    if (checked.executor.empty()) {
        executor_failed_ = 0;
        self_is_well("executor", "it answers");
    } else if (++executor_failed_ >= kFailuresToTell) {
        self_fails("executor", "The executor does not answer: nothing can be repaired",
                   checked.executor, Level::alert);
    }
}

// Whatever `disks:` of this machine leaves out: without this one nothing is recorded, and so
// nothing repaired. How full others may be is for the criteria to say.
void OpsAgent::check_own_disk(const Result<DiskSpace>& space) {
    const std::string disk = "The disk of the agent's own records ", at = loaded_->data_dir;
    const auto fails = [&](const std::string& how, const std::string& reason) {
        self_fails("disk", disk + how, reason, Level::alert);
    };
    if (!space.ok()) return fails("cannot be seen", space.error().message);
    if (space.value().read_only) return fails("is read-only", "'" + at + "' is on it");
    const std::string left = little_left(space.value(), 1);
    if (!left.empty()) {
        return fails("is nearly full", left + " left for '" + at +
                                           "'; when it is full, nothing is recorded or repaired");
    }
    if (little_left(space.value(), 2).empty()) self_is_well("disk", "there is room again");
}

// How many of the last minute's checks began more than five seconds behind their schedule.
void OpsAgent::check_lateness() {
    constexpr size_t kFirstLate = 11;  // in kLateSteps: more than 5 s, as told below
    static_assert(kLateSteps[kFirstLate - 1] == 2000 && kLateSteps[kFirstLate] == 5000);
    uint64_t late = 0;
    for (size_t i = kFirstLate + 1; i < late_.size(); ++i) late += late_[i];
    const uint64_t all = checks_done_ - checks_before_, behind = late - late_before_;
    checks_before_ = checks_done_;
    late_before_ = late;
    if (behind >= kFewLate && behind * 10 > all) {
        self_fails("late-checks", "Checks begin late",
                   std::to_string(behind) + " of " + std::to_string(all) +
                       " checks of the last minute began more than 5 s behind their schedule",
                   Level::warning);
    } else {
        self_is_well("late-checks", "they are in time again");
    }
}

// Known problems are repaired without one and people are told alike, so nobody is woken.
void OpsAgent::note_model(const std::string& incident, const std::optional<Error>& error) {
    if (!error) {
        models_failed_ = 0;
        models_failed_for_.clear();
        return self_is_well("model", "one answers again");
    }
    if (find_case(incident) == nullptr) return;  // it is over: nothing waits for an answer
    models_failed_for_.insert(incident);
    if (++models_failed_ < kFailuresToTell) return;
    self_fails("model", "No language model answers", error->message, Level::log);
}

// An incident of our own; said once, for as long as it is open.
// Retention of the journal. What keeps it from going on is told before the disk is full of it.
void OpsAgent::prune_journal(Time now) {
    const Duration keep = loaded_->settings.agent.keep_incidents;
    const Result<PruneReport> pruned = store_->prune(now - keep, now);
    // What fails here is told by the next write; nothing depends on it.
    if (!pruned.ok()) return;
    const PruneReport& report = pruned.value();
    if (!report.held_since || now - *report.held_since < 2 * keep) {
        return self_is_well("retention", "old records are removed again");
    }
    self_fails("retention", "Old records are not removed",
               report.held_by + " has no end yet, and nothing since " +
                   format_rfc3339(*report.held_since) + " goes before it",
               Level::warning);
}

void OpsAgent::self_fails(const std::string& what, const std::string& title,
                          const std::string& reason, Level level) {
    const std::string key = "self/" + what;
    if (find_by_key(key) != nullptr) return;
    Case& the_case = open_case(key, loaded_->settings.agent.name,
                               Json::object({{"title", title},
                                             {"host", ""},
                                             {"rule", kRuleSelf},
                                             {"level", name_of(level)},
                                             {"reason", printable(reason, Lines::flatten)},
                                             {"key", key},
                                             {"facts", Json::object()},
                                             {"members", Json::array()}}));
    the_case.diagnosed = true;  // no entry of a runbook is about the agent itself
    escalate(the_case);
}

void OpsAgent::self_is_well(const std::string& what, const std::string& why) {
    if (Case* known = find_by_key("self/" + what)) resolve_case(*known, "self", why, "");
}

}  // namespace ops
