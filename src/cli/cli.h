// cli/: the command line. Open verbs.h for the table of verbs; each family of them is one file,
// verb_*.cc.
//
// It reads files and talks to the running agent (client.h) or, where none runs, to its records; it
// decides nothing. Only main.cc knows CLI11.
#pragma once

#include "cli/verbs.h"
