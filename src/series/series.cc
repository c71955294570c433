#include "series/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/units.h"
#include "series/samples.h"

namespace ops::series {
namespace {

// Share of the window that samples must stand for. Less than all of it, so that a lost probe or two
// do not blind a symptom; more than two thirds, so that "for three minutes" is not said after two.
constexpr double kCovered = 0.8;
// A sample stands for no more than this many usual gaps, or of its own spans; what is longer is a
// hole in the history.
constexpr int kGapsBridged = 3;

// The time that the samples stand for.
Duration time_seen(const Picked& picked, Window window) {
    if (picked.inside.empty()) return Duration{0};
    std::vector<Sample> all;
    if (picked.held) all.push_back(*picked.held);
    all.insert(all.end(), picked.inside.begin(), picked.inside.end());
    const Duration usual = usual_gap(all);
    const auto bridged = [usual](const Sample& sample) {
        return std::max(usual, sample.span) * kGapsBridged;
    };
    Duration seen{0};
    Time until = window.start;
    const Sample* last = picked.held ? &*picked.held : nullptr;
    for (const Sample& sample : picked.inside) {
        // Before the first sample of all, as much is taken as seen as between any other two.
        const Duration most = last != nullptr ? std::max(bridged(*last), bridged(sample)) : usual;
        seen += std::min(sample.at - until, most);
        until = sample.at;
        last = &sample;
    }
    return seen + std::min(window.end - until, bridged(*last));
}

// The samples inside, or why they are too few to speak for the whole window.
struct Covering {
    std::vector<Sample> inside;
    std::string why_unknown;
    bool ok() const { return why_unknown.empty(); }
};

Covering covering(Samples samples, Window window) {
    Picked picked = pick(samples, window);
    if (picked.inside.empty()) return {{}, nothing_inside(picked, window)};
    const Duration seen = time_seen(picked, window);
    if (seen.count() < 0 || static_cast<double>(seen.count()) <
                                kCovered * static_cast<double>(window.length().count())) {
        return {{}, seen_of(seen, window.length())};
    }
    return {std::move(picked.inside), ""};
}

// Kahan's compensated sum, in Neumaier's form: a day of small samples beside a large one stays
// exact.
class Sum {
public:
    void add(double value) {
        const double next = total_ + value;
        lost_ +=
            std::abs(total_) >= std::abs(value) ? (total_ - next) + value : (value - next) + total_;
        total_ = next;
    }
    double value() const { return std::isfinite(total_) ? total_ + lost_ : total_; }

private:
    double total_ = 0;
    double lost_ = 0;
};

double count_of(const std::vector<Sample>& samples) {
    double count = 0;
    for (const Sample& sample : samples) count += sample.count;
    return count;
}

double sum_of(const std::vector<Sample>& samples) {
    Sum sum;
    for (const Sample& sample : samples) sum.add(sample.value * sample.count);
    return sum.value();
}

double mean_of(const std::vector<Sample>& samples) {
    const double count = count_of(samples);
    const double mean = sum_of(samples) / count;
    if (std::isfinite(mean)) return mean;
    // Divided first: the mean of finite numbers is finite, their sum need not be.
    Sum sum;
    for (const Sample& sample : samples) sum.add(sample.value * (sample.count / count));
    return sum.value();
}

// The value at the start of the window and everything newer.
struct Change {
    std::vector<Sample> samples;
    std::string why_unknown;
    bool ok() const { return why_unknown.empty(); }
    double from() const { return samples.front().value; }
    double to() const { return samples.back().value; }
};

Change change_within(Samples samples, Window window) {
    Picked picked = pick(samples, window);
    if (picked.inside.empty()) return {{}, nothing_inside(picked, window)};
    if (picked.held) picked.inside.insert(picked.inside.begin(), *picked.held);
    if (picked.inside.size() < 2) {
        return {{}, "1 sample in the last " + format_duration(window.length()) + ", needs 2"};
    }
    return {std::move(picked.inside), ""};
}

// How much a counter grew from `last` on, and where it stands then. Within a span that began below
// it was reset, at an unknown moment; it stands at least where it began again.
double growth_of(double& last, const Sample& sample) {
    const double before = last;
    last = sample.high;
    if (sample.low >= before) return sample.high - before;
    if (sample.high < before || sample.span == Duration{0}) return sample.high;
    last = sample.low;
    return sample.high - before + sample.low;
}

// A span's values have the precision of a float, so what is compared with them is, too.
bool differ(double a, double b, bool in_span) {
    const auto rounded = [in_span](double value) {
        const double largest = double{std::numeric_limits<float>::max()};
        return in_span ? double{static_cast<float>(std::clamp(value, -largest, largest))} : value;
    };
    return rounded(a) != rounded(b);
}

bool is_flat(const Sample& sample) { return !differ(sample.low, sample.high, true); }

}  // namespace

Window window_before(Time now, Duration length) { return {add_saturating(now, -length), now}; }

Duration reach_before(Duration window) {
    return std::clamp(window, Duration(std::chrono::minutes(5)), Duration(std::chrono::hours(1)));
}

Answer Answer::of(double value) {
    if (!std::isfinite(value)) return unknown("the result is too large");
    return {value == 0 ? 0.0 : value, ""};  // no negative zero: it would print as "-0"
}

std::optional<double> sample_value(const Value& value) {
    switch (value.type()) {
        case Type::number:
        case Type::percentage:
        case Type::duration:
        case Type::size: return value.amount();
        case Type::boolean: return value.truth() ? 1.0 : 0.0;
        case Type::string: {
            // FNV-1a, cut to the 53 bits that a double keeps exactly.
            uint64_t hash = 14695981039346656037u;
            for (const char c : value.text()) {
                hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
            }
            return static_cast<double>(hash >> 11);
        }
        case Type::list:
        case Type::unknown: return std::nullopt;
    }
    return std::nullopt;
}

double coverage(Samples samples, Window window) {
    if (window.length() <= Duration{0}) return 0;
    const Duration seen = time_seen(pick(samples, window), window);
    return std::clamp(
        static_cast<double>(seen.count()) / static_cast<double>(window.length().count()), 0.0, 1.0);
}

Answer avg(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    return Answer::of(mean_of(covered.inside));
}

Answer min(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    double least = covered.inside.front().low;
    for (const Sample& sample : covered.inside) least = std::min(least, sample.low);
    return Answer::of(least);
}

Answer max(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    double most = covered.inside.front().high;
    for (const Sample& sample : covered.inside) most = std::max(most, sample.high);
    return Answer::of(most);
}

Answer sum(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    return Answer::of(sum_of(covered.inside));
}

Answer stddev(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    // Welford's recurrence, weighted as by D. H. D. West (Comm. ACM 22, 1979): no difference of two
    // large squares.
    double mean = 0;
    double squares = 0;
    double count = 0;
    for (const Sample& sample : covered.inside) {
        count += sample.count;
        const double off = sample.value - mean;
        mean += off * (sample.count / count);
        squares += sample.count * off * (sample.value - mean);
    }
    return Answer::of(std::sqrt(squares / count));
}

Answer percentile(Samples samples, Window window, double quantile) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    std::vector<Sample> sorted = covered.inside;
    std::sort(sorted.begin(), sorted.end(),
              [](const Sample& a, const Sample& b) { return a.value < b.value; });
    const double rank = std::clamp(quantile, 0.0, 1.0) * (count_of(sorted) - 1);
    const double below = std::floor(rank);
    // The values of the ranks `below` and `below + 1`, each sample taking as many as its count.
    double passed = 0;
    auto lower = sorted.begin();
    while (passed + lower->count <= below && lower + 1 != sorted.end()) passed += (lower++)->count;
    const bool is_last = below + 1 < passed + lower->count || lower + 1 == sorted.end();
    const auto upper = is_last ? lower : lower + 1;
    return Answer::of(std::lerp(lower->value, upper->value, rank - below));
}

