#include "monitor/pattern.h"

#include <re2/re2.h>

namespace ops {
namespace {

re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(8 << 20);
    return options;
}

}  // namespace

struct Pattern::Compiled {
    explicit Compiled(const std::string& expression) : re(expression, options()) {}
    re2::RE2 re;
};

Pattern::Pattern() = default;
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

Result<Pattern> Pattern::make(std::string_view expression) {
    Pattern pattern;
    pattern.text_ = expression;
    pattern.compiled_ = std::make_unique<Compiled>(pattern.text_);
    if (!pattern.compiled_->re.ok()) {
        return Error{Fault::invalid, "'" + pattern.text_ + "' is no regular expression: " +
                                         pattern.compiled_->re.error()};
    }
    return pattern;
}

Pattern Pattern::any_of(const std::vector<std::string>& expressions, const Place& place,
                        Problems& problems) {
    std::string all;
    for (const std::string& expression : expressions) {
        auto one = make(expression);
        if (!one.ok()) {
            problems.error(place, one.error().message);
            continue;
        }
        all.append(all.empty() ? "(?:" : "|(?:").append(expression).append(")");
    }
    if (all.empty()) return {};
    auto together = make(all);
    if (!together.ok()) {
        problems.error(place, together.error().message);
        return {};
    }
    return std::move(together).value();
}

bool Pattern::matches(std::string_view text) const {
    return compiled_ != nullptr &&
           re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->re);
}

}  // namespace ops
