// Gives memory that is free back to the system. After something large was taken apart and let go (a
// configuration), since the allocator would keep it for ever.
#pragma once

namespace ops {

void give_back_free_memory();

}  // namespace ops
