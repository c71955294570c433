#include "series/series.h"

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "series/samples.h"

namespace ops::series {
namespace {

// Share of the window that samples must stand for. Less than all of it, so that a lost probe or two
// do not blind a symptom; more than two thirds, so that "for three minutes" is not said after two.
constexpr double kCovered = 0.8;
// A sample stands for no more than this many usual gaps; what is longer is a hole in the history.
constexpr int kGapsBridged = 3;

// The time that the samples stand for.
Duration time_seen(const Picked& picked, Window window) {
    if (picked.inside.empty()) return Duration{0};
    std::vector<Sample> all;
    if (picked.held) all.push_back(*picked.held);
    all.insert(all.end(), picked.inside.begin(), picked.inside.end());
    const Duration usual = usual_gap(all);
    const Duration bridged = usual * kGapsBridged;
    Duration seen{0};
    Time until = window.start;
    for (const Sample& sample : picked.inside) {
        const bool first = &sample == &picked.inside.front();
        // Before the first sample of all, as much is taken as seen as between any other two.
        const Duration most = first && !picked.held ? usual : bridged;
        seen += std::min(sample.at - until, most);
        until = sample.at;
    }
    return seen + std::min(window.end - until, bridged);
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

double mean_of(const std::vector<Sample>& samples) {
    // Divided first: the mean of finite numbers is finite, their sum need not be.
    Sum sum;
    const auto count = static_cast<double>(samples.size());
    for (const Sample& sample : samples) sum.add(sample.value / count);
    return sum.value();
}

double exact_mean_of(const std::vector<Sample>& samples) {
    Sum sum;
    for (const Sample& sample : samples) sum.add(sample.value);
    const double mean = sum.value() / static_cast<double>(samples.size());
    return std::isfinite(mean) ? mean : mean_of(samples);
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
    return Answer::of(exact_mean_of(covered.inside));
}

Answer min(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    double least = covered.inside.front().value;
    for (const Sample& sample : covered.inside) least = std::min(least, sample.value);
    return Answer::of(least);
}

Answer max(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    double most = covered.inside.front().value;
    for (const Sample& sample : covered.inside) most = std::max(most, sample.value);
    return Answer::of(most);
}

Answer sum(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    Sum total;
    for (const Sample& sample : covered.inside) total.add(sample.value);
    return Answer::of(total.value());
}

Answer stddev(Samples samples, Window window) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    // Welford's recurrence: no difference of two large squares.
    double mean = 0;
    double squares = 0;
    double count = 0;
    for (const Sample& sample : covered.inside) {
        ++count;
        const double off = sample.value - mean;
        mean += off / count;
        squares += off * (sample.value - mean);
    }
    return Answer::of(std::sqrt(squares / count));
}

Answer percentile(Samples samples, Window window, double quantile) {
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    std::vector<double> values;
    values.reserve(covered.inside.size());
    for (const Sample& sample : covered.inside) values.push_back(sample.value);
    const double rank = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(values.size() - 1);
    const double below = std::floor(rank);
    const auto lower = values.begin() + static_cast<std::ptrdiff_t>(below);
    std::nth_element(values.begin(), lower, values.end());
    const double low = *lower;
    if (lower + 1 == values.end()) return Answer::of(low);
    return Answer::of(std::lerp(low, *std::min_element(lower + 1, values.end()), rank - below));
}

Answer rate(Samples samples, Window window) {
    const Change change = change_within(samples, window);
    if (!change.ok()) return Answer::unknown(change.why_unknown);
    // Prometheus' extrapolatedRate(): newest minus oldest, plus every value from which the counter
    // fell.
    double increase = change.to() - change.from();
    for (size_t i = 1; i < change.samples.size(); ++i) {
        const double before = change.samples[i - 1].value;
        if (change.samples[i].value < before) increase += before;
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
    const double first = picked.held ? picked.held->value : picked.inside.front().value;
    for (const Sample& sample : picked.inside) {
        if (sample.value != first) return Answer::of(1);
    }
    const Covering covered = covering(samples, window);
    if (!covered.ok()) return Answer::unknown(covered.why_unknown);
    return Answer::of(0);
}

}  // namespace ops::series
