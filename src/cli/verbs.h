// The verbs of the command line: one row each in verbs.cc, one function each. The table makes the
// help, so a verb and its manual cannot differ.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cli/terminal.h"

namespace ops {

// Exit codes of product.md 2.
inline constexpr int kFine = 0, kUnwell = 1, kUsage = 2, kNoAgent = 3, kBug = 70;

struct Invocation {
    std::string config_file;  // given by --config, or found; empty: there is none
    bool config_given = false;
    bool json = false;
    Time now{};                                  // when it was called, or --now
    std::vector<std::string> words;              // after the verb
    std::map<std::string, std::string> options;  // "--note" -> text; a flag is "true"

    std::string option(std::string_view name, std::string_view otherwise = "") const;
    bool flag(std::string_view name) const { return option(name) == "true"; }
};

struct OptionHelp {
    std::string_view name;   // "--note"
    std::string_view value;  // "TEXT"; empty: a flag
    std::string_view help;
};
struct Verb {
    std::string_view name;
    std::string_view words;  // "ID", "[NAME...]": what comes after it
    int least_words, most_words;
    std::string_view help;
    std::string_view example;
    std::vector<OptionHelp> options;
    bool hidden = false;
    int (*run)(const Invocation& invocation, Terminal& terminal);
};
std::span<const Verb> verbs();

// What each verb does; a file a family.
int verb_run(const Invocation&, Terminal&);  // verb_run.cc
int verb_executor(const Invocation&, Terminal&);
int verb_prober(const Invocation&, Terminal&);
int verb_lint(const Invocation&, Terminal&);     // verb_lint.cc
int verb_check(const Invocation&, Terminal&);    // verb_check.cc
int verb_eval(const Invocation&, Terminal&);     // verb_ask.cc
int verb_inspect(const Invocation&, Terminal&);  // verb_inspect.cc
int verb_predictions(const Invocation&, Terminal&);
int verb_simulate(const Invocation&, Terminal&);  // verb_simulate.cc
int verb_status(const Invocation&, Terminal&);    // verb_look.cc
int verb_incidents(const Invocation&, Terminal&);
int verb_show(const Invocation&, Terminal&);
int verb_actions(const Invocation&, Terminal&);
int verb_alerts(const Invocation&, Terminal&);
int verb_report(const Invocation&, Terminal&);
int verb_approve(const Invocation&, Terminal&);  // verb_act.cc
int verb_reject(const Invocation&, Terminal&);
int verb_ack(const Invocation&, Terminal&);
int verb_resolve(const Invocation&, Terminal&);
int verb_silence(const Invocation&, Terminal&);  // verb_silence.cc
int verb_silences(const Invocation&, Terminal&);
int verb_unsilence(const Invocation&, Terminal&);
int verb_maintenance(const Invocation&, Terminal&);
int verb_pause(const Invocation&, Terminal&);
int verb_resume(const Invocation&, Terminal&);
int verb_notify(const Invocation&, Terminal&);
int verb_candidates(const Invocation& invocation, Terminal& terminal);  // of `runbook`
int verb_runbook(const Invocation&, Terminal&);                         // verb_runbook.cc
int verb_brain(const Invocation&, Terminal&);                           // verb_brain.cc
int verb_replay(const Invocation&, Terminal&);                          // verb_replay.cc
int verb_init(const Invocation&, Terminal&);                            // verb_init.cc
int verb_doctor(const Invocation&, Terminal&);                          // verb_doctor.cc
int verb_audit(const Invocation&, Terminal&);                           // verb_audit.cc
int verb_rebuild(const Invocation&, Terminal&);
int verb_version(const Invocation&, Terminal&);  // verbs.cc

}  // namespace ops
