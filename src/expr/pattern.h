// A regular expression in RE2's syntax: runs in time linear in the text, whatever the pattern.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace ops::expr {

class Pattern {
public:
    // The error is RE2's own, without a place.
    static Result<Pattern> compile(std::string_view text);
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    // Anywhere in the text, as grep does; ^ and $ hold it to the ends.
    bool matches(std::string_view text) const;

private:
    explicit Pattern(std::unique_ptr<const re2::RE2> compiled);
    std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace ops::expr
