// What the tests of this room share: a disk and a process table whose power can be cut at every
// operation, a clock, and entries and an inventory made by hand.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/processes.h"
#include "resolve/executor.h"
#include "resolve/rules.h"
#include "runbook/runbook.h"

namespace ops {

struct PowerCut {};  // thrown out of the simulated machine

// Counts every operation that matters; at the chosen one the power goes, before or after it took
// hold.
struct Power {
    enum class When { before, after, torn };
    int left = -1;  // operations until the cut; below 0: never
    When when = When::before;
    int operations = 0;
    void cut_at(int operation, When the_when) {
        left = operation;
        when = the_when;
    }
    // Does `act`, or cuts before it, after it, or in its middle.
    void spend(const std::function<void()>& act, const std::function<void()>& half) {
        ++operations;
        if (left != 0) {
            if (left > 0) --left;
            return act();
        }
        left = -1;
        if (when == When::after) act();
        if (when == When::torn) half();
        throw PowerCut{};
    }
};

class MemoryFiles final : public Files {
public:
    explicit MemoryFiles(Power& power) : power_(power) {}
    Result<std::string> read(const std::string& path) override {
        if (unreadable == path) return Error{Fault::unavailable, "read '" + path + "': I/O error"};
        const auto found = contents.find(path);
        if (found == contents.end()) return Error{Fault::not_found, "no file '" + path + "'"};
        return found->second;
    }
    Result<> replace(const std::string& path, std::string_view bytes) override {
        if (auto failed = fail_write()) return *failed;
        power_.spend([&] { contents[path] = bytes; }, [] {});
        return {};
    }
    Result<> create_new(const std::string& path, std::string_view bytes) override {
        if (contents.contains(path)) return Error{Fault::denied, "'" + path + "' exists"};
        if (auto failed = fail_write()) return *failed;
        power_.spend([&] { contents[path] = bytes; },
                     [&] { contents[path] = bytes.substr(0, bytes.size() / 2); });
        return {};
    }
    Result<> remove(const std::string& path) override {
        if (auto failed = fail_write()) return *failed;
        power_.spend([&] { contents.erase(path); }, [] {});
        return {};
    }
    Result<> make_folder(const std::string&) override { return {}; }
    Result<std::vector<std::string>> list(const std::string& folder) override {
        if (unreadable == folder) return Error{Fault::unavailable, "list '" + folder + "': gone"};
        std::vector<std::string> names;
        for (const auto& [path, bytes] : contents) {
            if (!path.starts_with(folder + "/")) continue;
            const std::string rest = path.substr(folder.size() + 1);
            if (rest.find('/') == std::string::npos) names.push_back(rest);
        }
        return names;
    }
    Result<DiskSpace> space(const std::string&) override { return DiskSpace{}; }

    std::map<std::string, std::string> contents;
    std::string unreadable;     // this path or folder
    int fail_write_after = -1;  // writes that still succeed; below 0: all

private:
    std::optional<Error> fail_write() {
        if (fail_write_after < 0) return std::nullopt;
        if (fail_write_after-- > 0) return std::nullopt;
        fail_write_after = 0;
        return Error{Fault::unavailable, "no space left on device"};
    }
    Power& power_;
};

// One effect that happened in the world: nothing takes it back, no power cut either.
struct LedgerLine {
    std::string step_key;
    std::vector<std::string> argv;
    Time at{};
};

class LedgerProcesses final : public Processes {
public:
    LedgerProcesses(Power& power, Clock& clock) : power_(power), clock_(clock) {}
    Result<Exit> run(const Command& command) override {
        if (command.on_start) command.on_start(next);
        const std::string key = command.environment.at("OPS_STEP_KEY");
        power_.spend([&] { ledger.push_back({key, command.argv, clock_.now()}); }, [] {});
        Exit exit;
        if (on_run) exit = on_run(command);
        exit.output_sha256 = sha256_hex(exit.output);
        exit.output_bytes = exit.output.size();
        exit.time_limit = command.time_limit;
        return exit;
    }
    std::optional<ProcessIdentity> identify(int pid) override {
        for (const ProcessIdentity& one : alive) {
            if (one.pid == pid) return one;
        }
        return std::nullopt;
    }
    std::string boot_id() override { return boot; }

    size_t count(const std::string& key) const {
        size_t total = 0;
        for (const LedgerLine& line : ledger) total += line.step_key == key ? 1U : 0U;
        return total;
    }

    std::vector<LedgerLine> ledger;
    std::function<Exit(const Command&)> on_run;
    ProcessIdentity next{4242, 99};
    std::vector<ProcessIdentity> alive;
    std::string boot = "boot-1";

private:
    Power& power_;
    Clock& clock_;
};

class HandClock final : public Clock {
public:
    Time now() override { return at; }
    Duration steady() override { return at.time_since_epoch(); }
    Time at = Time(std::chrono::hours(24 * 365 * 50));
};

class HandRules final : public RuleSource {
public:
    Result<std::optional<Rules>> read_if_changed() override {
        if (failing) return Error{Fault::invalid, "runbook.yaml:1:1: error: rubbish"};
        if (!std::exchange(changed, false)) return std::optional<Rules>();
        return std::optional<Rules>(rules);
    }
    Rules rules;
    bool changed = true;
    bool failing = false;
};

inline CommandText command_text(std::vector<std::string> words) {
    CommandText text;
    for (const std::string& word : words) text.text += (text.text.empty() ? "" : " ") + word;
    text.words = std::move(words);
    return text;
}

inline Step command_step(std::vector<std::string> words, Effect effect = Effect::idempotent) {
    Step step;
    step.kind = Step::Kind::command;
    step.command = command_text(std::move(words));
    step.text = step.command.text;
    step.effect = effect;
    return step;
}

inline Entry make_entry(std::string name, std::vector<Step> steps) {
    Entry entry;
    entry.sha256 = sha256_hex(name);
    entry.name = std::move(name);
    entry.steps = std::move(steps);
    entry.effect = Effect::idempotent;
    return entry;
}

// web on host alpha; worker_1 to worker_6 of group worker on host beta; api depends on web.
inline Inventory make_inventory() {
    Inventory inventory;
    inventory.hosts = {{"alpha", true, "", {}, {}}, {"beta", false, "beta.lan", {}, {}}};
    Service web;
    web.name = web.own_name = "web";
    web.host = "alpha";
    Service api;
    api.name = api.own_name = "api";
    api.depends_on = {"web"};
    inventory.services = {web, api};
    for (int i = 1; i <= 6; ++i) {
        Service worker;
        worker.name = "worker_" + std::to_string(i);
        worker.own_name = std::to_string(i);
        worker.group = "worker";
        worker.number = i;
        worker.host = "beta";
        inventory.services.push_back(worker);
    }
    inventory.index();
    return inventory;
}

}  // namespace ops
