#include "scenario/runner.h"

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "scenario/crash_lines.h"
#include "scenario/learned_lines.h"
#include "scenario/machine.h"
#include "scenario/outside.h"
#include "scenario/person_lines.h"
#include "scenario/quiet_lines.h"
#include "scenario/script.h"

namespace ops {
namespace {

using Words = std::vector<std::string>;

class Run {
public:
    Run(std::string file, uint64_t seed, const ReadFile& read_file)
        : file_(std::move(file)), machine_(seed), read_file_(read_file) {}

    Result<ScenarioReport> all(const std::vector<ScriptLine>& script, KeepFiles keep_files) {
        for (const ScriptLine& line : script) {
            TRY(one(line).during(place(line)));
        }
        for (const char* what : {"write", "marker", "executor"}) expect_fired(what);
        report_.log = machine_.log_lines();
        report_.journal = machine_.journal_lines();
        for (const auto& effect : machine_.world().ledger())
            report_.effects.push_back(effect.command);
        for (const auto& sent : machine_.world().sent) report_.told.push_back(sent.text);
        for (const std::string& broken : machine_.violations()) report_.failures.push_back(broken);
        report_.passed = report_.failures.empty();
        if (keep_files == KeepFiles::yes) {
            report_.files = machine_.switch_off();
            report_.files["ops-agent.yaml"] = config_;
            report_.files["runbook.yaml"] = runbook_;
        }
        return report_;
    }

private:
    std::string place(const ScriptLine& line) const {
        return file_ + ":" + std::to_string(line.number);
    }
    Error unknown(const ScriptLine& line) const {
        return {Fault::invalid, "cannot understand '" + line.text + "'"};
    }
    static Result<Duration> duration_of(const std::string& word) { return parse_duration(word); }
    Result<> one(const ScriptLine& line) {
        const std::string& verb = line.words[0];
        const size_t count = line.words.size();
        if (verb == "expect" && count >= 4 && line.words[1] == "evidence") {
            return expect_evidence(line);
        }
        const bool of_learned = count >= 4 && line.words[1] == "learned";
        if (verb == "expect") return of_learned ? learned(line) : expect(line);
        if (verb == "run" && count == 2) return run(TRY(duration_of(line.words[1])));
        if (verb == "config") return set_config(line.block);
        if (verb == "runbook") return set_runbook(line.block);
        if (verb == "use" && count == 3) {
            TRY(set_config(TRY(read_file_(line.words[1]))));
            return set_runbook(TRY(read_file_(line.words[2])));
        }
        if (verb == "service" && count >= 3) return service(line);
        if (verb == "host" && count >= 3) return host(line);
        if (verb == "network" && count == 2) {
            machine_.world().set_network(line.words[1] == "up");
            return {};
        }
        if (verb == "heartbeats" && count == 4) {
            sim::SimService& sender = machine_.world().service(line.words[1]);
            sender.heartbeat_every = TRY(duration_of(line.words[3]));
            machine_.world().set_condition(sender, sender.condition);
            return {};
        }
        if (verb == "command" && count >= 3) return command(line);
        if (verb == "channel" && count >= 3) return channel(line);
        if (verb == "model" && count >= 2) return model(line);
        if (verb == "file" && count == 3) return write_beside(line, machine_.world());
        if (verb == "press" && count >= 3) return press_in_chat(line, machine_.world());
        if (verb == "log") return say_in_log(line, machine_.world());
        if (verb == "access") return change_access(line, machine_.world());
        if (verb == "outside-brain" && count == 4 && line.words[1] == "knows") {
            return teach_outside_brain(line, machine_.world());
        }
        return one_about_the_agent(line);
    }

    // clock jumps +2h | -2h: the wall clock, and not the steady one.
    Result<> set_clock(const ScriptLine& line) {
        const char sign = line.words[2][0];
        if (sign != '+' && sign != '-') return unknown(line);
        const Duration by = TRY(duration_of(line.words[2].substr(1)));
        machine_.world().set_clock_by(sign == '+' ? by : -by);
        return {};
    }

    // See said_by_model().
    Result<> model(const ScriptLine& line) {
        auto said = said_by_model(line);
        if (!said) return unknown(line);
        machine_.world().model_answers.push_back(std::move(*said));
        return {};
    }

    // channel fails N | channel ok 0; of one: see failure_of_channel()
    Result<> channel(const ScriptLine& line) {
        const Words& words = line.words;
        sim::World& world = machine_.world();
        if (words[1] == "ok" || words[1] == "fails") {
            world.send_failure.count = words[1] == "ok" ? 0 : TRY(number_of(words[2]));
            return {};
        }
        const auto failure = failure_of_channel(line);
        if (!failure) return unknown(line);
        world.send_failures[words[1]] = *failure;
        return {};
    }

