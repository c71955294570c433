// Loaded: everything the operator's files say, read and checked together. The same files always
// give the same value. The trees of `settings.checks` are let go once the checks are made: of ten
// thousand they are the most of what is kept.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/brain_settings.h"
#include "config/settings.h"
#include "escalate/escalate.h"
#include "io/files.h"
#include "monitor/checks.h"
#include "runbook/learned.h"
#include "runbook/runbook.h"

namespace ops {

struct Loaded {
    Settings settings;
    Runbook runbook;         // the operator's
    LearnedEntries learned;  // as the file in the data folder has them; the journal may say less
    CheckList checks;
    EscalationSettings escalation;
    BrainSettings brain;
    std::string data_dir;  // absolute or relative to the working folder
    std::string runbook_file;
    struct SecretFile {
        std::string path;
        Place place;  // that names it
    };
    std::vector<SecretFile> secret_files;
};

// The config file, conf.d/*.yaml beside it, the runbook it names (relative to its folder), and what
// was learned. Every problem of all of them is noted; null when there was an error. A learned entry
// that is refused is a warning: it takes nothing from the operator's own.
std::unique_ptr<Loaded> load(Files& files, const std::string& config_file,
                             const Environment& environment, Problems& problems);

}  // namespace ops
