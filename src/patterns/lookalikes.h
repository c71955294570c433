// Characters that look like others.
//
// Full-width and mathematical letters become the ASCII they look like, odd blanks a blank, the
// micro sign "u". Where a word mixes Latin letters with Greek, Cyrillic, Armenian or Cherokee ones,
// the latter become '?': such a word was made to be mistaken. A word wholly of another script
// stays, even if it looks Latin. Variation selectors go, and of combining marks in a row all but
// the first. Takes printable text (base/text.h) and gives printable text; doing it twice changes
// nothing.
#pragma once

#include <string>
#include <string_view>

namespace ops {

std::string fold_lookalikes(std::string_view text);

}  // namespace ops
