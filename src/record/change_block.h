// How changes of facts are packed into blobs (docs/formats/history.md). Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace ops {

// One series took this value.
struct StoredChange {
    uint32_t series = 0;
    int64_t at_ms = 0;
    Value value;
};

// Longer texts are cut: a fact is a word or a line.
inline constexpr size_t kLongestChangeText = 200;

std::string pack_changes(std::span<const StoredChange> changes);
// Appends to `out`. Fault::corrupt for a block that is not ours, whatever the bytes.
Result<> unpack_changes(std::string_view block, std::vector<StoredChange>& out);

}  // namespace ops
