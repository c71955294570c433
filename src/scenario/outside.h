// What lines of a scenario say of those outside who answer (language models, channels) or speak
// (logs), and what was written down of them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "record/store.h"
#include "scenario/script.h"
#include "sim/world.h"

namespace ops {

Result<int> number_of(const std::string& word);

// `service NAME CONDITION`, `service NAME restart BEHAVIOUR`.
std::optional<sim::Condition> parse_condition(const std::string& word);
std::optional<sim::RestartBehaviour> parse_behaviour(const std::string& word);
Result<double> percent_of(std::string word);  // 80% or 80

// model answers, and the text indented below | model looks DIAGNOSTIC |
// model refuses|rambles|breaks-off|truncates|garbles|says-nothing. Nothing: it cannot be
// understood.
std::optional<sim::World::ModelAnswer> said_by_model(const ScriptLine& line);

// channel WHERE ok | WHERE fails|hangs|refuses N | WHERE busy N for RETRY-AFTER |
// WHERE answers STATUS N [for RETRY-AFTER]
std::optional<sim::World::SendFailure> failure_of_channel(const ScriptLine& line);

// press WHERE LABEL [as ID] [in message N]: a button of the newest message, or of the N-th, that
// came to the channel whose URL holds WHERE.
Result<> press_in_chat(const ScriptLine& line, sim::World& world);

// file NAME TEXT: beside the configuration.
Result<> write_beside(const ScriptLine& line, sim::World& world);

// expect toast TEXT: what is not as expected; empty when it is.
std::string missing_toast(const ScriptLine& line, const sim::World& world);

// outside-brain knows TITLE TEXT
Result<> teach_outside_brain(const ScriptLine& line, sim::World& world);

// log PATH says "TEXT" [N times]; in TEXT \e is the escape character, {N} counts lines.
Result<> say_in_log(const ScriptLine& line, sim::World& world);

// alert firing|resolved NAME [LABEL=VALUE ...] [N times] [from SOURCE]: what another monitor posts,
// and where. In values {N} counts.
struct Posted {
    std::string path;
    Json body;
};
Result<Posted> alert_post(const ScriptLine& line, Time now);
// event KIND [SERVICE [VERSION]]. Requires: a KIND.
Posted event_post(const ScriptLine& line);

// access port N PROGRAM | access account NAME | access key ACCOUNT KEY: one more way in, from now
// on.
Result<> change_access(const ScriptLine& line, sim::World& world);

// expect evidence NAME SOURCE ["TEXT"] | expect evidence NAME SOURCE never "TEXT": what is not as
// expected among the evidence of this incident; empty when it is.
Result<std::string> missing_evidence(const ScriptLine& line, Store& store,
                                     const std::string& incident);

}  // namespace ops
