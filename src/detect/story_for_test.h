// Story: a Detector on a configuration written in place, told what happens second by second; what
// comes out is compared as text.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/units.h"
#include "detect/detect.h"

namespace ops {

class ListedHistory final : public HistorySource {
public:
    std::vector<Sample> samples(std::string_view target, std::string_view fact, Time from,
                                Time to) const override {
        ++asked;
        std::vector<Sample> found;
        const auto known = series.find(std::string(target) + "." + std::string(fact));
        if (known == series.end()) return found;
        for (const Sample& sample : known->second) {
            if (sample.at > from && sample.at <= to) found.push_back(sample);
        }
        return found;
    }
    std::vector<Time> events(std::string_view target, std::string_view kind, Time from,
                             Time to) const override {
        std::vector<Time> found;
        const auto known = happened.find(std::string(target) + "." + std::string(kind));
        if (known == happened.end()) return found;
        for (const Time at : known->second) {
            if (at > from && at <= to) found.push_back(at);
        }
        return found;
    }
    std::map<std::string, std::vector<Sample>> series;
    std::map<std::string, std::vector<Time>> happened;
    mutable int asked = 0;
};

class Story {
public:
    static constexpr const char* kNoRules = "common_issues: []\n";
    explicit Story(const std::string& config, const std::string& runbook = kNoRules) {
        read(config, runbook);
        begin();
    }

    // Another configuration, without an end of the program. Of the targets in `changed` the checks
    // are others than before.
    std::string reload(const std::string& config, const std::string& runbook = kNoRules,
                       const std::set<std::string>& changed = {}) {
        std::map<std::string, std::vector<uint32_t>> known;
        for (uint32_t i = 0; i < settings_->checks.size(); ++i) {
            const std::string& target = settings_->checks[i].target;
            if (!changed.contains(target)) known[target].push_back(number_of(i));
        }
        const auto settings_before = std::move(settings_);
        const auto runbook_before = std::move(runbook_);
        const std::unique_ptr<Detector> before = std::move(detector);
        read(config, runbook);
        std::vector<uint32_t> checks;
        for (const CheckSettings& check : settings_->checks) {
            std::vector<uint32_t>& same = known[check.target];
            checks.push_back(same.empty() ? next_number_++ : same.front());
            if (!same.empty()) same.erase(same.begin());
        }
        checks_ = std::move(checks);
        DetectOptions own = options;
        own.checks = checks_;
        detector = std::make_unique<Detector>(*settings_, *runbook_, &history, now, own);
        detector->take_over(*before, checks_, now);
        return print_all(detector->tick(now));
    }

    // (Re)starts the program; with what it saved, if `saved` is given.
    void begin(const Json* saved = nullptr) {
        detector = std::make_unique<Detector>(*settings_, *runbook_, &history, now, options);
        if (saved != nullptr) detector->restore(*saved, now);
    }

    void add_uplinks() {
        for (CheckSettings& check : uplink_checks(settings_->agent)) {
            settings_->checks.push_back(std::move(check));
        }
        begin();
    }
    std::string good(const std::string& target, std::vector<Fact> facts = {}) {
        return see(target, Health::good, "", std::move(facts));
    }
    std::string bad(const std::string& target, const std::string& reason = "connection refused",
                    std::vector<Fact> facts = {}) {
        return see(target, Health::bad, reason, std::move(facts));
    }
    std::string dead(const std::string& target) {
        certain_ = true;
        std::string said = see(target, Health::bad, "process is dead",
                               {{"process_status", Value::string("dead")}});
        certain_ = false;
        return said;
    }
    std::string unknown(const std::string& target, const std::string& reason = "ssh failed") {
        return see(target, Health::unknown, reason, {});
    }
    // Both of the answers that confirm a failure.
    std::string down(const std::string& target, const std::string& reason = "connection refused") {
        std::string said = bad(target, reason);
        return said + bad(target, reason);
    }
    std::string well(const std::string& target) {
        std::string said = good(target);
        return said + good(target);
    }
    std::string all_good() {
        std::string said;
        for (size_t i = 0; i < settings_->checks.size(); ++i) {
            said += see(settings_->checks[i].target, Health::good, "", {},
                        static_cast<int>(number_of(static_cast<uint32_t>(i))));
        }
        return said;
    }
    // Lets time pass, with a tick each second unless it is long; what was said, rechecks left out.
    std::string pass(const std::string& span) {
        std::string said;
        const Time end = now + parse_duration(span).value();
        const Duration step = std::chrono::seconds(end - now > std::chrono::minutes(6) ? 5 : 1);
        while (now < end) {
            now = std::min(end, now + step);
            said += print_all(detector->tick(now));
        }
        return said;
    }
    std::string print_all(const Changes& changes) {
        std::string text;
        for (const Change& change : changes) {
            if (const auto* recheck = std::get_if<Recheck>(&change)) rechecks.push_back(*recheck);
            last.push_back(change);
            if (const auto* recheck = std::get_if<Recheck>(&change); recheck && show_rechecks) {
                text += "recheck " + settings_->checks.at(recheck->check).target + "\n";
            }
            if (std::holds_alternative<Recheck>(change)) continue;
            if (std::holds_alternative<TargetChanged>(change) && !show_states) continue;
            text += ops::print(change) + "\n";
        }
        return text;
    }
    std::vector<std::string> rechecked() {
        std::vector<std::string> names;
        for (const Recheck& recheck : rechecks) {
            names.push_back(settings_->checks.at(recheck.check).target);
        }
        rechecks.clear();
        return names;
    }
    uint32_t check_of(const std::string& target) const {
        for (uint32_t i = 0; i < settings_->checks.size(); ++i) {
            if (settings_->checks[i].target == target) return number_of(i);
        }
        return 10000 + static_cast<uint32_t>(target.size());  // one that comes after the checks
    }
    std::string see(const std::string& target, Health health, const std::string& reason,
                    std::vector<Fact> facts, int check = -1) {
        now += std::chrono::milliseconds(10);
        Observation seen;
        seen.check = check >= 0 ? static_cast<uint32_t>(check) : check_of(target);
        seen.target = target;
        seen.at = now;
        seen.health = health;
        seen.certain = certain_;
        seen.reason = reason;
        seen.facts = std::move(facts);
        return print_all(detector->observe(seen, now));
    }

    Time now = parse_rfc3339("2026-01-29T13:30:00Z").value();
    DetectOptions options;
    ListedHistory history;
    std::unique_ptr<Detector> detector;
    std::vector<Recheck> rechecks;
    Changes last;
    bool show_rechecks = false;
    bool show_states = false;
    const Settings& settings() const { return *settings_; }
    const Runbook& runbook() const { return *runbook_; }

private:
    static std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }
    void read(const std::string& config, const std::string& runbook) {
        Problems problems;
        auto settings = read_settings({{"ops-agent.yaml", config}}, no_environment, problems);
        EXPECT_TRUE(settings) << problems.print();
        settings_ = std::make_unique<Settings>(std::move(*settings));
        auto book = read_runbook({"runbook.yaml", runbook}, *settings_, problems);
        EXPECT_TRUE(book) << problems.print();
        runbook_ = std::make_unique<Runbook>(std::move(*book));
    }
    uint32_t number_of(uint32_t place) const { return checks_.empty() ? place : checks_[place]; }

    bool certain_ = false;
    uint32_t next_number_ = 1000;  // of a check that was not there before
    std::unique_ptr<Settings> settings_;
    std::unique_ptr<Runbook> runbook_;
    std::vector<uint32_t> checks_;  // their numbers; empty: from 0
};

}  // namespace ops
