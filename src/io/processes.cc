#include "io/processes.h"

#include <csignal>
#include <cstring>

#include "base/units.h"

namespace ops {

std::string Exit::print() const {
    switch (how) {
        case How::exited: return "exit " + std::to_string(code);
        case How::signalled: {
            const char* name = sigabbrev_np(code);
            std::string text = "killed by signal " + std::to_string(code);
            if (name != nullptr) text += std::string(" (SIG") + name + ")";
            return text;
        }
        case How::timed_out: {
            const Duration limit = time_limit > Duration(0) ? time_limit : took;
            return "no end in " + format_duration_short(limit) +
                   (code == SIGTERM ? ", ended by SIGTERM" : ", killed");
        }
    }
    return "unknown";
}

}  // namespace ops
