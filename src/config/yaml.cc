// The library stops at its first syntax error. A person wants them all, so after each one the text
// is mended in memory (a quote closed, a tab made spaces, a line left out) and read again from the
// start.
#include "config/yaml.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/yaml_events.h"

namespace ops {
namespace {

constexpr size_t kMaxBytes = 1024 * 1024;
constexpr int kMaxMends = 20;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
    return lines;
}

// Length of the UTF-8 sequence that starts here, 0 when it is none.
size_t sequence_length(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(at);
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
    }
    if (first == 0xe0 && byte(at + 1) < 0xa0) return 0;
    if (first == 0xed && byte(at + 1) > 0x9f) return 0;
    if (first == 0xf0 && byte(at + 1) < 0x90) return 0;
    if (first == 0xf4 && byte(at + 1) > 0x8f) return 0;
    return length;
}

// Line ends as \n, and nothing that is not text. What is wrong is replaced, so that the rest is
// read.
struct CleanText {
    std::string text;
    std::vector<int> mended;  // lines
};
CleanText clean(std::string_view text, const std::string& file, Problems& problems) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    CleanText clean_text;
    std::string& cleaned = clean_text.text;
    std::vector<int>& mended = clean_text.mended;
    cleaned.reserve(text.size());
    Place place{file, 1, 1};
    const auto complain = [&](const std::string& what) {
        if (!mended.empty() && mended.back() == place.line) return;
        problems.error(place, what);
        mended.push_back(place.line);
    };
    // Within a word by what a name may hold, so that nobody complains of the name as well.
    const auto replace = [&] {
        const char before = cleaned.empty() ? ' ' : cleaned.back();
        const bool in_word = std::isalnum(static_cast<unsigned char>(before)) != 0 ||
                             before == '_' || before == '"' || before == '\'';
        cleaned += in_word ? '_' : ' ';
    };
    for (size_t i = 0; i < text.size();) {
        const size_t length = sequence_length(text, i);
        const auto byte = static_cast<unsigned char>(text[i]);
        if (length == 0) {
            complain("this is not UTF-8 text");
            replace();
            ++i;
        } else if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
            ++i;
            continue;
        } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
            complain("a control character may not stand in this file");
            replace();
            ++i;
        } else {
            cleaned.append(text, i, length);
            i += length;
        }
        ++place.column;
        if (byte == '\n') {
            ++place.line;
            place.column = 1;
        }
    }
    return clean_text;
}

// Column of the first tab among the blanks a line starts with, when anything but a comment follows.
int tab_in_indentation(std::string_view line) {
    const size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] == '#') return 0;
    const size_t tab = line.substr(0, first).find('\t');
    return tab == std::string_view::npos ? 0 : static_cast<int>(tab) + 1;
}

constexpr std::string_view kTabMessage = "tabs may not be used for indentation, use spaces";

size_t byte_of_column(std::string_view line, int column) {
    size_t at = 0;
    for (int i = 1; i < column && at < line.size(); ++i) {
        at += std::max<size_t>(sequence_length(line, at), 1);
    }
    return at;
}

int column_of_byte(std::string_view line, size_t at) {
    int column = 1;
    for (size_t i = 0; i < at && i < line.size(); ++i) {
        if ((static_cast<unsigned char>(line[i]) & 0xc0) != 0x80) ++column;
    }
    return column;
}