    Result<> one_about_the_agent(const ScriptLine& line) {
        const Words& words = line.words;
        const std::string& verb = words[0];
        if (const std::string what(ordered_crash(words)); !what.empty()) {
            expect_fired(what);
            ordered_[what] = {line, TRY(order_crash(words, machine_))};
            return {};
        }
        if (line.text == "power-cut") return machine_.cut_power(), Result<>();
        if (line.text == "kill agent") return machine_.kill_agent(), Result<>();
        if (verb == "stall" && words.size() == 2) {
            machine_.stall(TRY(duration_of(words[1])));
            return {};
        }
        if (verb == "clock" && words.size() == 3 && words[1] == "jumps") return set_clock(line);
        if (line.text == "kill executor") return machine_.kill_executor(), Result<>();
        if (line.text == "restart agent") {
            if (machine_.agent() != nullptr) machine_.kill_agent();
            return machine_.start_agent();
        }
        if (verb == "disk" && words.size() == 3 && words[1] == "left") {
            machine_.world().own_disk.free_bytes = static_cast<double>(TRY(parse_size(words[2])));
            return {};
        }
        if (verb == "disk" && words.size() == 2) {
            machine_.disk().set_read_only(words[1] == "read-only");
            machine_.disk().set_capacity(words[1] == "full" ? std::optional<uint64_t>(1)
                                                            : std::nullopt);
            return words[1] == "ok" || words[1] == "full" || words[1] == "read-only"
                       ? Result<>()
                       : Result<>(unknown(line));
        }
        if (verb == "pause" || verb == "resume" || line.text == "reload") {
            const std::string path = verb == "reload" ? "/-/" : "/api/v1/";
            TRY(ask("POST", path + verb, Json::object({{"by", "founder"}})));
            return {};
        }
        if (is_quiet_line(words)) return have_less_told(asking_, words);
        if (is_persons_line(words)) return decide(line);
        if (verb == "fact" && words.size() == 4) return push_fact(words[1], words[2], words[3]);
        if (verb == "alert" || (verb == "event" && words.size() >= 2)) {
            const bool is_alert = verb == "alert";
            const Posted post = is_alert ? TRY(alert_post(line, machine_.now())) : event_post(line);
            TRY(ask("POST", post.path, post.body));
            return {};
        }
        return unknown(line);
    }

    Result<> push_fact(const std::string& service, const std::string& name,
                       const std::string& value) {
        Result<Json> parsed = Json::parse(value);
        const Json json = parsed.ok() ? std::move(parsed).value() : Json(value);
        TRY(ask("POST", "/api/v1/facts/" + service,
                Json::object({{"facts", Json::object({{name, json}})}})));
        return {};
    }

    Result<> learned(const ScriptLine& line) {
        ++report_.expectations;
        if (const std::string wrong = TRY(compare_learned(asking_, line.words)); !wrong.empty())
            fail(line, wrong);
        return {};
    }

    Result<> decide(const ScriptLine& line) {
        const bool is_refused = line.words[0] == "refused";
        const bool is_expectation =
            is_refused || (line.words.size() >= 4 && line.words[line.words.size() - 2] == "says");
        if (is_expectation) ++report_.expectations;
        const std::optional<Incident> incident = find(line.words[is_refused ? 2 : 1]);
        const std::string wrong =
            let_decide(asking_, line.words, incident ? incident->id : std::string());
        if (!wrong.empty()) fail(line, wrong);
        return {};
    }

    Result<Json> ask(const std::string& method, const std::string& path, const Json& body = {}) {
        TRY(start_if_needed());
        return machine_.ask(method, path, body);
    }

    Result<> set_config(const std::string& text) {
        config_ = text;
        machine_.set_files(config_, runbook_);
        return {};
    }
    Result<> set_runbook(const std::string& text) {
        runbook_ = text;
        machine_.set_files(config_, runbook_);
        return {};
    }

    Result<> start_if_needed() {
        if (started_) return {};
        started_ = true;
        return machine_.start_agent();
    }

    Result<> run(Duration span) {
        TRY(start_if_needed());
        machine_.run_until(machine_.now() + span);
        return {};
    }

