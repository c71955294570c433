#include "resolve/recover.h"

#include <array>

namespace ops {
namespace {

constexpr std::array<std::string_view, 4> kFound{"never seen", "outcome on disk",
                                                 "seen, outcome unknown", "still running"};
constexpr std::array<std::string_view, 7> kActs{"run",
                                                "run again",
                                                "use the outcome",
                                                "wait",
                                                "verify, else one more attempt",
                                                "verify, else escalate",
                                                "ask again"};

// Rows: Found; columns: Effect read, idempotent, once. The page is safety.md, section 2.
constexpr RecoverAct kTable[4][3] = {
    {RecoverAct::run, RecoverAct::run, RecoverAct::run},
    {RecoverAct::use_outcome, RecoverAct::use_outcome, RecoverAct::use_outcome},
    {RecoverAct::run_again, RecoverAct::verify_else_retry, RecoverAct::verify_else_escalate},
    {RecoverAct::wait, RecoverAct::wait, RecoverAct::wait},
};

}  // namespace

std::string_view name_of(Found found) { return kFound.at(static_cast<size_t>(found)); }
std::string_view name_of(RecoverAct act) { return kActs.at(static_cast<size_t>(act)); }

Found found_of(const Seen& seen) {
    switch (seen.what) {
        case Seen::What::never: return Found::never_seen;
        case Seen::What::done: return Found::outcome;
        case Seen::What::running: return Found::still_running;
        case Seen::What::unknown: break;
    }
    return Found::seen_unknown;
}

RecoverAct recover(Found found, Effect effect, bool approval_stands) {
    if (found == Found::never_seen && !approval_stands) return RecoverAct::ask_again;
    return kTable[static_cast<size_t>(found)][static_cast<size_t>(effect)];
}

std::vector<Unsettled> unsettled(const std::vector<Action>& actions) {
    std::vector<Unsettled> list;
    for (const Action& action : actions) {
        if (action.state != "intent") continue;
        list.push_back({action.id, action.incident, action.intent["http"].as_bool()});
    }
    return list;
}

}  // namespace ops
