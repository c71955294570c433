#include "io/standard_output.h"

#include <pwd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace ops {

StandardOutput look_at_standard_output() {
    StandardOutput output;
    output.is_terminal = ::isatty(STDOUT_FILENO) == 1;
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    output.no_colour = (no_colour != nullptr && *no_colour != '\0') ||
                       (terminal != nullptr && std::string_view(terminal) == "dumb");
    if (output.is_terminal) {
        winsize size{};
        output.width =
            ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    }
    return output;
}

std::optional<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

std::string user_name() {
    const passwd* entry = ::getpwuid(::geteuid());  // called before any thread is started
    return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

std::string own_program() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    return length <= 0 ? "/usr/bin/ops-agent"
                       : std::string(path.data(), static_cast<size_t>(length));
}

}  // namespace ops
