#include "expr/functions.h"

#include <array>

namespace ops::expr {
namespace {

using series::Answer;
using series::Samples;
using series::Window;
using Takes = Function::Takes;
using Of = Function::Of;
using Gives = Function::Gives;

constexpr std::string_view kCovered = "samples for 80 % of the window";
constexpr std::string_view kTwo = "2 samples";
constexpr std::string_view kTrend = "8 samples over a quarter of that time";

constexpr auto kFunctions = std::to_array<Function>({
    {"avg", "fact, window", Takes::fact_window, Of::quantity_or_boolean, Gives::share,
     "mean; of a boolean the share of time it was true, as a percentage", kCovered,
     [](Samples s, Window w, double) { return series::avg(s, w); }},
    {"min", "fact, window", Takes::fact_window, Of::quantity, Gives::same, "smallest value",
     kCovered, [](Samples s, Window w, double) { return series::min(s, w); }},
    {"max", "fact, window", Takes::fact_window, Of::quantity, Gives::same, "largest value",
     kCovered, [](Samples s, Window w, double) { return series::max(s, w); }},
    {"p50", "fact, window", Takes::fact_window, Of::quantity, Gives::same,
     "median: half of the samples are below", kCovered,
     [](Samples s, Window w, double) { return series::percentile(s, w, 0.50); }},
    {"p95", "fact, window", Takes::fact_window, Of::quantity, Gives::same,
     "95 % of the samples are below", kCovered,
     [](Samples s, Window w, double) { return series::percentile(s, w, 0.95); }},
    {"sum", "fact, window", Takes::fact_window, Of::quantity, Gives::same, "sum of the samples",
     kCovered, [](Samples s, Window w, double) { return series::sum(s, w); }},
    {"stddev", "fact, window", Takes::fact_window, Of::quantity, Gives::same,
     "standard deviation of the samples", kCovered,
     [](Samples s, Window w, double) { return series::stddev(s, w); }},
    {"rate", "fact, window", Takes::fact_window, Of::quantity, Gives::per_second,
     "growth of a counter per second; a counter that falls started again at 0", kTwo,
     [](Samples s, Window w, double) { return series::rate(s, w); }},
    {"delta", "fact, window", Takes::fact_window, Of::quantity, Gives::same,
     "newest value minus the value at the start of the window", kTwo,
     [](Samples s, Window w, double) { return series::delta(s, w); }},
    {"drop", "fact, window", Takes::fact_window, Of::quantity, Gives::percentage,
     "fall since the start of the window, in per cent of the value then; below 0 when it rose",
     kTwo, [](Samples s, Window w, double) { return series::drop(s, w); }},
    {"rise", "fact, window", Takes::fact_window, Of::quantity, Gives::percentage,
     "growth since the start of the window, in per cent of the value then; below 0 when it fell",
     kTwo, [](Samples s, Window w, double) { return series::rise(s, w); }},
    {"changed", "fact, window", Takes::fact_window, Of::anything, Gives::boolean,
     "whether it had two different values", "a change, or samples for 80 % of the window",
     [](Samples s, Window w, double) { return series::changed(s, w); }},
    {"count", "event, window", Takes::event_window, Of::anything, Gives::number,
     "how many such events there were", "nothing", nullptr},
    {"age", "event", Takes::event, Of::anything, Gives::duration,
     "time since the last such event", "1 event", nullptr},
    {"forecast", "fact, ahead", Takes::fact_ahead, Of::quantity, Gives::same,
     "value so far ahead, by the trend of as long a time back (1 h to 7 d)", kTrend,
     [](Samples s, Window w, double ahead) {
         return series::forecast(s, w, Duration(static_cast<int64_t>(ahead * 1000)));
     }},
    {"time_until", "fact, value", Takes::fact_value, Of::quantity, Gives::duration,
     "time until it reaches the value, by the trend of the last 6 h", kTrend,
     [](Samples s, Window w, double value) { return series::time_until(s, w, value); }},
    {"anomaly", "fact", Takes::fact, Of::quantity, Gives::number,
     "how unusual the newest value is for this time of day, a number: write `anomaly(fact) > 3.5`",
     "30 samples in 7 d",
     [](Samples s, Window w, double) {
         const series::JudgedAnomaly judged = series::judge_anomaly(s, w.end);
         if (!judged.anomaly) return Answer::unknown(judged.why_unknown);
         const double score = judged.anomaly->score;
         return Answer::of(score < 0 ? -score : score);
     }},
});

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
    for (const Function& function : kFunctions) {
        if (function.name == name) return &function;
    }
    return nullptr;
}

bool takes_event(const Function& function) {
    return function.takes == Takes::event || function.takes == Takes::event_window;
}

size_t arity(const Function& function) {
    return function.takes == Takes::fact || function.takes == Takes::event ? 1 : 2;
}

Duration window_of(const Function& function, Duration span) {
    switch (function.takes) {
        case Takes::fact_window:
        case Takes::event_window: return span;
        case Takes::fact_ahead: return series::forecast_window(span);
        case Takes::fact_value: return series::kTimeUntilWindow;
        case Takes::fact: return series::kAnomalyWindow;
        case Takes::event: break;
    }
    return Duration{0};
}

bool accepts(const Function& function, Type fact) {
    switch (fact) {
        case Type::number:
        case Type::percentage:
        case Type::duration:
        case Type::size: return true;
        case Type::boolean: return function.of != Of::quantity;
        case Type::string: return function.of == Of::anything;
        case Type::list:
        case Type::unknown: return false;
    }
    return false;
}

Type type_given(const Function& function, Type fact) {
    switch (function.gives) {
        case Gives::same: return fact;
        case Gives::share: return fact == Type::boolean ? Type::percentage : fact;
        // Seconds per second have no unit; other units stay and mean "per second".
        case Gives::per_second: return fact == Type::duration ? Type::number : fact;
        case Gives::number: return Type::number;
        case Gives::percentage: return Type::percentage;
        case Gives::duration: return Type::duration;
        case Gives::boolean: return Type::boolean;
    }
    return Type::unknown;
}

Value value_given(const Function& function, Type fact, double answer) {
    const Type type = type_given(function, fact);
    if (type == Type::boolean) return Value::boolean(answer != 0);
    const bool share = function.gives == Gives::share && fact == Type::boolean;
    return Value::quantity(type, share ? answer * 100 : answer);
}

}  // namespace ops::expr
