// Loaded: everything the operator's files say, read and checked together. The same files always
// give the same value. The trees of `settings.checks` are let go once the checks are made: of ten
// thousand they are the most of what is kept.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "escalate/escalate.h"
#include "io/files.h"
#include "monitor/checks.h"
#include "runbook/runbook.h"

namespace ops {

struct Loaded {
    Settings settings;
    Runbook runbook;
    CheckList checks;
    EscalationSettings escalation;
    std::string data_dir;  // absolute or relative to the working folder
    std::string runbook_file;
    struct SecretFile {
        std::string path;
        Place place;  // that names it
    };
    std::vector<SecretFile> secret_files;
};

// The config file, conf.d/*.yaml beside it, and the runbook it names (relative to its folder).
// Every problem of all of them is noted; null when there was an error.
std::unique_ptr<Loaded> load(Files& files, const std::string& config_file,
                             const Environment& environment, Problems& problems);

}  // namespace ops
