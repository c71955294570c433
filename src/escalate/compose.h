// Compose: what an alert says, from the incident, its actions and its facts. Pure.
#pragma once

#include <string>
#include <vector>

#include "escalate/escalate.h"

namespace ops {

inline constexpr size_t kNamedOfOthers = 3;
inline constexpr std::string_view kNoteRow = "Note";  // what an `alert` step says

// Title, time, fields, Auto-action and what is asked. Key and channels are the Escalator's.
// `also_open`: titles of other incidents that are open now; more than kNamedOfOthers are not named.
AlertDraft compose(const IncidentNews& news, Level level, AlertState state,
                   const std::string& agent, const std::vector<std::string>& also_open, Time now);

// For how long what it is about is down, as the checks say, else since it was opened.
Duration time_down(const IncidentNews& news, Time now);

// That a recovery is none: a person closed the incident, and what it is about may be as it was.
void say_closed(const IncidentNews& news, AlertDraft& draft);

// Commands that a message would show cut, or not at all, are approved where all of them are seen.
bool shows_whole(const std::vector<std::string>& plan);
inline constexpr std::string_view kPlanRow = "Would run";  // names of its rows begin so
// Does this very message show this very plan, whole? It may have waited while the plan changed.
bool shows_plan(const AlertDraft& alert, const std::vector<std::string>& plan);

}  // namespace ops