Answer rate(Samples samples, Window window) {
    const Change change = change_within(samples, window);
    if (!change.ok()) return Answer::unknown(change.why_unknown);
    // Prometheus' extrapolatedRate(): a counter that fell began again at zero.
    double increase = 0;
    double last = change.samples.front().high;
    for (size_t i = 1; i < change.samples.size(); ++i) {
        increase += growth_of(last, change.samples[i]);
    }
    const double seconds = seconds_between(change.samples.front().at, change.samples.back().at);
    if (seconds <= 0) return Answer::unknown("all samples are of the same moment");
    return Answer::of(increase / seconds);
}

Answer delta(Samples samples, Window window) {
    const Change change = change_within(samples, window);
    if (!change.ok()) return Answer::unknown(change.why_unknown);
    return Answer::of(change.to() - change.from());
}

Answer rise(Samples samples, Window window) {
    const Change change = change_within(samples, window);
    if (!change.ok()) return Answer::unknown(change.why_unknown);
    if (change.from() == 0) {
        return Answer::unknown("it was 0 " + format_duration_short(window.length()) +
                               " ago, and no per cent of 0 can be told");
    }
    // Of the magnitude, so that a loss that shrinks is a rise.
    return Answer::of((change.to() - change.from()) / std::abs(change.from()) * 100);
}

Answer drop(Samples samples, Window window) {
    Answer answer = rise(samples, window);
    if (answer.ok()) return Answer::of(-*answer.value);
    return answer;
}

Answer changed(Samples samples, Window window) {
    const Picked picked = pick(samples, window);
    if (picked.inside.empty()) return Answer::unknown(nothing_inside(picked, window));
    // What a span that reaches into the window had before it is not known.
    const Sample& first =
        picked.held && is_flat(*picked.held) ? *picked.held : picked.inside.front();
    for (const Sample& sample : picked.inside) {
        const bool in_span = first.span + sample.span > Duration{0};
        if (!is_flat(sample) || differ(first.value, sample.value, in_span)) return Answer::of(1);
    }
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    return Answer::of(0);
}

}  // namespace ops::series
