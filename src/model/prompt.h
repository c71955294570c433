// Prompt and Completion: one exchange with a language model, whoever carries it. What a model says
// is untrusted text (docs/safety): it becomes something only through the checks of diagnose/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace ops {

// Something the model may ask for instead of answering; `parameters` is the JSON Schema of an
// object.
struct Tool {
    std::string name;
    std::string description;
    Json parameters;
};

struct ToolCall {
    std::string id;  // of the model's making; the result carries it back
    std::string name;
    Json arguments;  // an object
    bool operator==(const ToolCall&) const = default;
};

// One side's turn: what we told, or what the model answered.
struct Turn {
    enum class Who { us, model };
    Who who = Who::us;
    std::string text;
    std::vector<ToolCall> calls;  // of the model
    // Of us: the results of the model's last calls, each with its id.
    std::vector<std::pair<std::string, std::string>> results;
};

struct Prompt {
    std::string incident;  // whom it serves
    std::string system;    // what the model is told of its task
    std::vector<Turn> turns;
    std::vector<Tool> tools;
    bool must_call = false;  // it must answer by one of the tools
};

struct Completion {
    enum class Stop { end, calls, length, refused };
    std::string text;
    std::vector<ToolCall> calls;
    Stop stop = Stop::end;
    int64_t input_tokens = 0, output_tokens = 0;  // as the other side counted; 0: it did not say
};

}  // namespace ops
