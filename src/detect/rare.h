// What a target or a check seldom has. Thousands of them stay in memory, nearly all of them well.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace ops {

// A text that is empty as long as all is well: 8 bytes instead of 32.
class RareText {
public:
    RareText() = default;
    RareText(const RareText& other) : RareText(other.text()) {}
    RareText(RareText&&) noexcept = default;
    RareText(std::string text) { *this = std::move(text); }
    RareText& operator=(const RareText& other) { return *this = std::string(other.text()); }
    RareText& operator=(RareText&&) noexcept = default;
    RareText& operator=(std::string text) {
        text_ = text.empty() ? nullptr : std::make_unique<std::string>(std::move(text));
        return *this;
    }
    RareText& operator=(const char* text) { return *this = std::string(text); }
    ~RareText() = default;

    bool empty() const { return text_ == nullptr; }
    void clear() { text_.reset(); }
    const std::string& text() const {
        static const std::string kEmpty;
        return text_ == nullptr ? kEmpty : *text_;
    }
    operator const std::string&() const { return text(); }
    friend bool operator==(const RareText& a, std::string_view b) { return a.text() == b; }

private:
    std::unique_ptr<std::string> text_;
};

// When something happened, by its kind; most targets never see any.
class EventTimes {
public:
    struct Kind {
        std::string name;
        std::vector<Time> times;
    };

    const std::vector<Time>* find(std::string_view kind) const {  // null: never
        const auto found = std::find_if(kinds_.begin(), kinds_.end(),
                                        [kind](const Kind& one) { return one.name == kind; });
        return found == kinds_.end() ? nullptr : &found->times;
    }
    std::vector<Time>& of(std::string_view kind) {
        for (Kind& known : kinds_) {
            if (known.name == kind) return known.times;
        }
        return kinds_.emplace_back(Kind{std::string(kind), {}}).times;
    }
    const std::vector<Kind>& kinds() const { return kinds_; }

private:
    std::vector<Kind> kinds_;
};

}  // namespace ops
