#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "io/standard_output.h"

namespace ops {
namespace {

const char* code_of(Colour colour) {
    switch (colour) {
        case Colour::plain: return "";
        case Colour::red: return "\x1b[31m";
        case Colour::green: return "\x1b[32m";
        case Colour::yellow: return "\x1b[33m";
        case Colour::blue: return "\x1b[34m";
        case Colour::dim: return "\x1b[2m";
        case Colour::bold: return "\x1b[1m";
    }
    return "";
}

}  // namespace

Terminal Terminal::of_standard_output() {
    const StandardOutput output = look_at_standard_output();
    return Terminal(output.is_terminal && !output.no_colour, output.width);
}

void Terminal::line(std::string_view text) const {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
}

void Terminal::problem(std::string_view text) const {
    const std::string out = "ops-agent: " + std::string(text) + "\n";
    std::fflush(stdout);
    std::fwrite(out.data(), 1, out.size(), stderr);
}

std::string Terminal::in(Colour colour, std::string_view text) const {
    if (!colours_ || colour == Colour::plain) return std::string(text);
    return code_of(colour) + std::string(text) + "\x1b[0m";
}

namespace {

struct Range {
    uint32_t from, to;
};
constexpr auto kNoWidth = std::to_array<Range>(
    {{0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}});
// East Asian scripts and emoji.
constexpr auto kWide = std::to_array<Range>({{0x1100, 0x115f},
                                             {0x2e80, 0xa4cf},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1faff},
                                             {0x20000, 0x3fffd}});

template <size_t kCount>
bool is_in(const std::array<Range, kCount>& ranges, uint32_t code) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [code](const Range& one) { return one.from <= code && code <= one.to; });
}

int width_of(uint32_t code) {
    if (code < 0x300) return 1;
    return is_in(kNoWidth, code) ? 0 : is_in(kWide, code) ? 2 : 1;
}

// Where a middle column stops being useful.
constexpr int kNarrowest = 8;
constexpr int kLastColumn = 20;

// Makes the widest columns but the last one narrower, until that one has room. What is typed again
// (an ID) is of no use without its end.
void fit(std::vector<int>& widths, const std::vector<std::string>& headings, int room) {
    for (;;) {
        int used = kLastColumn;
        size_t widest = widths.size();
        for (size_t i = 0; i + 1 < widths.size(); ++i) {
            used += widths[i] + 2;
            if (headings[i] == "ID" || widths[i] <= kNarrowest) continue;
            if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
        }
        if (used <= room || widest == widths.size()) return;
        widths[widest] = std::max(kNarrowest, widths[widest] - (used - room));
    }
}

}  // namespace

int display_width(std::string_view text) {
    int width = 0;
    while (!text.empty()) {
        const Character next = first_character(text);
        width += next.length == 0 ? 1 : width_of(next.code);
        text.remove_prefix(std::max<size_t>(next.length, 1));
    }
    return width;
}

std::string clip_to_width(std::string_view text, int columns) {
    if (display_width(text) <= columns) return std::string(text);
    constexpr std::string_view kDots = "...";
    int left = columns - static_cast<int>(kDots.size());
    std::string out;
    while (!text.empty()) {
        const Character next = first_character(text);
        left -= width_of(next.code);
        if (left < 0) break;
        out.append(text.substr(0, std::max<size_t>(next.length, 1)));
        text.remove_prefix(std::max<size_t>(next.length, 1));
    }
    return out.append(kDots);
}

void print_wrapped(const Terminal& terminal, const Table::Cell& lead, std::string_view text,
                   size_t indent) {
    const int width = terminal.width() > 0 ? std::max(terminal.width(), 40) : 0;
    std::string line = terminal.in(lead.colour, lead.text);
    int used = display_width(lead.text);
    bool is_first = true;
    for (const std::string_view word : split(text, ' ')) {
        const int needed = display_width(word) + (is_first ? 0 : 1);
        if (width > 0 && used + needed > width && !is_first) {
            terminal.line(line);
            line.assign(indent, ' ');
            used = static_cast<int>(indent) + display_width(word);
        } else {
            if (!is_first) line += ' ';
            used += needed;
        }
        line += word;
        is_first = false;
    }
    terminal.line(line);
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

void Table::row(std::vector<Cell> cells) {
    for (Cell& cell : cells) cell.text = printable(cell.text, Lines::flatten);
    rows_.push_back(std::move(cells));
}

void Table::print(const Terminal& terminal) const {
    std::vector<int> widths;
    for (const std::string& heading : headings_) widths.push_back(display_width(heading));
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i].text));
        }
    }
    if (terminal.width() > 0 && widths.size() > 1) fit(widths, headings_, terminal.width());
    const auto print_row = [&](const std::vector<Cell>& row) {
        std::string out;
        int used = 0;
        for (size_t i = 0; i < row.size(); ++i) {
            std::string text = row[i].text;
            const bool last = i + 1 == row.size();
            if (last && terminal.width() > 0) {
                text = clip_to_width(text, std::max(kLastColumn, terminal.width() - used));
            } else if (!last && terminal.width() > 0) {
                text = clip_to_width(text, widths[i]);
            }
            out += terminal.in(row[i].colour, text);
            if (!last) out.append(static_cast<size_t>(widths[i] - display_width(text) + 2), ' ');
            used += widths[i] + 2;
        }
        while (!out.empty() && out.back() == ' ') out.pop_back();
        terminal.line(out);
    };
    std::vector<Cell> headings;
    for (const std::string& heading : headings_) headings.push_back({heading, Colour::dim});
    print_row(headings);
    for (const auto& row : rows_) print_row(row);
}

}  // namespace ops
