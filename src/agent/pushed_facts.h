// Facts that a service pushes: JSON values made into typed ones.
#pragma once

#include <string>

#include "base/json.h"
#include "config/settings.h"
#include "model/value.h"

namespace ops {

// The type is the declared one (`facts:` in the configuration) or the built-in fact's; else what
// the JSON is. Numbers count in the unit of the type (seconds, bytes, per cent); "5m" and "3GB" are
// understood too. Fault::invalid names the fact.
Result<Value> read_pushed_fact(const std::string& name, const Json& value,
                               const Settings& settings);

}  // namespace ops
