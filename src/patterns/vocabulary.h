// The ordinary vocabulary of logs: words that say nothing about anybody and give no order to a
// model, and that are worth keeping in a line that was never seen before.
#pragma once

#include <string_view>

namespace ops {

bool is_ordinary_word(std::string_view word);  // in any case

}  // namespace ops
