#include "patterns/quarantine.h"

#include <charconv>
#include <utility>
#include <vector>

#include "base/text.h"
#include "patterns/header.h"
#include "patterns/lookalikes.h"
#include "patterns/masks.h"
#include "patterns/secrets.h"
#include "patterns/shapes.h"
#include "patterns/vocabulary.h"

namespace ops {
namespace {

constexpr std::string_view kCutFront = "... ";
constexpr std::string_view kCutBack = " bytes left out ...";

// "... 123 bytes left out ..." of an earlier pass.
bool says_what_was_cut(std::string_view line) {
    if (!line.starts_with(kCutFront) || !line.ends_with(kCutBack)) return false;
    line.remove_prefix(kCutFront.size());
    if (line.size() <= kCutBack.size()) return false;
    line.remove_suffix(kCutBack.size());
    return line.size() <= 12 && all_digits(line);
}

// The words of a masked token that are not ordinary become placeholders. `named`: the kind that the
// noun before makes of a bare word, or "".
std::string filter_token(std::string_view text, std::string_view named) {
    std::string shown;
    while (!text.empty()) {
        if (const size_t n = placeholder_length(text); n > 0) {
            shown += text.starts_with("<clock>") ? "<time>" : text.substr(0, n);
            text.remove_prefix(n);
            continue;
        }
        const auto is_part = [](char c) {
            return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80;
        };
        size_t end = 0;
        bool digit = false;
        while (end < text.size() && is_part(text[end])) digit |= is_digit(text[end++]);
        if (end == 0) {
            shown += text.front();
            text.remove_prefix(1);
            continue;
        }
        const std::string_view word = text.substr(0, end);
        if (is_ordinary_word(word)) {
            shown += word;
        } else if (!named.empty()) {
            return std::string(named);
        } else {
            shown += all_digits(word) ? "<num>" : digit ? "<id>" : "<word>";
        }
        text.remove_prefix(end);
    }
    // Parts of one name are one.
    for (const std::string_view joined :
         {"<word>.<word>", "<word>-<word>", "<word>_<word>", "<word>/<word>", "<word><word>"}) {
        while (shown.find(joined) != std::string::npos)
            shown = replace_all(std::move(shown), joined, "<word>");
    }
    return shown;
}

// Without what stands around a noun: "(user" is "user".
std::string_view bare(std::string_view word) {
    while (!word.empty() && is_delimiter(word.front())) word.remove_prefix(1);
    while (!word.empty() && is_delimiter(word.back())) word.remove_suffix(1);
    return word;
}

std::string filter_content(const std::string& content, const Templates& learned) {
    const std::vector<MaskedToken> tokens = mask_line(content);
    const Template* of = learned.find(content);
    if (of != nullptr && (of->count < kLearnedCount || of->tokens.size() != tokens.size()))
        of = nullptr;
    std::string shown;
    bool after_word = false;  // the token before was a "<word>" on its own
    for (size_t i = 0; i < tokens.size(); ++i) {
        const bool constant = of != nullptr && of->tokens[i].text == tokens[i].text;
        const std::string_view named = i > 0 ? kind_named_by(bare(tokens[i - 1].text)) : "";
        std::string token = constant ? replace_all(tokens[i].text, "<clock>", "<time>")
                                     : filter_token(tokens[i].text, named);
        const bool is_word = token == "<word>" || token == "<words>";
        if (is_word && after_word) {
            if (shown.ends_with("<word>")) shown.replace(shown.size() - 6, 6, "<words>");
            continue;
        }
        after_word = is_word;
        if (!shown.empty()) shown += ' ';
        shown += token;
    }
    return shown;
}

std::string shorten(std::string line) {
    if (line.size() <= kMostShownLine) return line;
    constexpr std::string_view kRest = " <rest>";
    const size_t blank = line.rfind(' ', kMostShownLine - kRest.size());
    line.resize(blank == std::string::npos ? 0 : blank);
    return line.empty() ? "<rest>" : line.append(kRest);
}

std::string for_model(std::string_view line, const Templates& learned) {
    std::string shown(trim(line));
    // What a header hid may look like a header again; after a few times it is taken as it is.
    for (int pass = 0; pass < 6; ++pass) {
        const LogLine stripped = strip_header(shown);
        // A message taken out of JSON may hold anything again.
        const Redaction content =
            redact_secrets(fold_lookalikes(printable(stripped.content, Lines::flatten)));
        std::string next = filter_content(content.text, learned);
        if (stripped.level != LogLevel::unknown)
            next = std::string(name_of(stripped.level)).append(": ").append(next);
        next = shorten(std::string(trim(next)));
        if (next == shown) break;
        shown = std::move(next);
    }
    return shown;
}

// Whole lines from both ends, and between them how much is missing.
std::string cap(const std::vector<std::string>& lines, size_t* cut_bytes) {
    size_t total = 0;
    for (const std::string& line : lines) total += line.size() + 1;
    std::string text;
    if (total <= kMostQuarantined) {
        for (const std::string& line : lines) text.append(line).append("\n");
        return text;
    }
    const size_t half = (kMostQuarantined - 64) / 2;
    size_t head = 0;
    for (size_t bytes = 0; bytes + lines[head].size() + 1 <= half; ++head) {
        bytes += lines[head].size() + 1;
        text.append(lines[head]).append("\n");
    }
    size_t tail = lines.size();
    for (size_t bytes = 0; tail > head && bytes + lines[tail - 1].size() + 1 <= half; --tail)
        bytes += lines[tail - 1].size() + 1;
    for (size_t i = head; i < tail; ++i) *cut_bytes += lines[i].size() + 1;
    text.append(kCutFront).append(std::to_string(*cut_bytes)).append(kCutBack).append("\n");
    for (size_t i = tail; i < lines.size(); ++i) text.append(lines[i]).append("\n");
    return text;
}

}  // namespace

Quarantined quarantine(const RawText& raw, const Templates& learned, Reader reader) {
    Quarantined result;
    result.source =
        clip_end(redact_secrets(fold_lookalikes(printable(raw.source, Lines::flatten))).text, 200);
    result.from = raw.from;
    result.to = raw.to;
    result.bytes = raw.text.size();
    Redaction redacted = redact_secrets(fold_lookalikes(printable(raw.text, Lines::keep)));
    result.secrets = redacted.secrets;
    std::vector<std::string> lines;
    for (const std::string_view line : split(redacted.text, '\n')) {
        if (trim(line).empty()) continue;
        ++result.lines;
        if (says_what_was_cut(line)) {
            lines.emplace_back(line);
        } else if (reader == Reader::model) {
            std::string shown = for_model(line, learned);
            if (!shown.empty()) lines.push_back(std::move(shown));
        } else {
            lines.push_back(shorten(std::string(line)));
        }
    }
    result.text = cap(lines, &result.cut_bytes);
    return result;
}

}  // namespace ops
