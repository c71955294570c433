#include "record/sample_block.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace ops {
namespace {

// How a value is written: a tag, then what it calls for. Tags from kInline on are themselves the
// small whole numbers that most facts are (up, 200, 3 restarts).
enum Tag : uint8_t { kSame = 0, kWhole = 1, kFloat = 2, kDouble = 3 };
constexpr uint8_t kInline = 16;
constexpr double kLargestWhole = 9007199254740992.0;  // 2^53

class Writer {
public:
    void number(uint64_t value) {
        while (value >= 0x80) {
            bytes_ += static_cast<char>(value | 0x80);
            value >>= 7U;
        }
        bytes_ += static_cast<char>(value);
    }
    void signed_number(int64_t value) {
        number((static_cast<uint64_t>(value) << 1U) ^ static_cast<uint64_t>(value >> 63));
    }
    void value(double value, double before) {
        if (std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(before)) {
            tag(kSame);
        } else if (std::abs(value) <= kLargestWhole && value == std::trunc(value) &&
                   !(value == 0 && std::signbit(value))) {
            const auto whole = static_cast<int64_t>(value);
            if (whole >= 0 && whole < 256 - kInline) {
                tag(static_cast<uint8_t>(kInline + whole));
            } else {
                tag(kWhole);
                signed_number(whole);
            }
        } else if (std::abs(value) < double{std::numeric_limits<float>::max()} &&
                   double{static_cast<float>(value)} == value) {
            tag(kFloat);
            raw(std::bit_cast<uint32_t>(static_cast<float>(value)));
        } else {
            tag(kDouble);
            raw(std::bit_cast<uint64_t>(value));
        }
    }
    std::string take() { return std::move(bytes_); }

private:
    void tag(uint8_t tag) { bytes_ += static_cast<char>(tag); }
    template <class Number>
    void raw(Number bits) {
        for (size_t i = 0; i < sizeof(bits); ++i) {
            bytes_ += static_cast<char>((bits >> (8 * i)) & 0xffU);
        }
    }
    std::string bytes_;
};

// Reads what Writer wrote. After bytes that make no sense, is_broken() and zeros.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    bool at_end() const { return at_ >= bytes_.size(); }
    bool is_broken() const { return broken_; }

    uint64_t number() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const uint8_t byte = next();
            value |= uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return value;
        }
        broken_ = true;
        return 0;
    }
    int64_t signed_number() {
        const uint64_t coded = number();
        return static_cast<int64_t>(coded >> 1U) ^ -static_cast<int64_t>(coded & 1U);
    }
    double value(double before) {
        const uint8_t tag = next();
        if (tag >= kInline) return tag - kInline;
        switch (tag) {
            case kSame: return before;
            case kWhole: return static_cast<double>(signed_number());
            case kFloat: return finite(std::bit_cast<float>(raw<uint32_t>()));
            case kDouble: return finite(std::bit_cast<double>(raw<uint64_t>()));
            default: broken_ = true; return 0;
        }
    }

private:
    uint8_t next() {
        if (at_ >= bytes_.size()) {
            broken_ = true;
            return 0;
        }
        return static_cast<uint8_t>(bytes_[at_++]);
    }
    template <class Number>
    Number raw() {
        Number bits = 0;
        for (size_t i = 0; i < sizeof(bits); ++i) {
            bits |= static_cast<Number>(static_cast<Number>(next()) << (8 * i));
        }
        return bits;
    }
    double finite(double value) {
        if (std::isfinite(value)) return value;
        broken_ = true;
        return 0;
    }

    std::string_view bytes_;
    size_t at_ = 0;
    bool broken_ = false;
};

Error broken_block() { return {Fault::corrupt, "a block of samples is damaged"}; }

double as_float(double value) {
    const double largest = double{std::numeric_limits<float>::max()};
    return double{static_cast<float>(std::clamp(value, -largest, largest))};
}

