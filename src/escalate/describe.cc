// What was really done, in words, from the journal's actions.
#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/units.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

std::vector<std::string> words_of(const Action& action) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (const std::string& part : action.argv) {
        for (const char c : part) {
            if (c == ' ' || c == '\'' || c == '"' || c == ';' || c == '&') {
                end_word();
            } else {
                word += c;
            }
        }
        end_word();
    }
    for (std::string& one : words) {
        if (one.find('/') != std::string::npos && !one.starts_with("-")) {
            one = one.substr(one.rfind('/') + 1);
        }
    }
    return words;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}
bool has_prefix(const std::vector<std::string>& words, std::string_view prefix) {
    return std::any_of(words.begin(), words.end(),
                       [prefix](const std::string& word) { return word.starts_with(prefix); });
}
std::string word_after(const std::vector<std::string>& words, std::string_view word) {
    const auto place = std::find(words.begin(), words.end(), word);
    return place == words.end() || place + 1 == words.end() ? "" : *(place + 1);
}

// "freed 2.8G of archived journals" and "Total reclaimed space: 1.2GB". journalctl counts in powers
// of 1024 and says G.
std::optional<double> freed_bytes(const std::string& output) {
    double total = 0;
    bool found = false;
    for (const std::string_view lead : {"freed ", "reclaimed space: "}) {
        for (size_t at = output.find(lead); at != std::string::npos; at = output.find(lead, at)) {
            at += lead.size();
            size_t end = at;
            while (end < output.size() &&
                   (std::isdigit(static_cast<unsigned char>(output[end])) || output[end] == '.')) {
                ++end;
            }
            size_t unit_end = end;
            while (unit_end < output.size() &&
                   std::isalpha(static_cast<unsigned char>(output[unit_end]))) {
                ++unit_end;
            }
            std::string unit = output.substr(end, unit_end - end);
            if (unit.size() == 1 && unit != "B") unit += "iB";
            if (unit == "kB") unit = "KB";
            const Result<int64_t> size = parse_size(output.substr(at, end - at) + unit);
            if (!size.ok()) continue;
            total += static_cast<double>(size.value());
            found = true;
        }
    }
    return found ? std::optional(total) : std::nullopt;
}

// By how much the disk grew freer; for a single clean-up that does not say itself.
std::optional<double> disk_gain(const Facts& before, const Facts& now) {
    const Value* const was = before.find("disk_free");
    const Value* const is = now.find("disk_free");
    if (was == nullptr || is == nullptr || was->type() != Type::size || is->type() != Type::size) {
        return std::nullopt;
    }
    const double gain = is->amount() - was->amount();
    return gain >= 1e6 ? std::optional(gain) : std::nullopt;
}

struct Phrase {
    std::string done;     // "restarted worker_3"
    std::string attempt;  // "restart worker_3": for "tried to ..."
    bool is_cleanup = false;
};

Phrase phrase_of(const Action& action, const std::vector<std::string>& words,
                 std::optional<double> freed) {
    const std::string size = freed && *freed >= 1e6 ? format_size(*freed) + " of " : "";
    if (has(words, "journalctl") && has_prefix(words, "--vacuum")) {
        return {"cleared " + size + "old logs", "clear old logs", true};
    }
    if (has(words, "docker") && has(words, "prune")) {
        return {"removed " + size + "unused Docker data", "remove unused Docker data", true};
    }
    if ((has(words, "apt-get") || has(words, "apt")) && has(words, "clean")) {
        return {"cleared the package cache", "clear the package cache", true};
    }
    if (has(words, "logrotate")) return {"rotated logs", "rotate logs", true};
    for (const std::string_view verb : {"restart", "start", "reload", "stop"}) {
        if (!has(words, verb)) continue;
        const bool is_manager = has(words, "systemctl") || has(words, "supervisorctl") ||
                                has(words, "docker") || has(words, "service");
        if (!is_manager) continue;
        std::string what = word_after(words, verb);
        if (has(words, "service")) what = word_after(words, "service");
        if (what.empty() || what.starts_with('-')) what = action.target;
        const std::string past = verb == "stop" ? "stopped" : std::string(verb) + "ed";
        return {past + " " + what, std::string(verb) + " " + what};
    }
    const std::string command = clip_end(join(action.argv, " "), 80);
    return {"ran '" + command + "'", "run '" + command + "'"};
}

std::string say_one(const Action& action, const Phrase& phrase) {
    if (action.undo && action.state == "failed") {
        return "could not undo it: tried to " + phrase.attempt +
               (action.exit ? " (exit " + std::to_string(*action.exit) + ")" : "");
    }
    if (action.undo && action.state == "unknown") return "tried to undo it, outcome unknown";
    if (action.undo && (action.state == "verified" || action.state == "running")) return "undid it";
    if (action.state == "verified" || action.state == "undone") return phrase.done;
    if (action.state == "denied") {
        return "did not " + phrase.attempt + (action.reason.empty() ? "" : ": " + action.reason);
    }
    if (action.state == "awaiting_approval") return "waiting for a yes to " + phrase.attempt;
    if (action.state == "intent") return "";
    if (action.state == "unknown") return "tried to " + phrase.attempt + ", outcome unknown";
    if (action.how == "timed_out") {
        return "tried to " + phrase.attempt + ", which did not end within its time";
    }
    if (action.how == "signalled") return "tried to " + phrase.attempt + ", which was killed";
    const bool good_exit = action.exit && *action.exit == 0;
    // A clean-up's own exit says whether it was done; only the target says whether a restart
    // helped.
    if (action.state == "failed" && good_exit) {
        if (action.harmed) return phrase.done;  // it did, and harmed something else
        return phrase.is_cleanup ? phrase.done : phrase.done + ", which did not help";
    }
    if (action.state == "failed") {
        return "tried to " + phrase.attempt +
               (action.exit ? " (exit " + std::to_string(*action.exit) + ")" : "");
    }
    return good_exit ? phrase.done : "";
}

}  // namespace

std::string describe_actions(const std::vector<Action>& actions, const Facts& before,
                             const Facts& now) {
    const auto cleanups = std::count_if(actions.begin(), actions.end(), [](const Action& action) {
        return phrase_of(action, words_of(action), std::nullopt).is_cleanup;
    });
    std::vector<std::pair<std::string, int>> said;  // and how many times
    for (const Action& action : actions) {
        std::optional<double> freed = freed_bytes(action.output);
        if (!freed && cleanups == 1) freed = disk_gain(before, now);
        std::string one = say_one(action, phrase_of(action, words_of(action), freed));
        if (one.empty()) continue;
        const auto known = std::find_if(said.begin(), said.end(),
                                        [&one](const auto& item) { return item.first == one; });
        if (known == said.end()) {
            said.emplace_back(std::move(one), 1);
        } else {
            ++known->second;
        }
    }
    std::string text;
    for (const auto& [one, times] : said) {
        if (!text.empty()) text += ", ";
        text += one + (times > 1 ? " (" + std::to_string(times) + " times)" : "");
    }
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text;
}

}  // namespace ops
