// Llm: answers a Prompt through one of the configured language models.
//
// Nothing depends on it: with no model, a slow one, one that rambles or one whose budget is spent,
// known problems are repaired and people are told all the same (safety.md, section 4).
//
// A call is blocking and happens on a worker; it is decided before on the deciding thread
// (Spending): what it may cost at most is known and fits into what the incident and the day have
// left. Every try is told with its tokens, money and time, whether it gave an answer or not.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "config/ai_settings.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/http.h"
#include "model/prompt.h"

namespace ops {

double dollars(NanoDollars money);

// --- one try ---

// A way of speaking: one file and one row each.
struct Wire {
    std::string_view name;
    HttpRequest (*ask)(const ModelSettings& model, const Prompt& prompt, std::string_view key);
    // Of a reply with status 200: the answer, or why it is none (Fault::invalid: malformed,
    // Fault::unavailable: it broke off, or an error came in the stream).
    Result<Completion> (*read)(const HttpReply& reply);
};
std::span<const Wire> wires();
const Wire* find_wire(std::string_view name);

struct Try {
    std::string model;  // ModelSettings::name
    std::optional<Completion> answer;
    std::optional<Error> error;                   // when there is no answer
    RetryAfter rest;                              // the other side asked to be left alone so long
    int64_t input_tokens = 0, output_tokens = 0;  // as counted, or at least estimated
    bool estimated = false;
    NanoDollars cost = 0;
    Duration took{};
    Json to_json() const;  // body of the event model.called
};

// Before a call nobody has counted: a token of what we send is taken for three bytes (English prose
// has four, JSON about three). Afterwards the other side's count is what counts.
int64_t estimated_input_tokens(const Prompt& prompt);
// With an answer as long as it may be.
NanoDollars most_cost(const ModelSettings& model, const Prompt& prompt);

// --- deciding ---

// What was spent, a fold over model.called events; and who may be asked now. Pure.
class Spending {
public:
    // `allowed` are the models to ask, in order; empty: none, and why.
    struct Allowance {
        std::vector<size_t> models;
        std::string why_not;
        std::optional<Time> again_at;  // when waiting would help: every model rests until then
    };
    Allowance allowance(const AiSettings& ai, const Prompt& prompt, Time now) const;

    // An event model.called, of the journal or just made.
    void note(std::string_view incident, const Json& body, Time at);
    // The incident is over: what it spent still counts for the day.
    void forget(std::string_view incident);

    struct Sum {
        int calls = 0;
        int64_t tokens = 0;
        NanoDollars cost = 0;
    };
    Sum of_incident(std::string_view incident) const;
    Sum of_day(Time now) const;  // the last 24 hours

private:
    struct Spent {
        Time at;
        int64_t tokens;
        NanoDollars cost;
    };
    std::map<std::string, Sum, std::less<>> incidents_;
    std::vector<Spent> day_;
    std::map<std::string, Time, std::less<>> rests_;  // by model
};

// --- asking (blocking, on a worker) ---

class Llm {
public:
    Llm(Http& http, Files& files, Clock& clock) : http_(http), files_(files), clock_(clock) {}
    // Asks the models in this order until one answers. The tries, in order; only the last can have
    // an answer. A refusal is an answer: nobody else is asked.
    std::vector<Try> ask(const std::vector<ModelSettings>& models, const Prompt& prompt);

private:
    Try try_one(const ModelSettings& model, const Prompt& prompt);
    Http& http_;
    Files& files_;
    Clock& clock_;
};

}  // namespace ops
