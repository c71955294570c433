#include "learn/deeds.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

std::string one_spaced(std::string_view text) {
    std::string out;
    const std::string spaced = replace_all(std::string(text), "\t", " ");
    for (const std::string_view word : split(spaced, ' ')) {
        if (word.empty()) continue;
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

bool is_word_part(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '/' || c == '@' || c == '=';
}

// Where `words` stands in `text` with nothing of a word before or behind it.
size_t find_words(std::string_view text, std::string_view words) {
    for (size_t at = text.find(words); at != std::string_view::npos;
         at = text.find(words, at + 1)) {
        const size_t end = at + words.size();
        const bool begins = at == 0 || !is_word_part(text[at - 1]);
        // A full stop ends a sentence, "api.service" is one word.
        const bool goes_on = end < text.size() &&
                             (is_word_part(text[end]) ||
                              (text[end] == '.' && end + 1 < text.size() && text[end + 1] != ' '));
        if (begins && !goes_on) return at;
    }
    return std::string_view::npos;
}

bool denies(std::string_view note) {
    static constexpr auto kNo = std::to_array<std::string_view>(
        {"not", "no", "never", "without", "dont", "didnt", "doesnt", "cannot", "nothing", "instead",
         "worse", "fails", "failed", "useless", "avoid"});
    // Telephones and word processors write the other apostrophe.
    const std::string lower = replace_all(to_lower(note), "\u2019", "'");
    if (lower.find("n't") != std::string::npos) return true;
    return std::any_of(kNo.begin(), kNo.end(), [&](std::string_view word) {
        return find_words(lower, word) != std::string_view::npos;
    });
}

void add(const Entry& entry, size_t index, std::string_view target, const Inventory& inventory,
         std::vector<KnownDeed>& known) {
    const Step& step = entry.steps[index];
    if (!step.has_effect() || step.kind == Step::Kind::http) return;
    const std::string about(step.service.empty() ? target : step.service);
    const Result<CommandLine> line = fill_in(step.command, about, inventory);
    if (!line.ok()) return;
    KnownDeed deed;
    deed.entry = entry.name;
    deed.step = static_cast<int>(index);
    deed.command = one_spaced(line.value().text);
    deed.spoken = {deed.command};
    if (step.kind != Step::Kind::command) {
        const Result<std::string> text = fill_in_text(step.text, target, inventory);
        if (text.ok()) deed.spoken.push_back(one_spaced(text.value()));
    }
    // Typed on the machine itself, what is within the quotes of `ssh pc '...'`.
    std::vector<std::string> words;
    for (const std::string& word : step.command.words) {
        const Result<std::string> filled = fill_in_text(word, about, inventory);
        if (filled.ok()) words.push_back(filled.value());
    }
    if (!words.empty() && !step.command.shell) deed.spoken.push_back(one_spaced(join(words, " ")));
    if (deed.command.empty()) return;
    known.push_back(std::move(deed));
}

std::string bare(std::string_view line) {
    std::string text = one_spaced(line);
    if (text.starts_with("sudo ")) text = text.substr(5);
    if (text.starts_with("/")) {  // /usr/bin/systemctl: sudo logs the whole path
        const size_t space = text.find(' ');
        const size_t slash = text.rfind('/', space);
        text = text.substr(slash + 1);
    }
    return text;
}

std::optional<Time> seconds_at(std::string_view digits) {
    int64_t seconds = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
    if (seconds <= 0 || seconds > 32'503'680'000) return std::nullopt;  // the year 3000
    return Time(std::chrono::seconds(seconds));
}

}  // namespace

std::vector<KnownDeed> known_deeds(std::string_view target, const Runbook& own,
                                   const Inventory& inventory) {
    std::vector<KnownDeed> known;
    const Service* const service = inventory.find_service(target);
    if (service != nullptr && !service->restart.empty()) {
        add(builtin_restart(*service), 0, target, inventory, known);
    }
    for (const Entry& entry : own.entries) {
        if (entry.learned || !entry.enabled || entry.autonomy == Autonomy::shadow) continue;
        if (entry.risk == Risk::destructive || !may_match(entry, target, inventory)) continue;
        for (size_t i = 0; i < entry.steps.size(); ++i) add(entry, i, target, inventory, known);
    }
    return known;
}

std::vector<std::string> commands_of(const Entry& entry, std::string_view target,
                                     const Inventory& inventory) {
    std::vector<KnownDeed> deeds;
    for (size_t i = 0; i < entry.steps.size(); ++i) add(entry, i, target, inventory, deeds);
    std::vector<std::string> commands;
    for (const KnownDeed& deed : deeds) commands.push_back(deed.command);
    return commands;
}

std::vector<KnownDeed> deeds_in_note(std::string_view note, const std::vector<KnownDeed>& known) {
    if (denies(note)) return {};
    const std::string text = one_spaced(note);
    std::vector<std::pair<size_t, const KnownDeed*>> found;
    for (const KnownDeed& deed : known) {
        size_t first = std::string::npos;
        for (const std::string& spoken : deed.spoken) {
            first = std::min(first, find_words(text, spoken));
        }
        const bool said = first != std::string::npos;
        const bool is_new = std::none_of(found.begin(), found.end(), [&](const auto& one) {
            return one.second->command == deed.command;
        });
        if (said && is_new) found.emplace_back(first, &deed);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<KnownDeed> deeds;
    for (const auto& [at, deed] : found) deeds.push_back(*deed);
    return deeds;
}

std::optional<KnownDeed> deed_of_line(std::string_view line, const std::vector<KnownDeed>& known) {
    const std::string typed = bare(line);
    for (const KnownDeed& deed : known) {
        for (const std::string& spoken : deed.spoken) {
            if (bare(spoken) == typed) return deed;
        }
    }
    return std::nullopt;
}

std::vector<TypedLine> read_history(std::string_view text) {
    std::vector<TypedLine> lines;
    std::optional<Time> at;
    for (const std::string_view raw : split(text, '\n')) {
        std::string_view line = trim(raw);
        if (line.empty()) continue;
        if (line.starts_with('#')) {  // bash writes the time above the command
            if (const auto time = seconds_at(line.substr(1))) at = time;
            continue;
        }
        if (line.starts_with("when: ")) {  // fish writes it below
            if (!lines.empty()) lines.back().at = seconds_at(line.substr(6));
            continue;
        }
        if (line.starts_with(": ") && line.find(';') != std::string_view::npos) {  // zsh
            const std::string_view head = line.substr(2, line.find(';') - 2);
            at = seconds_at(head.substr(0, head.find(':')));
            line = line.substr(line.find(';') + 1);
        } else if (line.starts_with("- cmd: ")) {
            line = line.substr(7);
        } else if (const size_t command = line.find("COMMAND=");
                   command != std::string_view::npos) {
            const Result<Time> time = parse_rfc3339(line.substr(0, line.find(' ')));
            if (time.ok()) at = time.value();
            line = line.substr(command + 8);
        }
        lines.push_back({std::exchange(at, std::nullopt), std::string(clip_end(line, 4096))});
    }
    if (lines.size() > kMostTyped) {
        lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(kMostTyped));
    }
    return lines;
}

}  // namespace ops
