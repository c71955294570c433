// ValueRange: `min:` and `max:` of a check that gives a number.
#pragma once

#include <optional>
#include <string>

#include "config/fields.h"
#include "model/value.h"

namespace ops {

class ValueRange {
public:
    static ValueRange read(Fields& fields, Problems& problems);
    bool is_open() const { return !least_ && !most_; }
    // "12 is over 10", or "" when it is within.
    std::string differs(const Value& value) const;

private:
    std::optional<Value> least_, most_;
};

}  // namespace ops
