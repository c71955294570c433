// score < FILE: mines the lines of a file and prints LineId,EventId,EventTemplate as csv, for a
// scorer of log parsers. FILE is a csv with a column Content (Loghub's `*_structured*.csv`), or
// else a log whose lines are stripped of their headers as our own log sources are.
//
// The text of templates is written as Loghub does, by the published rules of its corrected truth
// (Khan, Shin, Bianculli, Briand, "Guidelines for assessing the accuracy of log message template
// identification techniques", ICSE 2022): every value is <*>, values joined by nothing or by a dot
// are one, a time of day is three with colons between.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "patterns/header.h"
#include "patterns/masks.h"
#include "patterns/templates.h"

namespace {

using Row = std::vector<std::string>;

std::vector<Row> read_csv(std::string_view text) {
    std::vector<Row> rows;
    Row row;
    std::string field;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
                field += text[++i];
            } else if (c == '"') {
                quoted = false;
            } else {
                field += c;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            row.push_back(std::move(field));
            field.clear();
        } else if (c == '\n') {
            row.push_back(std::move(field));
            field.clear();
            rows.push_back(std::move(row));
            row.clear();
        } else if (c != '\r') {
            field += c;
        }
    }
    if (!field.empty() || !row.empty()) {
        row.push_back(std::move(field));
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string as_loghub(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const size_t length = ops::placeholder_length(text);
        if (length == 0) {
            shown += text.front();
            text.remove_prefix(1);
            continue;
        }
        shown += text.starts_with("<clock>") ? "<*>:<*>:<*>" : "<*>";
        text.remove_prefix(length);
    }
    for (const std::string_view joined : {"<*>.<*>", "<*><*>"}) {
        while (shown.find(joined) != std::string::npos)
            shown = ops::replace_all(shown, joined, "<*>");
    }
    return shown;
}

std::string quoted(std::string_view text) {
    return '"' + ops::replace_all(std::string(text), "\"", "\"\"") + '"';
}

// The contents of a csv's column Content; or of all lines of what is no such csv.
std::vector<std::string> contents_of(const std::string& text) {
    std::vector<std::string> contents;
    const std::string_view head = std::string_view(text).substr(0, text.find('\n'));
    const std::vector<Row> first = read_csv(head);
    size_t column = 0;
    while (!first.empty() && column < first[0].size() && first[0][column] != "Content") ++column;
    if (!first.empty() && column < first[0].size()) {
        std::vector<Row> rows = read_csv(text);
        for (size_t i = 1; i < rows.size(); ++i)
            contents.push_back(rows[i].size() > column ? rows[i][column] : "");
        return contents;
    }
    for (const std::string_view line : ops::split(text, '\n')) {
        if (!line.empty()) contents.push_back(ops::strip_header(line).content);
    }
    return contents;
}

}  // namespace

int main() {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    ops::Templates templates(100000);
    std::vector<uint64_t> ids;
    for (const std::string& content : contents_of(text)) ids.push_back(templates.learn(content).id);
    std::cout << "LineId,EventId,EventTemplate\n";
    for (size_t i = 0; i < ids.size(); ++i) {
        const ops::Template* made = templates.by_id(ids[i]);
        std::cout << i + 1 << ",T" << made->id << ',' << quoted(as_loghub(made->text())) << '\n';
    }
}