    // service NAME CONDITION | on HOST | memory 95% | says TEXT |
    // service NAME restart BEHAVIOUR [in 2s] [breaks OTHER]
    Result<> service(const ScriptLine& line) {
        const Words& words = line.words;
        sim::SimService& service = machine_.world().service(words[1]);
        if (const auto condition = parse_condition(words[2])) {
            machine_.world().set_condition(service, *condition);
            return {};
        }
        if (words.size() == 4 && words[2] == "on") {
            service.host = words[3];
            machine_.world().host(words[3]);
            return {};
        }
        if (words.size() == 4 && words[2] == "says") {
            service.says = words[3];
            return {};
        }
        if (words.size() == 4 && words[2] == "memory") {
            service.memory_percent = TRY(percent_of(words[3]));
            return {};
        }
        if (words[2] != "restart" || words.size() < 4) return unknown(line);
        const auto behaviour = parse_behaviour(words[3]);
        if (!behaviour) return unknown(line);
        service.on_restart = *behaviour;
        service.on_restart_breaks.clear();
        for (size_t i = 4; i + 1 < words.size(); i += 2) {
            if (words[i] == "in") {
                service.starts_in = TRY(duration_of(words[i + 1]));
            } else if (words[i] == "breaks") {
                service.on_restart_breaks = words[i + 1];
            } else {
                return unknown(line);
            }
        }
        return {};
    }

    // host NAME local | up | down | disk 92% | memory 95% | swap 50% | inodes 95% | load 12
    Result<> host(const ScriptLine& line) {
        const Words& words = line.words;
        sim::SimHost& host = machine_.world().host(words[1]);
        if (words[2] == "local") return host.local = true, Result<>();
        if (words[2] == "up" || words[2] == "down") return host.up = words[2] == "up", Result<>();
        if (words.size() != 4) return unknown(line);
        double* const field = words[2] == "disk"     ? &host.disk_percent
                              : words[2] == "memory" ? &host.memory_percent
                              : words[2] == "swap"   ? &host.swap_percent
                              : words[2] == "inodes" ? &host.inode_percent
                              : words[2] == "load"   ? &host.load
                                                     : nullptr;
        if (field == nullptr) return unknown(line);
        *field = TRY(percent_of(words[3]));
        return {};
    }

    // command "PART" exits 1 | hangs | prints "TEXT" | starts SERVICE | frees disk HOST 80%
    Result<> command(const ScriptLine& line) {
        const Words& words = line.words;
        const std::string& what = words[2];
        Exit exit;
        exit.took = std::chrono::milliseconds(200);
        if (what == "hangs") {
            exit.how = Exit::How::timed_out;
        } else if (what == "exits" && words.size() == 4) {
            exit.code = TRY(number_of(words[3]));
        } else if (what == "prints" && words.size() == 4) {
            exit.output = words[3];
        } else if (what == "starts" && words.size() == 4) {
            machine_.world().on_command(words[1], [exit, name = words[3]](sim::World& world) {
                world.restart(world.service(name));
                return exit;
            });
            return {};
        } else if (what == "frees" && words.size() == 6 && words[3] == "disk") {
            const double percent = TRY(percent_of(words[5]));
            machine_.world().on_command(words[1],
                                        [exit, name = words[4], percent](sim::World& world) {
                                            world.host(name).disk_percent = percent;
                                            return exit;
                                        });
            return {};
        } else {
            return unknown(line);
        }
        machine_.world().on_command(words[1], [exit](sim::World&) { return exit; });
        return {};
    }

    // --- expectations ---

    // A crash that was ordered and never came leaves a scenario that shows nothing.
    void expect_fired(const std::string& what) {
        const auto known = ordered_.find(what);
        if (known == ordered_.end()) return;
        if (!known->second.has_fired()) fail(known->second.line, "it never happened");
        ordered_.erase(known);
    }

    void fail(const ScriptLine& line, const std::string& what) {
        report_.failures.push_back(place(line) + ": " + line.text + ": " + what);
    }

    std::vector<Incident> incidents() {
        if (machine_.agent() == nullptr) return {};
        const auto all = machine_.agent()->store().incidents({});
        return all.ok() ? all.value() : std::vector<Incident>{};
    }

    // The newest incident about a target, or with this rule.
    std::optional<Incident> find(const std::string& name) {
        for (const Incident& incident : incidents()) {
            // The agent is often named as its host; what it has against itself goes by its rule.
            const bool is_its = incident.target == name && incident.rule != kRuleSelf;
            if (is_its || incident.rule == name) return incident;
        }
        return std::nullopt;
    }

