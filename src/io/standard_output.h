// What standard output is connected to, and what the environment says of colours.
#pragma once

#include <optional>
#include <string>

namespace ops {

struct StandardOutput {
    bool is_terminal = false;
    bool no_colour = false;  // NO_COLOR is set (no-color.org), or TERM is dumb
    int width = 0;           // columns; 0: not a terminal, never cut
};
StandardOutput look_at_standard_output();

// One variable of the environment; nothing when it is not set.
std::optional<std::string> environment_variable(const std::string& name);
std::string user_name();    // of the effective user; its number when it has none
std::string own_program();  // absolute path of this very program

}  // namespace ops