// What the library says, in words for people who never saw a YAML specification.
struct Wording {
    std::string_view library;  // a part of its message
    std::string_view ours;
    bool echoes = false;  // often only follows from a mistake in the line above
};
constexpr auto kWordings = std::to_array<Wording>({
    {"invalid nested block mapping on the same line",
     "a second ':' on one line; put the value into quotes if it belongs to it"},
    {"plain scalar cannot start with",
     "a value cannot start with this character; put it into quotes"},
    {"invalid indentation in mapping", "indented differently from the lines above", true},
    {"invalid mapping in plain multiline",
     "indented differently from the lines above, or ':' is missing there", true},
    {"missing document start", "indented differently from the lines above", true},
    {"invalid multiline plain key",
     "expected 'key: value' (is ':' missing, or the next line indented too far?)", true},
    {"could not find expected ':'", "expected 'key: value' (is ':' missing?)", true},
    {"simple key", "expected 'key: value' (is ':' missing?)", true},
    {"at the end of block sequence", "expected another '- item' here, or less indentation", true},
    {"invalid block mapping key", "indented differently from the lines above", true},
    {"trailing content after",
     "text after the closing quote; write '' for a ' between single quotes, \\\" for a \" "
     "between double quotes"},
    {"extra closing brace", "'}' without a '{'"},
    {"extra closing bracket", "']' without a '['"},
    {"missing comma in flow", "expected ',' or the closing bracket"},
    {"without a closing bracket", "expected ',' or the closing bracket"},
    {"depth", "nested too deeply"},
    {"invalid escape",
     "this escape means nothing between double quotes; write \\\\ for a \\, or use "
     "single quotes"},
});

const Wording* find_wording(const std::string& message) {
    const auto found = std::find_if(
        kWordings.begin(), kWordings.end(),
        [&](const Wording& wording) { return message.find(wording.library) != std::string::npos; });
    return found == kWordings.end() ? nullptr : &*found;
}

std::string in_our_words(const std::string& message) {
    if (const Wording* const wording = find_wording(message)) return std::string(wording->ours);
    std::string words = message;
    words = replace_all(std::move(words), "flow mapping", "{...}");
    words = replace_all(std::move(words), "flow sequence", "[...]");
    words = replace_all(std::move(words), "block ", "");
    words = replace_all(std::move(words), "mapping", "map");
    words = replace_all(std::move(words), "sequence", "list");
    return replace_all(std::move(words), "scalar", "text");
}

// Mends and reads again until all is read or nothing helps.
class Reader {
public:
    Reader(CleanText text, const std::string& file, Problems& problems)
        : lines_(lines_of(text.text)),
          file_(file),
          problems_(problems),
          damaged_(std::move(text.mended)) {}

    Node read() {
        YamlPass pass = read_lines(lines_);
        for (int mends = 0; pass.stop; ++mends) {
            if (mends == kMaxMends) return {};
            const YamlStop stop = *pass.stop;
            if (!mend(stop)) return {};
            pass = read_lines(lines_);
            // A mend that did not get us any further would go on for ever.
            if (pass.stop && pass.stop->place.line <= stop.place.line && ++stuck_ > 3) return {};
        }
        tell_tabs(pass);
        problems_.add(std::move(pass.problems));
        if (!damaged_.empty()) mark_damage(pass.root);
        return std::move(pass.root);
    }

private:
    YamlPass read_lines(const std::vector<std::string>& lines) const {
        return read_yaml_events(join(lines, "\n"), file_);
    }

    std::string& line_at(int number) { return lines_[static_cast<size_t>(number) - 1]; }
    int line_count() const { return static_cast<int>(lines_.size()); }

    bool mend(const YamlStop& stop) {
        const int line = std::min(stop.place.line, line_count());
        if (stop.message.find("tab") != std::string::npos) return mend_tabs(line);
        if (stop.message.find("quoted scalar") != std::string::npos && mend_quote(stop))
            return true;
        if (stop.open_bracket && stop.open_bracket->line < stop.place.line) {
            tell(*stop.open_bracket, std::string("'") + stop.bracket + "' is never closed");
            // What stands between may belong to it, or be the next line of an innocent.
            leave_out(stop.open_bracket->line, stop.open_bracket->column);
            for (int i = stop.open_bracket->line + 1; i < line; ++i) leave_out(i, 1);
            return true;
        }
        const Wording* const wording = find_wording(stop.message);
        const Place place{file_, line, stop.place.column};
        if (wording == nullptr || !wording->echoes || !is_damaged(line - 1)) {
            tell(place, in_our_words(stop.message));
        }
        leave_out(line, stop.place.column);
        return true;
    }

