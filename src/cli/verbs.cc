#include "cli/verbs.h"

#include "cli/version.h"

namespace ops {

std::string Invocation::option(std::string_view name, std::string_view otherwise) const {
    const auto found = options.find(std::string(name));
    return found == options.end() ? std::string(otherwise) : found->second;
}

int verb_version(const Invocation& invocation, Terminal& terminal) {
    if (invocation.json) {
        terminal.line(std::string("{\"version\":\"") + kVersion + "\",\"commit\":\"" + kCommit +
                      "\",\"build\":\"" + kBuild + "\"}");
    } else {
        terminal.line(std::string("ops-agent ") + kVersion + " (commit " + kCommit + ", " + kBuild + ")");
    }
    return kFine;
}

std::span<const Verb> verbs() {
    static const std::vector<OptionHelp> kSince = {
        {"--since", "SPAN", "only what is newer: 7d, 12h, or a date-time"},
        {"--service", "NAME", "only what is about this target"},
        {"--limit", "N", "at most so many, newest first"}};
    static const std::vector<OptionHelp> kNote = {{"--note", "TEXT", "what was done, in a line"},
                                                  {"--by", "NAME", "who says so; default: you"}};
    static const std::vector<OptionHelp> kBy = {{"--by", "NAME", "who says so; default: you"}};
    static const std::vector<Verb> kVerbs = {
        {"init", "", 0, 0, "look at this machine and write a starter ops-agent.yaml and runbook.yaml",
         "ops-agent init --write", {{"--write", "", "write the files here; without it they are printed"}}, false, verb_init},
        {"lint", "", 0, 0, "check configuration and runbook: every problem with its place",
         "ops-agent lint --config /etc/ops-agent/ops-agent.yaml", {}, false, verb_lint},
        {"check", "", 0, 0, "run every check once and print the health report", "ops-agent check --json", {}, false, verb_check},
        {"run", "", 0, 0, "watch, repair and tell, in the foreground", "ops-agent run",
         {{"--debug", "", "log more"}}, false, verb_run},
        {"status", "", 0, 0, "how everything is right now", "ops-agent status", {}, false, verb_status},
        {"incidents", "", 0, 0, "what went wrong, newest first", "ops-agent incidents --since 7d --state open",
         {{"--since", "SPAN", "only what is newer: 7d, 12h, or a date-time"},
          {"--service", "NAME", "only what is about this target"},
          {"--state", "STATE", "open, escalated, resolved ...; several with commas"},
          {"--limit", "N", "at most so many, newest first"}}, false, verb_incidents},
        {"show", "ID", 1, 1, "one incident: what was seen, thought, done and told", "ops-agent show inc-5pz3f8xv37", {}, false, verb_show},
        {"actions", "", 0, 0, "what was done, newest first", "ops-agent actions --since 1d", kSince, false, verb_actions},
        {"alerts", "", 0, 0, "who was told what, newest first", "ops-agent alerts --since 1d", kSince, false, verb_alerts},
        {"report", "", 0, 0, "what happened, in numbers", "ops-agent report --since 7d",
         {{"--since", "SPAN", "how far back; default 7d"}}, false, verb_report},
        {"approve", "ID", 1, 1, "say yes to the action that an incident waits for", "ops-agent approve inc-5pz3f8xv37",
         {{"--by", "NAME", "who says so; default: you"}, {"--yes", "", "do not ask again"}}, false, verb_approve},
        {"reject", "ID", 1, 1, "say no to it", "ops-agent reject inc-5pz3f8xv37", kBy, false, verb_reject},
        {"ack", "ID", 1, 1, "I have seen it and take over: no new attempts, no more reminders", "ops-agent ack inc-5pz3f8xv37", kNote, false, verb_ack},
        {"resolve", "ID", 1, 1, "I have repaired it; the note is remembered", "ops-agent resolve inc-5pz3f8xv37 --note 'replaced the cable'", kNote, false, verb_resolve},
        {"silence", "NAME DURATION", 2, 2, "tell nothing about a target (or worker_*) for a while", "ops-agent silence 'worker_*' 2h", kBy, false, verb_silence},
        {"pause", "", 0, 0, "the kill switch: no action starts from now on", "ops-agent pause", kBy, false, verb_pause},
        {"resume", "", 0, 0, "actions may start again", "ops-agent resume", kBy, false, verb_resume},
        {"eval", "EXPR", 1, 1, "evaluate a symptom now, with the value of every part", "ops-agent eval 'disk_usage > 90%' --service alien",
         {{"--service", "NAME", "the target it is about"}}, false, verb_eval},
        {"runbook", "list|test", 1, 1, "list the entries, or run the runbook's own tests", "ops-agent runbook test", {}, false, verb_runbook},
        {"simulate", "[FILE.scn]", 0, 1, "run a scenario, or a seed, in the simulated world", "ops-agent simulate outage.scn",
         {{"--seed", "N", "a made-up company and a day of bad luck"}, {"--count", "N", "so many seeds from --seed on"},
          {"--verbose", "", "print what the agent said"}}, false, verb_simulate},
        {"notify", "test CHANNEL", 2, 2, "send a test alert and say what the other side answered", "ops-agent notify test mail", {}, false, verb_notify},
        {"doctor", "", 0, 0, "what would stop it working: permissions, ssh, channels, clock, disk", "ops-agent doctor", {}, false, verb_doctor},
        {"audit", "verify", 1, 1, "check the hash chain of the journal", "ops-agent audit verify",
         {{"--head", "HASH", "a hash noted earlier that must be in the chain"}}, false, verb_audit},
        {"rebuild", "", 0, 0, "make incidents and actions anew from the journal, or compare", "ops-agent rebuild --compare",
         {{"--compare", "", "change nothing, list differences"}}, false, verb_rebuild},
        {"version", "", 0, 0, "version, commit, build", "ops-agent version", {}, false, verb_version},
        {"executor", "", 0, 0, "the process that acts; started by systemd or by run", "ops-agent executor --socket /run/ops-agent/executor.sock",
         {{"--socket", "PATH", "where to listen"}, {"--listening-fd", "N", "given by run"}, {"--life-fd", "N", "given by run"},
          {"--allow-uid", "N", "another user that may speak to it"}, {"--transient-units", "", "each step in a systemd unit of its own"}}, true, verb_executor},
    };
    return kVerbs;
}

}  // namespace ops
