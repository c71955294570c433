// What people ask of what is known now: the value of an expression, what will be full or expire,
// how one service went. Of the running agent, and of the command line without one.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "config/settings.h"
#include "detect/detect.h"
#include "record/history.h"
#include "record/store.h"

namespace ops {

// {expression, target, value, printed, parts: [{text, value, printed, why_unknown, depth}],
// missing}. Without a target it is about the first host. Besides the names of the language it knows
// every fact that was pushed. Fault::invalid has each problem as "1:COLUMN: error: ...",
// Fault::not_found names the target.
Result<Json> eval_json(const std::string& text, const std::string& target, const Detector& detector,
                       const Settings& settings, Time now);

// {predictions: [{target, fact, value, limit, in_seconds, at, says}]}, what comes first first:
// disks, inodes, memory and swap that their trend fills within two weeks, certificates that expire
// within 30 days. Of at most 500 targets.
Json predictions_json(const Detector& detector, const Settings& settings, Time now);

// Adds `history` (the last day of each number, at most 60 points of 40 facts) and `uptime` (per
// cent of the last day, week and month, as far as it is on record; null where nothing is) to a
// service.
Result<> add_history(Json& service, History& history, Store& store, std::string_view target,
                     Time now);

}  // namespace ops
