// patterns: what logs say, without what varies. Pure.
//
//   line --header.h--> content --masks.h--> tokens --templates.h--> template
//                                                       |-> novelty.h: was this ever said before?
//   text --secrets.h, quarantine.h--> what a model or a person may see of it
//
// Never does: read a file, ask the time, decide what a template means, pass on text that was not
// quarantined. Invariant: whatever the bytes are, time is linear in them and memory is bounded.
#pragma once

#include "patterns/header.h"
#include "patterns/novelty.h"
#include "patterns/quarantine.h"
#include "patterns/templates.h"
