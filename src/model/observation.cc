#include "model/observation.h"

#include "base/assert.h"

namespace ops {

std::string_view name_of(Health health) {
    switch (health) {
        case Health::good: return "good";
        case Health::bad: return "bad";
        case Health::unknown: return "unknown";
    }
    ASSERT(false);
}

}  // namespace ops
