#include "io/processes.h"

#include <algorithm>
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

Result<std::string> whole_input(const Command& command) {
    const bool is_word = std::all_of(command.secret.begin(), command.secret.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/' || c == '=';
    });
    if (!is_word || command.secret.size() > 4096) {
        return Error{Fault::invalid, "the secret of a command is no word of base64"};
    }
    std::string input = command.input;
    const size_t at = input.find(kSecretMark);
    if (at != std::string::npos) input.replace(at, kSecretMark.size(), command.secret);
    return input;
}

}  // namespace ops