    Result<> expect(const ScriptLine& line) {
        ++report_.expectations;
        const Words& words = line.words;
        // What the world saw can be asked of a world without an agent, too.
        const bool of_the_world =
            words.size() > 1 && (words[1] == "action" || words[1] == "told" ||
                                 words[1] == "toast" || words[1] == "tries" || words[1] == "agent");
        if (machine_.agent() == nullptr && !of_the_world) {
            fail(line, "the agent is down: " + machine_.why_down());
            return {};
        }
        if (words.size() >= 3 && words[1] == "agent") return expect_agent(line);
        if (line.text == "expect at rest") return machine_.check_at_rest(), Result<>();
        if (line.text == "expect no incident") {
            for (const Incident& incident : incidents()) {
                if (incident.is_open())
                    fail(line, "open: " + incident.title + ": " + incident.reason);
            }
            return {};
        }
        if (words.size() == 4 && words[1] == "no" && words[2] == "incident") {
            const auto incident = find(words[3]);
            if (incident)
                fail(line, incident->title + " (" + std::string(name_of(incident->state)) + ")");
            return {};
        }
        if (words.size() >= 4 && words[1] == "journal") return expect_journal(line);
        if (words.size() == 3 && words[1] == "incidents") {
            return expect_count(line, incidents().size(), words[2]);
        }
        if (words.size() >= 4 && words[1] == "incident") return expect_incident(line);
        if (words.size() == 5 && words[1] == "action" && words[3] == "happened") {
            size_t count = 0;
            for (const sim::Effect& effect : machine_.world().ledger()) {
                if (effect.command.find(words[2]) != std::string::npos) ++count;
            }
            return expect_count(line, count, words[4]);
        }
        if (words.size() == 4 && words[1] == "outside-brain") {
            return expect_count(line, machine_.world().outside_told.size(), words[3]);
        }
        if (words.size() == 6 && words[1] == "similar") return expect_similar(line);
        if (words.size() == 4 && words[1] == "remembered") return expect_remembered(line);
        if (words.size() >= 3 && words[1] == "told") return expect_told(line);
        if (words.size() == 3 && words[1] == "toast") {
            if (const auto wrong = missing_toast(line, machine_.world()); !wrong.empty())
                fail(line, wrong);
            return {};
        }
        if (words.size() == 4 && words[1] == "tries") {
            const auto& tried = machine_.world().tried;
            const auto count = std::count_if(tried.begin(), tried.end(), [&](const auto& where) {
                return where.find(words[2]) != std::string::npos;
            });
            return expect_count(line, static_cast<size_t>(count), words[3]);
        }
        if (words.size() == 4 && words[1] == "status") return expect_status(line);
        return unknown(line);
    }

    // expect journal KIND N [says TEXT]
    Result<> expect_journal(const ScriptLine& line) {
        const Words& words = line.words;
        if (words.size() != 4 && (words.size() != 6 || words[4] != "says")) return unknown(line);
        EventQuery query;
        query.kind_prefix = words[2];
        query.limit = 100'000;
        const auto events = machine_.agent()->store().events(query);
        if (!events.ok()) return events.error();
        const auto is_meant = [&](const Event& event) {
            return words.size() == 4 || event.body.dump().find(words[5]) != std::string::npos;
        };
        const auto count = std::count_if(events.value().begin(), events.value().end(), is_meant);
        return expect_count(line, static_cast<size_t>(count), words[3]);
    }

    // expect agent up | agent down [because TEXT]
    Result<> expect_agent(const ScriptLine& line) {
        const Words& words = line.words;
        if (line.text == "expect agent down") {
            if (machine_.agent() != nullptr) fail(line, "it is up");
            return {};
        }
        if (line.text == "expect agent up") {
            if (machine_.agent() == nullptr) fail(line, "it is down: " + machine_.why_down());
            return {};
        }
        if (words.size() == 5 && words[1] == "agent" && words[2] == "down" &&
            words[3] == "because") {
            if (machine_.agent() != nullptr) fail(line, "it is up");
            if (machine_.why_down().find(words[4]) == std::string::npos) {
                fail(line, "it is down: " + machine_.why_down());
            }
            return {};
        }
        return unknown(line);
    }

    // expect remembered "PART" N: so many memories have this in them.
    Result<> expect_remembered(const ScriptLine& line) {
        const Json all = TRY(ask("GET", "/api/v1/brain/memories"));
        size_t count = 0;
        for (const Json& one : all["memories"].items()) {
            if (one.dump().find(line.words[2]) != std::string::npos) ++count;
        }
        return expect_count(line, count, line.words[3]);
    }

    // expect similar NAME N "PART" PROVENANCE: of the memories that came up for the newest incident
    // about NAME, so many have this in title, outcome or reasons and are of this provenance.
    Result<> expect_similar(const ScriptLine& line) {
        const auto incident = find(line.words[2]);
        if (!incident) return fail(line, "no incident about it"), Result<>();
        const Json shown = TRY(ask("GET", "/api/v1/incidents/" + incident->id));
        size_t count = 0;
        for (const Json& one : shown["similar"].items()) {
            const bool has_part = one.dump().find(line.words[4]) != std::string::npos;
            if (has_part && one["provenance"].as_string() == line.words[5]) ++count;
        }
        return expect_count(line, count, line.words[3]);
    }

