// Log: one line for one thing that happened, for operators and journald. Errors are logged once,
// where they stop.
#pragma once

#include <string_view>

namespace ops {

enum class Severity { debug, info, warning, error };

class Log {
public:
    virtual ~Log() = default;
    virtual void line(Severity severity, std::string_view message) = 0;
};

}  // namespace ops
