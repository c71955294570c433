// The kill switch: a file named `pause` in the data folder. There: on. Not there: off. Folder not
// readable: on.
//
// Any `touch var/pause` works, whatever state the program is in; it is looked at anew for every
// question.
#pragma once

#include <string>

#include "base/time.h"
#include "io/files.h"

namespace ops {

inline constexpr const char* kPauseFile = "pause";

struct KillSwitch {
    bool on = true;
    std::string reason;  // "paused", or why it could not be read; empty when off
};
KillSwitch read_kill_switch(Files& files, const std::string& data_folder);

// Durable when it returns. `by` is for the people who find the file.
Result<> set_kill_switch(Files& files, const std::string& data_folder, bool on,
                         const std::string& by, Time now);

}  // namespace ops
