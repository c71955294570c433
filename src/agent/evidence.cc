#include "agent/evidence.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/units.h"
#include "patterns/secrets.h"

namespace ops {
namespace {

struct Rule {
    std::string_view fact;   // at the end of the fact's name
    std::string_view looks;  // in the order in which they tell most
};
constexpr auto kRules = std::to_array<Rule>({
    {"memory_usage", "top_memory memory kernel_log unit_status program_status"},
    {"rss", "top_memory memory kernel_log unit_status program_status"},
    {"swap_usage", "top_memory memory kernel_log"},
    {"cpu_usage", "top_cpu load unit_status program_status"},
    {"load", "top_cpu load top_memory"},
    {"disk_usage", "disks largest_files growing_files"},
    {"disk_free", "disks largest_files growing_files"},
    {"inode_usage", "inodes disks"},
    {"latency", "load top_cpu connections unit_log program_log"},
    {"disk_read_only", "mounts disk_errors file_system_errors disk_state raid smart"},
    {"tls_expires_in", "tls clock"},
    {"clock_skew", "clock"},
    {"security_incident", "uptime listening_ports connections"},
    {"error_rate", "unit_log program_log unit_status program_status"},
    {"new_error_pattern", "unit_log program_log unit_status program_status"},
    {"crash", "unit_status unit_log program_status program_log kernel_log"},
    {"restarts", "unit_status unit_log program_status program_log kernel_log"},
    {"process_status", "unit_status unit_log program_status program_log kernel_log"},
});
constexpr std::string_view kService = "unit_status unit_log program_status program_log";
constexpr std::string_view kNetwork = "listening_ports dns tls dependencies connections";
constexpr std::string_view kHost = "failed_units host_log load";

// What our own checks say of a name that does not resolve, and of certificates.
constexpr auto kReasons = std::to_array<Rule>({
    {"look up '", "dns"},
    {"certificate", "tls clock"},
    {"tls handshake", "tls"},
    {"is mounted read-only", "mounts disk_errors file_system_errors disk_state raid smart"},
});

constexpr size_t kMostText = 80;  // of a value that is a text

std::string shown(const Value& value) {
    // Before it is cut: half a secret has no form to be known by.
    return clip_end(redact_secrets(printable(value.print(), Lines::flatten)).text, kMostText);
}

// Does it move while nothing happens?
bool always_moves(std::string_view name) {
    constexpr auto kMoving = std::to_array<std::string_view>(
        {"uptime", "last_heartbeat", "down_for", "log_lines", "tls_expires_in", "clock_skew"});
    return std::any_of(kMoving.begin(), kMoving.end(),
                       [&](std::string_view one) { return name.ends_with(one); });
}

bool is_worth_telling(const Fact& was, const Value& now) {
    if (was.value == now || always_moves(was.name)) return false;
    if (!was.value.is_quantity() || !now.is_quantity()) return true;
    const double before = was.value.amount(), after = now.amount();
    return std::abs(after - before) > 0.1 * std::max(std::abs(before), std::abs(after));
}

}  // namespace

std::vector<std::string> looks_for(const Complaint& trouble, std::span<const std::string> can_run,
                                   size_t most) {
    std::vector<std::string> chosen;
    const auto add = [&](std::string_view looks) {
        for (const std::string_view look : words_of(looks)) {
            const bool fits = std::find(can_run.begin(), can_run.end(), look) != can_run.end();
            const bool is_new = std::find(chosen.begin(), chosen.end(), look) == chosen.end();
            if (fits && is_new && chosen.size() < most) chosen.emplace_back(look);
        }
    };
    // A host that does not answer cannot be asked anything.
    if (trouble.is_host && trouble.is_down) return chosen;
    for (const Rule& rule : kReasons) {
        if (trouble.reason.find(rule.fact) != std::string::npos) add(rule.looks);
    }
    for (const std::string& fact : trouble.facts) {
        for (const Rule& rule : kRules) {
            if (fact == rule.fact || fact.ends_with("_" + std::string(rule.fact))) add(rule.looks);
        }
    }
    if (!chosen.empty() && !trouble.is_down) return chosen;
    if (!trouble.is_host) add(kService);
    if (trouble.is_down && trouble.over_network) add(kNetwork);
    if (chosen.empty()) add(kHost);
    return chosen;
}

std::string sparkline(std::span<const HistorySample> samples, size_t width) {
    constexpr auto kBlocks =
        std::to_array<std::string_view>({"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"});
    if (samples.empty() || width == 0) return "";
    double low = samples[0].value, high = low;
    for (const HistorySample& sample : samples) {
        low = std::min(low, sample.value);
        high = std::max(high, sample.value);
    }
    std::string line;
    const size_t columns = std::min(width, samples.size());
    for (size_t column = 0; column < columns; ++column) {
        const size_t from = column * samples.size() / columns;
        const size_t to = std::max(from + 1, (column + 1) * samples.size() / columns);
        double sum = 0;
        for (size_t i = from; i < to; ++i) sum += samples[i].value;
        const double mean = sum / static_cast<double>(to - from);
        const double share = high > low ? (mean - low) / (high - low) : 0;
        line += kBlocks.at(static_cast<size_t>(std::lround(share * 7)));
    }
    return line;
}

std::string history_line(const Fact& now, std::span<const HistorySample> samples, Duration span) {
    std::string line = now.name + " " + shown(now.value);
    if (samples.empty() || !now.value.is_quantity()) return line;
    // What is seen now may not be on record yet.
    std::vector<HistorySample> all(samples.begin(), samples.end());
    const double newest = now.value.amount();
    all.push_back({all.back().at, newest, newest, newest});
    double low = newest, high = newest, sum = 0;
    for (const HistorySample& sample : all) {
        low = std::min(low, sample.low);
        high = std::max(high, sample.high);
        sum += sample.value;
    }
    const auto print = [&](double amount) {
        return Value::quantity(now.value.type(), std::round(amount * 100) / 100).print();
    };
    const std::string over = ", last " + format_duration(span) + ": ";
    if (low == high) return line + over + "the same";
    return line + over + print(low) + " to " + print(high) + ", mean " +
           print(sum / static_cast<double>(all.size())) + " " + sparkline(all, 24);
}

std::string with_texts_shown(std::string_view text,
                             const std::function<std::string(const std::string&)>& shown) {
    std::string out;
    while (!text.empty()) {
        const size_t quote = text.find('"');
        out += text.substr(0, quote);
        if (quote == std::string_view::npos) break;
        text.remove_prefix(quote + 1);
        size_t end = 0;
        while (end < text.size() && text[end] != '"' && text[end] != '\n') {
            end += text[end] == '\\' && end + 1 < text.size() ? size_t{2} : size_t{1};
        }
        out += shown(std::string(text.substr(0, end)));
        const bool ends = end < text.size() && text[end] == '"';
        text.remove_prefix(std::min(text.size(), end + (ends ? 1 : 0)));
    }
    return out;
}

std::string differences(const Facts& before, const Facts& now) {
    std::string lines;
    for (const Fact& was : before.all()) {
        const Value* const is = now.find(was.name);
        if (is == nullptr) {
            if (!always_moves(was.name))
                lines += was.name + ": " + shown(was.value) + ", now not known\n";
        } else if (is_worth_telling(was, *is)) {
            lines += was.name + ": " + shown(was.value) + ", now " + shown(*is) + "\n";
        }
    }
    for (const Fact& fact : now.all()) {
        if (before.find(fact.name) != nullptr || always_moves(fact.name)) continue;
        lines += fact.name + ": now " + shown(fact.value) + "\n";
    }
    return lines;
}

}  // namespace ops
