#include "cli/terminal.h"

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

int display_width(std::string_view text) {
    int width = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0) == 0x80) continue;  // continues the character before
        width += byte >= 0xf0 ? 2 : 1;        // emoji; what we print has no other wide ones
    }
    return width;
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
    const auto print_row = [&](const std::vector<Cell>& row) {
        std::string out;
        int used = 0;
        for (size_t i = 0; i < row.size(); ++i) {
            std::string text = row[i].text;
            const bool last = i + 1 == row.size();
            if (last && terminal.width() > 0) {
                const int room = std::max(20, terminal.width() - used);
                if (display_width(text) > room) text = clip_end(text, static_cast<size_t>(room));
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
