#include "io/free_memory.h"

#include <malloc.h>

namespace ops {

void give_back_free_memory() { ::malloc_trim(0); }

void keep_no_free_memory() {
    constexpr int kLarge = 128 * 1024;          // the allocator's own first guess
    (void)::mallopt(M_MMAP_THRESHOLD, kLarge);  // setting one ends the guessing of both
    (void)::mallopt(M_TRIM_THRESHOLD, kLarge);
}

}  // namespace ops
