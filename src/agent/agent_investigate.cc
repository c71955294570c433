// From an incident that the runbook does not explain to a proposal for a person, with a model.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "expr/expr.h"
#include "patterns/quarantine.h"
#include "resolve/plan.h"
#include "runbook/alert_facts.h"
#include "runbook/diagnostics.h"

namespace ops {
namespace {

constexpr Duration kRecheckWait = std::chrono::seconds(6);  // for the answers to a re-check
constexpr Duration kTicketLife = std::chrono::seconds(30);

// Nothing is learned of what comes once: every word that is not ordinary is taken out.
EvidenceItem for_model(std::string source, std::string target, Time at, std::string text) {
    const Quarantined safe =
        quarantine({.source = source, .from = at, .to = at, .text = std::move(text)}, Templates(),
                   Reader::model);
    return {"", std::move(source), std::move(target), at, safe.text};
}

// What failed first is told in our words and with names of the inventory. Symptoms hold values of
// facts, which anybody may have pushed, changes and memories words of others: there only the name
// of an entry is ours.
EvidenceItem as_evidence(const Cause& cause, const Incident& incident, Time now) {
    const bool is_ours = cause.kind == CauseKind::upstream;
    const bool has_entry = cause.kind == CauseKind::entry || cause.kind == CauseKind::near_miss;
    const std::string head = std::string(name_of(cause.kind)) +
                             (has_entry ? " '" + cause.about + "'" : "") + ", " +
                             confidence_words(cause.to_json()) + "\n";
    const std::string told = cause.text + "\n" + join(cause.evidence, "\n");
    const Quarantined safe = quarantine({"possible cause", now, now, is_ours ? head + told : head},
                                        Templates(), Reader::person);
    return {"", "possible cause", incident.target, now,
            is_ours ? safe.text : safe.text + for_model("", "", now, told).text};
}

// What a model or its router says, for people: made harmless, secrets redacted, one line.
std::string told_by_model(const std::string& words) {
    const Quarantined safe = quarantine({"", {}, {}, words}, Templates(), Reader::person);
    return std::string(trim(printable(safe.text, Lines::flatten)));
}

}  // namespace

bool OpsAgent::may_investigate(const Case& the_case) const {
    const Incident& incident = the_case.incident;
    return !loaded_->settings.ai.models.empty() && watching_ && !the_case.is_investigated &&
           !the_case.investigation && !the_case.repair && incident.is_open() &&
           !incident.acknowledged && !the_case.is_folded && !systemic(incident.id) &&
           loaded_->settings.inventory.has_target(incident.target);
}

void OpsAgent::investigate(Case& the_case) {
    if (!may_investigate(the_case)) return;
    Gathering& gathering = the_case.gathering;
    if (!gathering.is_over) want_evidence(the_case);
    if (!gathering.is_over || gathering.waiting > 0) {  // it begins with all that there is
        gathering.then_investigate = true;
        if (gathering.waiting > 0) the_case.look_again = gathering.looks_until;
        return;
    }
    if (gathering.items.empty()) gather(the_case);  // in a storm there was no time for it
    const Time now = ports_.clock.now();
    the_case.is_investigated = true;
    the_case.investigation = std::make_unique<Investigation>(what_is_known(the_case), now);
    feed(the_case, InvestigationBegin{});
}

InvestigationCase OpsAgent::what_is_known(const Case& the_case) const {
    const Incident& incident = the_case.incident;
    const Inventory& inventory = loaded_->settings.inventory;
    InvestigationCase known;
    known.incident = incident.id;
    known.target = incident.target;
    known.title = the_case.outside ? for_model("", "", {}, incident.title).text : incident.title;
    known.calls = loaded_->settings.ai.calls;
    const Facts facts = detector_->facts(incident.target, ports_.clock.now());
    for (const Fact& fact : facts.all()) known.facts.push_back(fact.name);
    known.evidence = evidence_for_model(the_case);
    for (const std::string& look : the_case.gathering.looked) {
        const auto item = std::find_if(known.evidence.begin(), known.evidence.end(),
                                       [&](const EvidenceItem& one) { return one.source == look; });
        known.looked.emplace_back(look, item == known.evidence.end() ? "no answer" : item->id);
    }
    for (const Cause& cause : the_case.causes) {
        known.evidence.push_back(as_evidence(cause, incident, ports_.clock.now()));
    }
    for (const Entry& entry : loaded_->runbook.entries) {
        const bool is_usable = entry.enabled && entry.autonomy != Autonomy::shadow;
        const bool is_spent = the_case.entry && the_case.entry->name == entry.name;
        // What speaks of alerts fits none but theirs.
        if (!the_case.outside && reads_alert(entry)) continue;
        if (is_usable && !is_spent && may_match(entry, incident.target, inventory)) {
            known.entries.push_back(entry.name);
        }
    }
    for (const std::string& id : diagnostics_of(incident.target)) {
        for (const Diagnostic& one : diagnostics()) {
            if (one.id == id) known.diagnostics.emplace_back(id, one.help);
        }
    }
    return known;
}

void OpsAgent::feed(Case& the_case, const InvestigationInput& input) {
    if (!the_case.investigation) return;
    const InvestigationOrder order = the_case.investigation->take(input, ports_.clock.now());
    for (const std::string& why : the_case.investigation->take_refusals()) {
        note("model.refused", &the_case, the_case.incident.target,
             Json::object({{"reason", told_by_model(why)}}));
    }
    carry_out(the_case, order);
}

void OpsAgent::carry_out(Case& the_case, const InvestigationOrder& order) {
    if (const auto* ask = std::get_if<AskModel>(&order)) {
        ask_model(the_case, ask->prompt);
    } else if (const auto* look = std::get_if<RunDiagnostic>(&order)) {
        run_diagnostic(the_case, *look);
    } else if (const auto* check = std::get_if<CheckPrediction>(&order)) {
        // The checks are asked anew; what they say counts, not what was known when it was said.
        the_case.prediction = check->prediction;
        recheck(the_case.incident.target, false);
        if (the_case.incident.host != the_case.incident.target)
            recheck(the_case.incident.host, false);
        the_case.look_again = ports_.clock.now() + kRecheckWait;
    } else if (const auto* wait = std::get_if<WaitUntil>(&order)) {
        the_case.look_again = wait->at;
    } else if (const auto* end = std::get_if<Concluded>(&order)) {
        concluded(the_case, *end);
    }
}

// --- the model ---

void OpsAgent::ask_model(Case& the_case, const Prompt& prompt) {
    const AiSettings& ai = loaded_->settings.ai;
    const auto allowance = spending_.allowance(ai, prompt, ports_.clock.now());
    if (allowance.models.empty()) {
        return feed(the_case, ModelAnswered{std::nullopt, allowance.why_not, allowance.again_at});
    }
    CallModel call{{}, prompt};
    for (const size_t index : allowance.models) call.models.push_back(ai.models[index]);
    deferred_.push_back({the_case.incident.id, std::move(call), 0});
}

void OpsAgent::start_asking(const std::string& incident, const CallModel& call) {
    const bool taken = ports_.workers.submit([ports = ports_, incident, call] {
        Llm llm(ports.http, ports.files, ports.clock);
        ports.post(ModelReplied{incident, llm.ask(call.models, call.prompt)});
    });
    if (taken) return;
    if (Case* the_case = find_case(incident)) {
        feed(*the_case, ModelAnswered{std::nullopt, "the workers are all busy",
                                      ports_.clock.now() + std::chrono::seconds(5)});
    }
}

void OpsAgent::on_replied(const ModelReplied& replied) {
    Case* the_case = find_case(replied.incident);
    for (const Try& made : replied.tries) {
        Json body = made.to_json();
        if (made.error) body.set("error", told_by_model(made.error->message));
        body.set("cost_usd", dollars(made.cost));
        body.set("tokens", made.input_tokens + made.output_tokens);
        Event event;
        event.kind = "model.called";
        event.incident = replied.incident;  // paid for, whether or not the incident is still open
        event.target = the_case == nullptr ? "" : the_case->incident.target;
        event.body = std::move(body);
        append(std::move(event));
    }
    if (!replied.tries.empty()) note_model(replied.incident, replied.tries.back().error);
    if (the_case == nullptr || replied.tries.empty()) return;
    const Try& last = replied.tries.back();
    ModelAnswered answer{last.answer, last.error ? last.error->message : "", std::nullopt};
    const bool is_worth_it = last.error && last.error->fault != Fault::denied;
    if (is_worth_it) answer.again_at = ports_.clock.now() + std::chrono::seconds(5);
    feed(*the_case, answer);
}

// --- diagnostics ---

void OpsAgent::run_diagnostic(Case& the_case, const RunDiagnostic& wanted) {
    Result<Ticket> ticket = order_look(the_case, wanted);
    if (!ticket.ok()) {
        return feed(the_case,
                    DiagnosticDone{wanted.diagnostic, std::nullopt, ticket.error().message});
    }
    deferred_.push_back(
        {the_case.incident.id, LookCloser{std::move(ticket).value(), wanted.diagnostic, false}, 0});
}

Result<Ticket> OpsAgent::order_look(Case& the_case, const RunDiagnostic& wanted) {
    const std::string& target = the_case.incident.target;
    const Inventory& inventory = loaded_->settings.inventory;
    const auto entry = diagnostic_entry(wanted.diagnostic, target, inventory);
    if (!entry) return Error{Fault::invalid, "it cannot be run for '" + target + "'"};
    const PlannedCommand planned =
        TRY(plan_command(*entry, TicketKind::collect, 0, wanted.run, target, inventory));
    Ticket ticket;
    ticket.kind = TicketKind::collect;
    ticket.incident = the_case.incident.id;
    ticket.entry = entry->name;
    ticket.entry_sha256 = entry->sha256;
    ticket.sub = wanted.run;
    ticket.target = target;
    ticket.epoch = epoch_;
    ticket.not_after = ports_.clock.now() + kTicketLife;
    ticket.argv_sha256 = planned.argv_sha256;
    ticket.systemic = systemic(the_case.incident.id);
    note("evidence.asked", &the_case, target,
         Json::object({{"diagnostic", wanted.diagnostic},
                       {"action", step_key(ticket)},
                       {"argv", Json::of_strings(planned.argv)},
                       {"argv_sha256", ticket.argv_sha256}}));
    return ticket;
}

void OpsAgent::start_looking(const std::string& incident, const LookCloser& look) {
    const bool taken = ports_.workers.submit([ports = ports_, incident, look] {
        ports.post(DiagnosticReplied{incident, look.diagnostic,
                                     ports.executors.execute(look.ticket), look.at_opening});
    });
    if (taken) return;
    ports_.post(DiagnosticReplied{incident, look.diagnostic,
                                  Error{Fault::unavailable, "the workers are all busy"},
                                  look.at_opening});
}

void OpsAgent::on_replied(const DiagnosticReplied& replied) {
    if (replied.at_opening) return looked(replied);
    Case* the_case = find_case(replied.incident);
    if (the_case == nullptr || !the_case->investigation) return;
    DiagnosticDone done{replied.diagnostic, std::nullopt, ""};
    if (!replied.reply.ok()) {
        done.refused = replied.reply.error().message;
    } else if (const TicketReply& reply = replied.reply.value(); !reply.exit) {
        done.refused = reply.reason;
    } else {
        done.item = for_model(replied.diagnostic, the_case->incident.target, ports_.clock.now(),
                              reply.exit->output);
        if (trim(done.item->text).empty()) done.item->text = "(it printed nothing)";
        add_printed(*the_case, replied.diagnostic, *reply.exit);
    }
    feed(*the_case, done);
}

// --- what it predicts, and what comes out ---

void OpsAgent::check_prediction(Case& the_case) {
    const Prediction prediction = *std::exchange(the_case.prediction, std::nullopt);
    const std::string& target = the_case.incident.target;
    const Facts facts = detector_->facts(target, ports_.clock.now());
    const Value* const value = facts.find(prediction.fact);
    PredictionChecked checked{PredictionChecked::Is::unknown,
                              prediction.fact + " is " + (value ? value->print() : "not known")};
    const TargetNames names(loaded_->settings);
    const expr::Parsed parsed = expr::parse_condition(prediction.print(), names);
    if (!parsed.expression) {
        checked.words = parsed.problems.empty() ? "it is no condition" : parsed.problems[0].message;
        return feed(the_case, checked);
    }
    const Value outcome = evaluate(*parsed.expression, target);
    if (expr::holds(outcome)) {
        checked.is = PredictionChecked::Is::so;
    } else if (!outcome.is_unknown()) {
        checked.is = PredictionChecked::Is::not_so;
    }
    feed(the_case, checked);
}

void OpsAgent::concluded(Case& the_case, const Concluded& concluded) {
    const std::string target = the_case.incident.target;
    const int calls = the_case.investigation->calls();
    the_case.investigation.reset();
    the_case.look_again.reset();
    the_case.prediction.reset();
    const Hypothesis hypothesis = concluded.hypothesis.value_or(Hypothesis());
    constexpr std::array<std::string_view, 3> kHow{"proposed", "cause", "unknown"};
    note("incident.investigated", &the_case, target,
         Json::object({{"how", kHow.at(static_cast<size_t>(concluded.how))},
                       {"cause", told_by_model(hypothesis.cause)},
                       {"evidence", Json::of_strings(hypothesis.evidence)},
                       {"claimed", hypothesis.claimed},
                       {"entry", hypothesis.entry.value_or("")},
                       {"predicts", hypothesis.prediction ? hypothesis.prediction->print() : ""},
                       {"reason", told_by_model(concluded.reason)},
                       {"calls", calls}}));
    if (concluded.how == Concluded::How::unknown) return;
    if (concluded.how == Concluded::How::proposed) propose(the_case, hypothesis);
}

// A person decides: the repair waits for a yes whatever the entry and the mode say.
void OpsAgent::propose(Case& the_case, const Hypothesis& hypothesis) {
    const Entry* const entry =
        hypothesis.entry ? loaded_->runbook.find(*hypothesis.entry) : nullptr;
    const bool is_free = !the_case.repair && !the_case.incident.acknowledged && !the_case.cleared;
    if (entry == nullptr || !is_free) return;
    note("incident.diagnosed", &the_case, the_case.incident.target,
         Json::object({{"entry", entry->name},
                       {"cause", "a model proposes it; what it predicted is so"},
                       {"confidence", 0.0},  // nothing is known yet of how often it is right
                       {"causes", causes_json(the_case.causes)},
                       {"proposed", true}}));
    the_case.entry = *entry;
    start_repair(the_case);
}

}  // namespace ops
