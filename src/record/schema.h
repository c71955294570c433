// The tables of state.db (docs/formats/journal.md describes them).
#pragma once

#include "record/database.h"

namespace ops {

extern const Database::Kind kStateKind;

}  // namespace ops
