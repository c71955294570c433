// What people and programs see of memories, as the JSON of the Brain API (product.md 6). Used by
// the running agent and by the command line on a data folder without one.
#pragma once

#include <string>

#include "base/json.h"
#include "model/memory.h"
#include "record/memories.h"
#include "web/control.h"

namespace ops {

// "brain/search" (filters q, limit), "brain/memories" (after, limit), "brain/health".
// Fault::invalid names the filter that cannot be read.
Result<Json> look_at_memories(Memories& memories, const View& view, Time now);
// One that a person or another program adds, made safe to keep: learn/brain.h's read_added, without
// secrets, and with an end.
Result<Memory> read_to_keep(const Json& json, std::string id, Time now, Duration keep);
// One result of a search: {"id","title","text","score","meta"} and what else we know of it.
Json recalled_json(const Recalled& recalled);

}  // namespace ops
