// The functions of the language: one row each, from which the checker, the evaluator and the manual
// (docs/language.md, compared by a test) take what they need. A new function is a row in
// functions.cc and a tests/expr/*.test.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/value.h"
#include "series/series.h"

namespace ops::expr {

struct Function {
    enum class Takes { fact_window, fact_ahead, fact_value, fact, event_window, event };
    enum class Of { quantity, quantity_or_boolean, anything };  // types of fact
    enum class Gives { same, share, per_second, number, percentage, duration, boolean };
    // `argument`: seconds ahead, or the value asked for, or 0.
    using Compute = series::Answer (*)(series::Samples, series::Window, double argument);

    std::string_view name;
    std::string_view arguments;  // "fact, window"
    Takes takes;
    Of of;
    Gives gives;
    std::string_view help;
    std::string_view needs;  // the least history it answers from
    Compute compute;         // null for functions of events
};

std::span<const Function> functions();
const Function* find_function(std::string_view name);  // null when there is none

bool takes_event(const Function& function);
size_t arity(const Function& function);
// How far back it looks, given its second argument where that is a time.
Duration window_of(const Function& function, Duration span);
bool accepts(const Function& function, Type fact);
// Requires: accepts(function, fact), or fact is unknown.
Type type_given(const Function& function, Type fact);
// What an answer over samples of such a fact is as a value.
Value value_given(const Function& function, Type fact, double answer);

}  // namespace ops::expr
