# ops_precompiled(): makes two headers to compile ahead, for `target_precompile_headers(x REUSE_FROM ...)`:
#
#   precompiled_rooms    what nearly every file has in common: parts of the standard library, base and model
#   precompiled_tests    the same with GoogleTest
#
# They hold only what rarely changes, so a change in a room compiles what it did before. No source may count on
# them: release is built without them, and so finds the file that forgot an include.

function(ops_precompiled)
  set(headers <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <functional> <map> <memory>
    <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>)
  file(GLOB own CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.h ${CMAKE_SOURCE_DIR}/src/model/*.h)
  list(FILTER own EXCLUDE REGEX "_test\\.h$|model/(memory|cause)\\.h$")  # values that few rooms know
  set(empty ${CMAKE_BINARY_DIR}/precompiled.cc)
  file(CONFIGURE OUTPUT ${empty} CONTENT "")
  foreach(kind rooms tests)
    add_library(precompiled_${kind} OBJECT EXCLUDE_FROM_ALL ${empty})
    target_include_directories(precompiled_${kind} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  endforeach()
  target_precompile_headers(precompiled_rooms PRIVATE ${headers} ${own})
  if(OPS_TESTS)
    target_link_libraries(precompiled_tests PRIVATE GTest::gtest)
    target_precompile_headers(precompiled_tests PRIVATE ${headers} ${own} <gtest/gtest.h>)
  endif()
endfunction()
