#include "learn/signature.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>

#include "base/text.h"

namespace ops {
namespace {

// Numbers stand out from their first step on, or below it, and are told by the last step passed:
// 91% and 94% are the same thing to remember.
struct Steps {
    std::string_view fact;
    bool above;
    std::array<double, 3> at;  // the first stands out; further ones in the direction of worse
    std::array<std::string_view, 3> names;
};
constexpr auto kSteps = std::to_array<Steps>({
    {"cpu_usage", true, {80, 90, 97}, {"80%", "90%", "97%"}},
    {"memory_usage", true, {80, 90, 97}, {"80%", "90%", "97%"}},
    {"swap_usage", true, {50, 80, 95}, {"50%", "80%", "95%"}},
    {"disk_usage", true, {80, 90, 97}, {"80%", "90%", "97%"}},
    {"inode_usage", true, {80, 90, 97}, {"80%", "90%", "97%"}},
    {"error_rate", true, {1, 10, 100}, {"1", "10", "100"}},  // a minute
    {"latency", true, {1, 5, 30}, {"1s", "5s", "30s"}},
    {"last_heartbeat", true, {300, 3600, 86400}, {"5m", "1h", "1d"}},
    {"restarts", true, {3, 10, 100}, {"3", "10", "100"}},
    {"tls_expires_in", false, {1209600, 259200, 0}, {"14d", "3d", "0s"}},
    {"uptime", false, {600, 60, 10}, {"10m", "1m", "10s"}},
});

// Words that say in which state something is; the well ones say nothing.
struct Words {
    std::string_view fact;
    std::array<std::string_view, 4> well;
};
constexpr auto kWords = std::to_array<Words>({
    {"process_status", {"running", "unknown", "", ""}},
    {"review_state", {"READY_FOR_SALE", "IN_REVIEW", "WAITING_FOR_REVIEW", ""}},
});
constexpr auto kTruths =
    std::to_array<std::string_view>({"disk_read_only", "new_error_pattern", "security_incident"});

// Parts of the sentences that our checks and the operating system make, in lower case. The first
// that fits counts.
struct Class {
    std::string_view part, name;
};
constexpr auto kClasses = std::to_array<Class>({
    {"refused", "connection_refused"},
    {"certificate", "certificate"},
    {"tls", "tls"},
    {"ssl", "tls"},
    {"timed out", "timeout"},
    {"time-out", "timeout"},
    {"timeout", "timeout"},
    {"no answer", "timeout"},
    {"in time", "timeout"},
    {"heartbeat", "heartbeat"},
    {"no such host", "no_name"},
    {"name or service not known", "no_name"},
    {"could not be looked up", "no_name"},
    {"no route", "no_route"},
    {"unreachable", "no_route"},
    {"reset by peer", "reset"},
    {"closed the connection", "reset"},
    {"connection reset", "reset"},
    {"no http", "wrong_answer"},
    {"http ", "status"},
    {"expected", "wrong_answer"},
    {"not running", "not_running"},
    {"no process", "not_running"},
    {"is dead", "not_running"},
    {"exited", "not_running"},
    {"ended with", "not_running"},
    {"fatal", "not_running"},
});

void add_number(const Steps& steps, double value, std::set<std::string>& found) {
    std::string_view passed;
    for (size_t i = 0; i < steps.at.size(); ++i) {
        const bool is_past = steps.above ? value > steps.at[i] : value < steps.at[i];
        if (is_past) passed = steps.names[i];
    }
    if (passed.empty()) return;
    found.insert(std::string(steps.fact) + (steps.above ? ">" : "<") + std::string(passed));
}

// Each word of a template is three characters: its digits, "..." where a value stood from the
// beginning, "~~~" where any word may stand by now.
bool is_same_sign(std::string_view a, std::string_view b) {
    constexpr size_t kWord = 3;
    const std::string_view left = a.substr(words_of_sign(a).size());
    const std::string_view right = b.substr(words_of_sign(b).size());
    if (left.size() != right.size() || left.size() % kWord != 2) return a == b;  // 2: " #"
    for (size_t i = 2; i < left.size(); i += kWord) {
        const std::string_view one = left.substr(i, kWord), other = right.substr(i, kWord);
        if (one != other && one != "~~~" && other != "~~~") return false;
    }
    return true;
}

}  // namespace

std::string_view reason_class(std::string_view reason) {
    const std::string lower = to_lower(reason);
    for (const Class& known : kClasses) {
        if (lower.find(known.part) != std::string::npos) return known.name;
    }
    return "";
}

std::vector<std::string> signature_of(const Json& facts, std::string_view reason) {
    std::set<std::string> found;
    for (const Steps& steps : kSteps) {
        if (facts[steps.fact].is_number()) add_number(steps, facts[steps.fact].as_number(), found);
    }
    for (const Words& words : kWords) {
        const std::string value = facts[words.fact].as_string();
        const bool is_well =
            std::find(words.well.begin(), words.well.end(), value) != words.well.end();
        if (is_well || value.size() > 40 || !is_safe_word(value)) continue;
        found.insert(std::string(words.fact) + "=" + value);
    }
    for (const std::string_view truth : kTruths) {
        if (facts[truth].as_bool()) found.insert(std::string(truth));
    }
    const auto code = static_cast<int>(facts["http_status"].as_number());
    if (code >= 400 && code <= 599) found.insert("http_status=" + std::to_string(code));
    if (const Json& exit = facts["exit_code"]; exit.is_number() && exit.as_number() != 0) {
        found.insert("exit_code=" + std::to_string(static_cast<int>(exit.as_number())));
    }
    if (const std::string_view kind = reason_class(reason); !kind.empty()) {
        found.insert("reason=" + std::string(kind));
    }
    return {found.begin(), found.end()};
}

std::vector<std::string> signature_of(const Facts& facts, std::string_view reason) {
    return signature_of(facts.to_plain_json(), reason);
}

double overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    std::vector<std::string> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    const size_t all = a.size() + b.size() - both.size();
    return all == 0 ? 0 : static_cast<double>(both.size()) / static_cast<double>(all);
}

std::string_view words_of_sign(std::string_view sign) { return sign.substr(0, sign.rfind(" #")); }

double overlap_of_signs(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const auto known_in = [](const std::vector<std::string>& these,
                             const std::vector<std::string>& those) {
        return static_cast<size_t>(std::ranges::count_if(these, [&](const std::string& one) {
            return std::ranges::any_of(
                those, [&](const std::string& other) { return is_same_sign(one, other); });
        }));
    };
    const size_t of_a = known_in(a, b), of_b = known_in(b, a);
    // Many that were joined to one since are one.
    const size_t both = std::min(of_a, of_b);
    const size_t all = both + (a.size() - of_a) + (b.size() - of_b);
    return all == 0 ? 0 : static_cast<double>(both) / static_cast<double>(all);
}

}  // namespace ops