int64_t add_wrapping(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace

void Summary::add(const Summary& other) {
    if (other.count == 0) return;
    if (count == 0) {
        *this = other;
        return;
    }
    const auto mine = static_cast<double>(count);
    const auto theirs = static_cast<double>(other.count);
    mean += (other.mean - mean) * (theirs / (mine + theirs));
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    count += other.count;
}

void sort_samples(std::vector<RawSample>& samples) {
    std::stable_sort(samples.begin(), samples.end(), [](const RawSample& a, const RawSample& b) {
        return a.series != b.series ? a.series < b.series : a.at_ms < b.at_ms;
    });
}

// base time, then for each series: step to its number, how many samples, and of each the step in
// time and the value.
std::string pack_samples(std::span<const RawSample> samples) {
    Writer out;
    if (samples.empty()) return out.take();
    const int64_t base = samples.front().at_ms;
    out.signed_number(base);
    uint32_t series = 0;
    double value = 0;
    for (size_t begin = 0; begin < samples.size();) {
        size_t end = begin;
        while (end < samples.size() && samples[end].series == samples[begin].series) ++end;
        out.number(samples[begin].series - series);
        out.number(end - begin);
        series = samples[begin].series;
        int64_t at = base;
        for (; begin < end; ++begin) {
            out.signed_number(samples[begin].at_ms - at);
            out.value(samples[begin].value, value);
            at = samples[begin].at_ms;
            value = samples[begin].value;
        }
    }
    return out.take();
}

Result<> unpack_samples(std::string_view block, uint32_t first, uint32_t last,
                        std::vector<RawSample>& out) {
    Reader in(block);
    if (in.at_end()) return {};
    const int64_t base = in.signed_number();
    uint64_t series = 0;
    double value = 0;
    while (!in.at_end() && !in.is_broken()) {
        series += in.number();
        if (series > last) break;  // sorted: nothing wanted follows
        const uint64_t count = in.number();
        int64_t at = base;
        for (uint64_t i = 0; i < count && !in.is_broken(); ++i) {
            at = add_wrapping(at, in.signed_number());
            value = in.value(value);
            if (series >= first && !in.is_broken()) {
                out.push_back({static_cast<uint32_t>(series), at, value});
            }
        }
    }
    if (in.is_broken()) return broken_block();
    return {};
}

void merge_summaries(std::vector<NumberedSummary>& summaries) {
    std::stable_sort(
        summaries.begin(), summaries.end(),
        [](const NumberedSummary& a, const NumberedSummary& b) { return a.number < b.number; });
    size_t kept = 0;
    for (size_t i = 0; i < summaries.size(); ++i) {
        if (kept > 0 && summaries[kept - 1].number == summaries[i].number) {
            summaries[kept - 1].summary.add(summaries[i].summary);
        } else {
            summaries[kept++] = summaries[i];
        }
    }
    summaries.resize(kept);
}

// Each: step to its number, twice the count plus one if it is flat, the mean, and unless flat the
// lowest and highest.
std::string pack_summaries(std::span<const NumberedSummary> summaries) {
    Writer out;
    uint32_t number = 0;
    double mean = 0;
    for (const NumberedSummary& each : summaries) {
        const Summary& summary = each.summary;
        const bool flat = summary.low == summary.high;
        out.number(each.number - number);
        out.number(summary.count * 2 + (flat ? 1 : 0));
        const double rounded = as_float(summary.mean);
        out.value(rounded, mean);
        if (!flat) {
            out.value(as_float(summary.low), rounded);
            out.value(as_float(summary.high), rounded);
        }
        number = each.number;
        mean = rounded;
    }
    return out.take();
}

Result<> unpack_summaries(std::string_view block, std::vector<NumberedSummary>& out) {
    Reader in(block);
    uint64_t number = 0;
    double mean = 0;
    while (!in.at_end() && !in.is_broken()) {
        number += in.number();
        const uint64_t count = in.number();
        mean = in.value(mean);
        Summary summary{count / 2, mean, mean, mean};
        if (count % 2 == 0) {
            summary.low = in.value(mean);
            summary.high = in.value(mean);
        }
        if (!in.is_broken()) out.push_back({static_cast<uint32_t>(number), summary});
    }
    if (in.is_broken()) return broken_block();
    return {};
}

}  // namespace ops
