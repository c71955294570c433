// What two tokens at the same place of one template have in common.
#pragma once

#include <string>
#include <string_view>

namespace ops {

// "rhost=<ip>" and "rhost=a.example.com" give "rhost=<*>"; "(a)" and "()" give "(<*>)".
std::string merge_texts(std::string_view a, std::string_view b);

// Keys (masks.h) whose plain words vary: "(FOO)" and "(BAR)" are "(\x01)", where \x01, which no
// token can hold, stands for any word.
std::string open_key(std::string_view a, std::string_view b);
bool is_open(std::string_view key);
// Whether a line's token with this key may stand where the template has `open`.
bool fits_open(std::string_view open, std::string_view key);

}  // namespace ops
