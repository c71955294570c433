// Terminal: what a verb prints, and how: aligned columns; colours only on a terminal and never with
// NO_COLOR.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

enum class Colour { plain, red, green, yellow, blue, dim, bold };

class Terminal {
public:
    Terminal(bool colours, int width) : colours_(colours), width_(width) {}
    static Terminal
    of_standard_output();  // looks at the environment and at what it is connected to

    void line(std::string_view text = "") const;  // to standard output
    void problem(std::string_view text) const;    // "ops-agent: TEXT" to standard error
    std::string in(Colour colour, std::string_view text) const;
    bool is_terminal() const { return width_ > 0; }  // somebody sits there who can be asked
    int width() const { return width_; }

private:
    bool colours_;
    int width_;
};

// Columns as wide as their widest cell; on a terminal the last one is cut at its width, and where
// that leaves too little for it, the widest of the others but never an ID. Cells are plain text;
// `colour` goes over the whole cell.
class Table {
public:
    struct Cell {
        std::string text;
        Colour colour = Colour::plain;
    };
    explicit Table(std::vector<std::string> headings);
    void row(std::vector<Cell> cells);
    void print(const Terminal& terminal) const;
    bool is_empty() const { return rows_.empty(); }

private:
    std::vector<std::string> headings_;
    std::vector<std::vector<Cell>> rows_;
};

// One line of text; on a terminal it is broken between words at its width, and what follows is
// indented. `lead`, in its colour, stands before the first words.
void print_wrapped(const Terminal& terminal, const Table::Cell& lead, std::string_view text,
                   size_t indent);

// Columns that `text` takes on a terminal: combining marks none, wide characters two.
int display_width(std::string_view text);
// The beginning of it, and "...", in at most so many columns (3 at least).
std::string clip_to_width(std::string_view text, int columns);

}  // namespace ops
