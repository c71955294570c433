#include "cli/version.h"

namespace ops {

const char* const kVersion = OPS_VERSION;
const char* const kCommit = OPS_COMMIT;
const char* const kBuild = OPS_BUILD;

}  // namespace ops
