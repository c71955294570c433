// Puts one more entry at the end of a runbook's text, with every other byte left as it is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

// `block` is the entry as a list item of two blanks ("  - name: ..."), as learned entries are
// written; it is moved to the depth of the list's other items. Refused where the text has no
// `common_issues:` list in block style, nor an empty one in brackets: such a file is its owner's to
// change by hand. Whether the result is a runbook is for read_runbook() to say.
Result<std::string> append_entry(std::string_view runbook, std::string_view block);

}  // namespace ops
