// monitor: looks at everything the configuration names and says what it saw. Open this first.
//
// checks.h      the table of kinds; a Check asks and judges
// schedule.h    when each is asked
// heartbeats.h  services that tell us, instead of being asked
//
// The room does no IO and holds nothing that must survive a restart. It never decides that
// something is wrong for long enough to matter (detect does), and never acts. Invariant: one reply
// gives at most one Observation, and a look that could not be made gives Health::unknown, never
// bad: what we cannot see must not be repaired.
#pragma once

#include "monitor/checks.h"
#include "monitor/heartbeats.h"
#include "monitor/schedule.h"
