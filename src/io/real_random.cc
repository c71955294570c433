#include "io/real_random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace ops {

uint64_t RealRandom::next() {
    uint64_t value = 0;
    ssize_t got = 0;
    // Eight bytes come whole or not at all; only the wait for the pool at boot can be interrupted.
    do {
        got = getrandom(&value, sizeof value, 0);
    } while (got < 0 && errno == EINTR);
    ASSERT(got == ssize_t{sizeof value});
    return value;
}

}  // namespace ops