    Result<> expect_evidence(const ScriptLine& line) {
        ++report_.expectations;
        const auto incident = find(line.words[2]);
        if (!incident || machine_.agent() == nullptr) return fail(line, "none"), Result<>();
        const std::string why =
            TRY(missing_evidence(line, machine_.agent()->store(), incident->id));
        if (!why.empty()) fail(line, why);
        return {};
    }

    Result<> expect_count(const ScriptLine& line, size_t count, const std::string& wanted) {
        if (wanted != std::to_string(count)) fail(line, "it was " + std::to_string(count));
        return {};
    }

    // expect incident NAME open|escalated|...|verified|self|human [level L] [entry E] [attempts N]
    // [reason TEXT]
    Result<> expect_incident(const ScriptLine& line) {
        const Words& words = line.words;
        const auto incident = find(words[2]);
        if (!incident) {
            fail(line, "there is none");
            return {};
        }
        const std::string state(name_of(incident->state));
        const std::string& wanted = words[3];
        const bool by = incident->state == IncidentState::resolved &&
                        ((wanted == "verified" && incident->resolved_by == "auto") ||
                         wanted == incident->resolved_by);
        if (state != wanted && !by && !(wanted == "unresolved" && incident->is_open())) {
            fail(line, "it is " + state +
                           (incident->resolved_by.empty() ? "" : " by " + incident->resolved_by) +
                           ": " + incident->reason);
        }
        for (size_t i = 4; i + 1 < words.size(); i += 2) {
            const std::string is = words[i] == "level"      ? incident->level
                                   : words[i] == "entry"    ? incident->entry
                                   : words[i] == "attempts" ? std::to_string(incident->attempts)
                                   : words[i] == "rule"     ? incident->rule
                                   : words[i] == "title"    ? incident->title
                                   : words[i] == "members"
                                       ? std::to_string(incident->members.size())
                                       : "?";
            if (is == "?") return unknown(line);
            if (is != words[i + 1]) fail(line, words[i] + " is '" + is + "'");
        }
        return {};
    }

    // expect told nothing | told "TEXT" once | told "TEXT" N times
    Result<> expect_told(const ScriptLine& line) {
        const Words& words = line.words;
        std::vector<std::string> told;
        for (const auto& sent : machine_.world().sent) told.push_back(sent.text);
        if (words[2] == "nothing") {
            if (!told.empty()) fail(line, "told: " + clip_end(told[0], 300));
            return {};
        }
        size_t count = 0;
        for (const std::string& text : told) {
            if (text.find(words[2]) != std::string::npos) ++count;
        }
        const std::string wanted = words.size() == 4 && words[3] == "once"    ? "1"
                                   : words.size() == 4 && words[3] == "never" ? "0"
                                   : words.size() == 5                        ? words[3]
                                                                              : "?";
        if (wanted == "?") return unknown(line);
        if (wanted != std::to_string(count)) {
            fail(line, std::to_string(count) + " times; all: " + clip_end(join(told, " | "), 600));
        }
        return {};
    }

    Result<> expect_status(const ScriptLine& line) {
        const Result<Json> service = ask("GET", "/api/v1/services/" + line.words[2]);
        if (!service.ok()) {
            fail(line, service.error().message);
        } else if (service.value()["status"].as_string() != line.words[3]) {
            fail(line, "it is " + service.value()["status"].as_string() + ": " +
                           service.value()["reason"].as_string());
        }
        return {};
    }

    const AskAgent asking_ = [this](const std::string& method, const std::string& path,
                                    const Json& body) { return ask(method, path, body); };
    std::string file_;
    Machine machine_;
    const ReadFile& read_file_;
    ScenarioReport report_;
    struct OrderedCrash {
        ScriptLine line;
        std::function<bool()> has_fired;
    };
    std::map<std::string, OrderedCrash> ordered_;  // by its kind
    std::string config_, runbook_ = "common_issues: []\n";
    bool started_ = false;
};

}  // namespace

Result<ScenarioReport> run_scenario(const std::string& text, const std::string& file, uint64_t seed,
                                    const ReadFile& read_file, KeepFiles keep_files) {
    const std::vector<ScriptLine> script = TRY(parse_script(text, file));
    return Run(file, seed, read_file).all(script, keep_files);
}

}  // namespace ops
