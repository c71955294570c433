// Version, commit and kind of this build; the commit is looked up when the build is configured
// (CMakeLists.txt).
#pragma once

namespace ops {

extern const char* const kVersion;
extern const char* const kCommit;
extern const char* const kBuild;

}  // namespace ops
