// resolve/: repairs what a runbook entry can repair, and nothing else. The safety kernel: open this
// first.
//
//   repair.h    what to do next: steps, verification, undo, attempts (pure; the agent carries it
//   out) policy.h    may it be done: one pure function, asked three times limiter.h   how often,
//   how many at once (pure, from the journal) plan.h      the exact words, derived alike by core
//   and executor ticket.h    all that passes from core to executor executor.h  runs a step key at
//   most once; executor_server.h, executor_client.h: as a process of its own recover.h   what to do
//   about what may have happened
//
// Must never: run what the operator did not write; run a step key twice; run after the kill switch,
// with an old epoch or without the approval it needs; say `verified` of what was not checked.
#pragma once

#include "resolve/executor.h"
#include "resolve/executor_client.h"
#include "resolve/executor_server.h"
#include "resolve/kill_switch.h"
#include "resolve/limiter.h"
#include "resolve/plan.h"
#include "resolve/policy.h"
#include "resolve/recover.h"
#include "resolve/repair.h"
#include "resolve/rules.h"
#include "resolve/ticket.h"