    bool is_damaged(int line) const {
        return std::find(damaged_.begin(), damaged_.end(), line) != damaged_.end();
    }

    // One mistake often looks like several: a mended line is not complained about again, nor is
    // anything after a guess.
    void tell(const Place& place, std::string message) {
        if (!is_damaged(place.line) && !guessed_) problems_.error(place, std::move(message));
    }

    // Takes out of a line what cannot be read, but leaves its dash and its key standing.
    void leave_out(int number, int column) {
        std::string& line = line_at(number);
        const size_t wrong = byte_of_column(line, column);
        size_t keep = line.find_first_not_of(' ');
        if (keep == std::string::npos) keep = 0;
        while (line.substr(keep, 2) == "- ") keep += 2;
        size_t key_end = keep;
        while (key_end < line.size() &&
               (std::isalnum(static_cast<unsigned char>(line[key_end])) != 0 ||
                line[key_end] == '_' || line[key_end] == '-')) {
            ++key_end;
        }
        const bool has_key =
            key_end > keep && line.substr(key_end, 2) == ": " && key_end + 1 < wrong;
        line.resize(has_key ? key_end + 1 : keep);
        if (trim(line).empty()) line.clear();
        damaged_.push_back(number);
    }

    bool mend_tabs(int stop_line) {
        if (guessed_) return false;
        bool any = false;
        for (int i = 1; i <= line_count(); ++i) {
            const int column = tab_in_indentation(line_at(i));
            if (column == 0) continue;
            tell({file_, i, column}, std::string(kTabMessage));
            any = true;
        }
        if (!any) {
            tell({file_, stop_line, 1}, std::string(kTabMessage));
            leave_out(stop_line, 1);
            return true;
        }
        // How wide a tab was meant to be, nobody can know: the width that can be read is taken.
        std::vector<std::string> best;
        int furthest = -1;
        for (const size_t width : {size_t{2}, size_t{4}, size_t{8}}) {
            std::vector<std::string> tried = lines_;
            for (std::string& line : tried) {
                if (tab_in_indentation(line) == 0) continue;
                const size_t first = line.find_first_not_of(" \t");
                line = replace_all(line.substr(0, first), "\t", std::string(width, ' ')) +
                       line.substr(first);
            }
            const YamlPass pass = read_lines(tried);
            const int reached = pass.stop ? pass.stop->place.line : line_count() + 1;
            if (reached > furthest) best = std::move(tried);
            furthest = std::max(furthest, reached);
        }
        lines_ = std::move(best);
        guessed_ = true;
        return true;
    }

    // Where the quote was opened that the library found not to end as it should.
    std::optional<Place> opening_quote(const YamlStop& stop, char quote) {
        const std::string& line = line_at(std::min(stop.place.line, line_count()));
        if (stop.message.find("trailing content") == std::string::npos) {
            size_t at = byte_of_column(line, stop.place.column);
            if (at < line.size() && line[at] == quote) return stop.place;
            if (at > 0 && at <= line.size() && line[at - 1] == quote) {
                return Place{file_, stop.place.line, stop.place.column - 1};
            }
            return std::nullopt;
        }
        // Text that began further up was ended by what was meant to begin the next one.
        for (int i = stop.place.line - 1; i >= 1 && i > stop.place.line - 20; --i) {
            const std::string& above = line_at(i);
            if (std::count(above.begin(), above.end(), quote) % 2 == 0) continue;
            return Place{file_, i, column_of_byte(above, above.rfind(quote))};
        }
        return std::nullopt;
    }

