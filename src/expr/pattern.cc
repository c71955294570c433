#include "expr/pattern.h"

#include <re2/re2.h>

#include <utility>

namespace ops::expr {
namespace {
// A pattern is at most 4 KiB of text, but counted repetition multiplies: (x{100}){100}. RE2 refuses
// a program that would not fit.
constexpr int64_t kMostMemory = 1 << 20;
}  // namespace

Pattern::Pattern(std::unique_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view text) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMostMemory);
    auto compiled =
        std::make_unique<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!compiled->ok()) return Error{Fault::invalid, compiled->error()};
    return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace ops::expr
