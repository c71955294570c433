// monitor: looks at everything the configuration names and says what it saw. Open this first.
//
// checks.h      the table of kinds; a Check asks and judges
// schedule.h    when each is asked
// heartbeats.h  services that tell us, instead of being asked
//
// The room does no IO and holds nothing that must survive a restart. It never decides that
// something has been wrong for long enough to matter (detect does that), and never acts. Invariant:
// one reply gives at most one Observation, and what could not be seen is never told as dead: the
// process_status is then "unknown".
#pragma once

#include "monitor/checks.h"
#include "monitor/heartbeats.h"
#include "monitor/schedule.h"