    // Where a quote may have been meant to end: with its line, before the last brackets, before the
    // first of the others.
    static std::vector<size_t> quote_ends(const std::string& line, size_t start) {
        std::vector<size_t> ends = {line.find_last_not_of(" \t") + 1,
                                    line.find_last_not_of(" }]") + 1};
        for (size_t at = start; ends.size() < 10; ++at) {
            at = line.find_first_of(",}]", at);
            if (at == std::string::npos) break;
            ends.push_back(at);
        }
        std::erase_if(ends, [&](size_t at) { return at < start || at > line.size(); });
        return ends;
    }

    // Closes the quote on its own line, at the place from which most can be read.
    bool mend_quote(const YamlStop& stop) {
        const char quote = stop.message.find("single") != std::string::npos ? '\'' : '"';
        const std::optional<Place> opening = opening_quote(stop, quote);
        if (!opening) return false;
        const std::string line = line_at(opening->line);
        const size_t start = byte_of_column(line, opening->column) + 1;
        const size_t content_end = line.find_last_not_of(" \t") + 1;
        std::string best;
        bool best_is_guess = false;
        int furthest = opening->line;
        for (const size_t at : quote_ends(line, start)) {
            // Between brackets nobody knows what belongs to the text: it is left out.
            const bool is_guess = at != content_end;
            line_at(opening->line) = is_guess ? line.substr(0, start - 1) + line.substr(at)
                                              : line.substr(0, at) + quote + line.substr(at);
            const YamlPass pass = read_lines(lines_);
            const bool bracket_is_open = pass.stop && pass.stop->open_bracket &&
                                         pass.stop->open_bracket->line == opening->line;
            const int reached = pass.stop ? pass.stop->place.line : line_count() + 1;
            if (reached <= furthest || bracket_is_open) continue;
            best = line_at(opening->line);
            best_is_guess = is_guess;
            furthest = reached;
            if (!pass.stop) break;
        }
        if (!best.empty()) {
            line_at(opening->line) = best;
            tell(*opening, std::string("unterminated quote: the ") + quote +
                               " opened here is not closed on this line");
            if (best_is_guess) damaged_.push_back(opening->line);
            return true;
        }
        line_at(opening->line) = line;
        if (opening->line != stop.place.line) return false;
        tell(*opening, std::string("unterminated quote: the ") + quote +
                           " opened here is not closed on this line");
        leave_out(opening->line, opening->column);
        return true;
    }

    // The library lets a tab pass where a text goes on in the next line; people do not see it
    // either.
    void tell_tabs(const YamlPass& pass) {
        if (guessed_) return;
        for (int i = 1; i <= line_count(); ++i) {
            const int column = tab_in_indentation(line_at(i));
            const bool in_block = std::any_of(
                pass.block_lines.begin(), pass.block_lines.end(),
                [i](const auto& range) { return range.first <= i && i <= range.second; });
            if (column != 0 && !in_block)
                problems_.error({file_, i, column}, std::string(kTabMessage));
        }
    }

    // Returns the last line of the node.
    int mark_damage(Node& node) {
        int last = node.place.line;
        for (Node& item : node.items) last = std::max(last, mark_damage(item));
        for (Node::Member& member : node.members) {
            last = std::max({last, member.key_place.line, mark_damage(member.value)});
        }
        node.damaged = node.damaged || std::any_of(damaged_.begin(), damaged_.end(), [&](int line) {
                           return node.place.line - 1 <= line && line <= last + 1;
                       });
        return last;
    }

    std::vector<std::string> lines_;
    std::string file_;
    Problems& problems_;
    std::vector<int> damaged_;  // lines of which something was left out
    bool guessed_ = false;      // tabs were replaced: what is wrong after it may be our own guess
    int stuck_ = 0;
};

}  // namespace

Node parse_yaml(std::string_view text, const std::string& file, Problems& problems) {
    if (text.size() > kMaxBytes) {
        problems.error({file, 0, 0}, "is larger than 1 MiB");
        return {};
    }
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        problems.error({file, 1, 1}, "this is UTF-16 text, save it as UTF-8");
        return {};
    }
    return Reader(clean(text, file, problems), file, problems).read();
}

}  // namespace ops
