// One pass of libfyaml over one text: a tree as far as it got, and why it stopped there. The only
// file that knows the library is yaml_events.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.h"

namespace ops {

// Where the library could not go on, in its own words.
struct YamlStop {
    Place place;
    std::string message;
    // The '{' or '[' that was open, outermost last one: most likely it was never closed.
    std::optional<Place> open_bracket;
    char bracket = 0;
};

struct YamlPass {
    Node root;
    Problems problems;  // of the kind after which the rest can still be read
    std::optional<YamlStop> stop;
    std::vector<std::pair<int, int>>
        block_lines;  // first and last line of each literal or folded text
};

// Requires: valid UTF-8 without carriage returns.
YamlPass read_yaml_events(std::string_view text, const std::string& file);

inline constexpr int kYamlDepth = 32;

}  // namespace ops
