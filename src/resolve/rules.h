// Rules: configuration and runbook as the executor reads them, from the operator's own files, never
// from the core.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "io/files.h"
#include "runbook/learned.h"
#include "runbook/runbook.h"

namespace ops {

struct Rules {
    Settings settings;
    Runbook runbook;
    LearnedEntries learned;  // as far as the two above allow them
};

// FILE and conf.d/*.yaml beside it, in the order in which they are merged; for the core and for the
// executor alike.
Result<std::vector<ConfigText>> read_config_texts(Files& files, const std::string& config_file);
// Of the names in conf.d: *.yaml, and nothing hidden (what an editor left behind).
bool is_read_from_folder(std::string_view name);
// `path` as the configuration file means it: relative to the file's own folder.
std::string beside(const std::string& config_file, const std::string& path);
// The runbook that the configuration names. The default one need not be there: then it is empty,
// for what services' own `restart:` says needs none.
Result<ConfigText> read_runbook_text(Files& files, const std::string& config_file,
                                     const AgentSettings& agent);
// Of what was learned; a file that is not there, or cannot be read, gives no entries.
ConfigText read_learned_text(Files& files, const std::string& data_folder);

class RuleSource {
public:
    virtual ~RuleSource() = default;
    // The rules, when they changed since the last call that gave them; nothing when they are the
    // same. An Error when a file cannot be read or has errors: the rules read before stay in force,
    // as in the core.
    virtual Result<std::optional<Rules>> read_if_changed() = 0;
};

// FILE, conf.d/*.yaml beside it, the runbook it names, and what was learned, in the data folder.
// What is only for looking at services
// (checks, signals, logs, channels) is left out: an executor of ten thousand services stays small.
// Files that say the same as before are not taken apart again: each ticket asks.
class RuleFiles final : public RuleSource {
public:
    RuleFiles(Files& files, std::string config_file, Environment environment);
    Result<std::optional<Rules>> read_if_changed() override;

private:
    Files& files_;
    std::string config_file_;
    Environment environment_;
    std::vector<std::string> last_read_;  // hashes of the texts, to see a change
    std::string last_runbook_;            // the path that they named
    std::string last_data_folder_;        // likewise
};

// agent.data_dir as an absolute path: a relative one is beside the configuration file, wherever we
// were started.
std::string absolute_data_folder(const std::string& config_file, const Settings& settings);

}  // namespace ops
