// Pattern: one or several regular expressions (RE2: linear time, so a hostile text cannot hang us).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/yaml.h"

namespace ops {

class Pattern {
public:
    static Result<Pattern> make(std::string_view expression);
    // Matches what any of them matches. Notes each bad one at its place. An empty list gives a
    // pattern that matches nothing.
    static Pattern any_of(const std::vector<std::string>& expressions, const Place& place,
                          Problems& problems);

    Pattern();  // matches nothing
    ~Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;

    bool is_empty() const { return compiled_ == nullptr; }
    bool matches(std::string_view text) const;  // anywhere in it
    const std::string& text() const { return text_; }

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
    std::string text_;
};

}  // namespace ops
