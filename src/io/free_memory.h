// Gives memory that is free back to the system. After something large was taken apart and let go (a
// configuration), since the allocator would keep it for ever.
#pragma once

namespace ops {

void give_back_free_memory();
// From now on what is large (128 KiB) is given back when it is freed. Left to itself the allocator
// takes the largest block it ever saw for the usual, and after a large configuration keeps
// megabytes that nobody uses.
void keep_no_free_memory();

}  // namespace ops
