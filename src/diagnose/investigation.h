// Investigation: looks into one incident that no entry of the runbook explains, with a model that
// proposes and with checks that decide. A pure state machine, fed with what happened (take) and
// carried out by the agent, as Repair is.
//
// The model is given evidence, each piece with an id, and may ask for diagnostics by id. It ends
// with a Hypothesis, which is believed only so far: its evidence must exist, and what it predicts
// must be so when the checks are asked anew. What comes out is a proposal for a person; never an
// action.
//
// Invariants: at most `calls` calls; none offers diagnostics with the last; a diagnostic that was
// run is not run again until something changed; it ends within `patience` of its beginning,
// whatever the model does. It decides neither approval nor severity nor that anything is resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "diagnose/hypothesis.h"
#include "model/prompt.h"

namespace ops {

// A piece of what is known. Its text went through the quarantine: it is still not to be believed.
struct EvidenceItem {
    std::string id;      // "e1", in the order found
    std::string source;  // "facts", "events", "runbook", or a diagnostic's id
    std::string target;
    Time at{};
    std::string text;
};

struct InvestigationCase {
    std::string incident, target, title;
    std::vector<EvidenceItem> evidence;                            // known at the beginning
    std::vector<std::string> entries;                              // that may be proposed
    std::vector<std::pair<std::string, std::string>> diagnostics;  // id, what it shows
    // Those that were run before it began, and the id of the evidence they gave.
    std::vector<std::pair<std::string, std::string>> looked;
    std::vector<std::string> facts;  // known of the target: predictions are about these
    int calls = 8;
    Duration patience = std::chrono::minutes(5);
};

// --- what it is told ---
struct InvestigationBegin {};
struct InvestigationTime {};
struct ModelAnswered {
    std::optional<Completion> completion;
    std::string error;             // when there is none
    std::optional<Time> again_at;  // a call may be made then
};
struct DiagnosticDone {
    std::string diagnostic;
    std::optional<EvidenceItem> item;  // without its id
    std::string refused;               // why there is none
};
struct PredictionChecked {
    enum class Is { so, not_so, unknown };
    Is is = Is::unknown;
    std::string words;  // "disk_usage is 42"
};
// The target's checks said something new: a diagnostic may be worth another look.
struct SomethingChanged {};
using InvestigationInput = std::variant<InvestigationBegin, InvestigationTime, ModelAnswered,
                                        DiagnosticDone, PredictionChecked, SomethingChanged>;

// --- what it orders, one at a time ---
struct AskModel {
    Prompt prompt;
};
struct RunDiagnostic {
    std::string diagnostic;
    int run = 0;  // from 0: how often it was run before
};
struct CheckPrediction {
    Prediction prediction;
};
struct WaitUntil {
    Time at;
};
struct Concluded {
    enum class How {
        proposed,  // an entry, whose prediction holds
        cause,     // a cause without a remedy in the runbook
        unknown,   // it gave up, or was given up
    };
    How how = How::unknown;
    std::optional<Hypothesis> hypothesis;
    std::string reason;  // of unknown
};
using InvestigationOrder =
    std::variant<std::monostate, AskModel, RunDiagnostic, CheckPrediction, WaitUntil, Concluded>;

class Investigation {
public:
    Investigation(InvestigationCase the_case, Time now);
    InvestigationOrder take(const InvestigationInput& input, Time now);

    const InvestigationCase& the_case() const { return case_; }
    bool is_over() const { return is_over_; }
    int calls() const { return calls_; }
    // Answers that were refused, oldest first: for the journal. Empties the list.
    std::vector<std::string> take_refusals();

private:
    InvestigationOrder ask(Time now);
    InvestigationOrder answered(const ModelAnswered& answer, Time now);
    InvestigationOrder next_look(Time now);
    InvestigationOrder read(std::string_view text, Time now);
    InvestigationOrder refuse(const std::string& why, Time now);
    InvestigationOrder checked(const PredictionChecked& checked, Time now);
    InvestigationOrder give_up(std::string reason);
    std::string first_words() const;
    Choices choices() const;

    InvestigationCase case_;
    Time began_;
    bool is_over_ = false;
    int calls_ = 0;
    int failures_ = 0;  // calls in a row without an answer
    std::vector<Turn> turns_;
    std::vector<ToolCall> looks_;  // of the last answer, not yet done
    size_t next_look_ = 0;
    std::vector<std::pair<std::string, std::string>> results_;  // of those done
    struct Run {
        int times = 0;
        bool is_fresh = false;  // nothing changed since
        std::string id;         // of what it gave
    };
    std::vector<std::pair<std::string, Run>> runs_;  // by diagnostic
    std::optional<Hypothesis> hypothesis_;           // whose prediction is being checked
    std::vector<std::string> refusals_;
    std::vector<std::string> ids_;  // of the evidence
};

}  // namespace ops
