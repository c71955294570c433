// How samples and their summaries are packed into blobs (docs/formats/history.md). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ops {

// One sample of one series.
struct RawSample {
    uint32_t series = 0;
    int64_t at_ms = 0;
    double value = 0;
};

// What is left of the samples of a span.
struct Summary {
    uint64_t count = 0;
    double mean = 0;
    double low = 0;
    double high = 0;

    static Summary of(double value) { return {1, value, value, value}; }
    void add(const Summary& other);
};

// A summary under a number: of a series in a block of one moment, or of a moment in a block of one
// series.
struct NumberedSummary {
    uint32_t number = 0;
    Summary summary;
};

void sort_samples(std::vector<RawSample>& samples);  // by series, then time
// Requires: sorted. All values finite.
std::string pack_samples(std::span<const RawSample> samples);
// Appends the samples of the series first..last (both in) to `out`. Fault::corrupt for a block that
// is not ours; nothing else can go wrong, whatever the bytes.
Result<> unpack_samples(std::string_view block, uint32_t first, uint32_t last,
                        std::vector<RawSample>& out);

// Sorts by number, and adds together what has the same one.
void merge_summaries(std::vector<NumberedSummary>& summaries);
// Requires: sorted, each number once. Means, lows and highs keep the precision of a float.
std::string pack_summaries(std::span<const NumberedSummary> summaries);
Result<> unpack_summaries(std::string_view block, std::vector<NumberedSummary>& out);

}  // namespace ops
