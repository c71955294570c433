// drop_rights: a process of root becomes 'nobody' for good, before it speaks to strangers. One that
// is not root stays what it is.
#pragma once

#include "base/result.h"

namespace ops {

// Requires: no other thread was started.
Result<> drop_rights();

}  // namespace ops
