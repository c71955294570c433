// PermittedPrograms: every program that the operator's configuration has us run in order to look or
// to tell: the commands and plugins of checks, ssh to look at a host, the commands of channels.
// Read from the operator's own files, never from the core.
//
// A program is known by its identity: a hash over all its words, its user, and (of one that looks)
// its input. So the core says which, and cannot say what. A channel's command is given the alert:
// input and $OPS_ALERT are data, and no part of the identity; nor is a secret, which stands as one
// word in the input where the configuration has it.
//
// The files are looked at again once a second, and when a program is asked for that is not known;
// while they cannot be read or have errors, what was read before stays in force, as in the core.
// From any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/processes.h"

namespace ops {

// 64 hex digits.
std::string identity_of(const Command& command);

// Gives a program of ours its secret (io/processes.h), if it needs one.
void take_secret(Command& command, std::string secret);

class PermittedPrograms {
public:
    PermittedPrograms(Files& files, Clock& clock, std::string config_file, Environment environment);
    // Reads the files for the first time; an Error with every problem. They may get better later.
    Result<> load();
    // Fault::denied when the configuration names no such program.
    Result<Command> find(const std::string& identity);

private:
    void read_if_changed();
    Result<> take(const std::vector<ConfigText>& texts);

    Files& files_;
    Clock& clock_;
    const std::string config_file_;
    const Environment environment_;
    std::mutex mutex_;
    std::string last_read_;  // a hash of the texts
    Result<> last_result_;   // of reading them
    Duration looked_{};      // steady
    std::map<std::string, Command, std::less<>> programs_;
};

}  // namespace ops
