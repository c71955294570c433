#include "cli/snapshot.h"

#include <algorithm>

#include "agent/recorded_samples.h"
#include "base/counted.h"
#include "base/text.h"
#include "cli/configuration.h"
#include "io/inbox.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"
#include "model/unknown_target.h"

namespace ops {

class Snapshot::Records final : public HistorySource {
public:
    explicit Records(std::unique_ptr<History> history) : history_(std::move(history)) {}
    std::vector<Sample> samples(std::string_view target, std::string_view fact, Time from,
                                Time to) const override {
        if (!history_) return {};
        auto samples = recorded_samples(*history_, target, fact, from, to);
        // Else the same as no history: the language says "unknown".
        return samples.ok() ? std::move(samples).value() : std::vector<Sample>{};
    }
    std::vector<Time> events(std::string_view target, std::string_view kind, Time from,
                             Time to) const override {
        if (!history_) return {};
        auto times = history_->event_times(target, kind, from, to);
        return times.ok() ? std::move(times).value() : std::vector<Time>{};
    }

private:
    std::unique_ptr<History> history_;
};

Snapshot::~Snapshot() = default;

Result<std::unique_ptr<Snapshot>> Snapshot::take(const Invocation& invocation,
                                                 const std::string& only_target) {
    std::unique_ptr<Snapshot> snapshot(new Snapshot());
    snapshot->loaded_ = TRY(read_configuration(invocation));
    if (!only_target.empty() && !snapshot->loaded_->settings.inventory.has_target(only_target)) {
        return Error{Fault::invalid, no_target(snapshot->loaded_->settings.inventory, only_target)};
    }
    // One look has to be enough.
    for (CheckSettings& check : snapshot->loaded_->settings.checks)
        check.failures = check.recoveries = 1;
    StoreOptions options;
    options.access = Access::read;
    auto history = History::open(snapshot->loaded_->data_dir, options);
    snapshot->records_ =
        std::make_unique<Records>(history.ok() ? std::move(history).value() : nullptr);
    snapshot->ask(only_target);
    return snapshot;
}

void Snapshot::ask(const std::string& only_target) {
    RealClock clock;
    PosixProcesses processes;
    Inbox<ProbeEvent> inbox(65536);
    detector_ = std::make_unique<Detector>(loaded_->settings, loaded_->runbook, records_.get(),
                                           clock.now());
    auto engine = ProbeEngine::start(clock, processes, [&](std::vector<ProbeEvent> events) {
        (void)inbox.push_batch(
            std::move(events));  // larger than any configuration's number of checks
    });
    if (!engine.ok()) {
        notes_.push_back(engine.error().message);
        return;
    }
    const Service* service = loaded_->settings.inventory.find_service(only_target);
    const std::string host = service == nullptr ? "" : service->host;
    size_t waiting = 0;
    Duration longest{};
    // What a signal says is known of every target.
    const std::vector<std::string>& signals = loaded_->settings.inventory.signals;
    const auto is_wanted = [&](const std::string& target) {
        return only_target.empty() || target == only_target || target == host ||
               std::find(signals.begin(), signals.end(), target) != signals.end();
    };
    for (const auto& check : loaded_->checks.checks) {
        if (!check || !is_wanted(check->target())) continue;
        Ask ask = check->ask();
        longest = std::max(longest, ask.time_limit);
        engine.value()->start(std::move(ask));
        ++waiting;
    }
    const Duration until = clock.steady() + longest + std::chrono::seconds(3);
    while (waiting > 0 && clock.steady() < until) {
        for (const ProbeEvent& event : inbox.take_all(until - clock.steady())) {
            const auto* reply = std::get_if<Reply>(&event);
            if (reply == nullptr) continue;
            ops::Check& check = *loaded_->checks.checks[reply->check];
            const Judged judged = check.judge(*reply);
            if (judged.ask_now) {
                Ask again = check.ask();
                again.question = *judged.ask_now;
                engine.value()->start(std::move(again));
                continue;
            }
            --waiting;
            (void)detector_->observe(judged.observation,
                                     clock.now());  // looked at once: nothing to act on
        }
    }
    if (waiting > 0) notes_.push_back(counted(waiting, "check") + " gave no answer in time");
    now_ = clock.now();
}

}  // namespace ops
