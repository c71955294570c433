#include "io/free_memory.h"

#include <malloc.h>

namespace ops {

void give_back_free_memory() { ::malloc_trim(0); }

}  // namespace ops
