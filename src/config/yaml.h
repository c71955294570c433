// YAML text as a tree in which every value knows its place, so that each error can name file, line
// and column.
//
// Refused with a place: duplicate keys, aliases and anchors, tabs as indentation, unterminated
// quotes, tags, a second document, bytes that are not UTF-8, more than 32 levels, more than 1 MiB.
// After most of these the rest is still read, so that all that is wrong is told in one run.
// Typing is ours: a scalar is plain text until somebody asks for a duration.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ops {

struct Place {
    std::string file;
    int line = 0;               // from 1; 0: the whole file
    int column = 0;             // from 1, in characters
    std::string print() const;  // "runbook.yaml:12:7"
};

struct Problem {
    enum class Kind { error, warning };
    Kind kind = Kind::error;
    Place place;
    std::string message;
    std::string print()
        const;  // "runbook.yaml:12:7: error: unknown key 'symptom' (did you mean 'symptoms'?)"
};

// Collects everything wrong in one run; nothing stops at the first.
class Problems {
public:
    void error(const Place& place, std::string message);
    void warning(const Place& place, std::string message);
    void add(Problems others);
    bool has_errors() const;
    const std::vector<Problem>& all() const { return problems_; }
    void sort_by_place();
    // All of them, a line each; for a Result's message when a file is refused.
    std::string print() const;

private:
    std::vector<Problem> problems_;
};

class Node {
public:
    enum class Kind { missing, null, scalar, list, map };
    struct Member;

    Kind kind = Kind::missing;
    Place place;
    std::string text;  // of a scalar
    bool quoted = false;
    // Came from ${ENV}: it may be a secret, so no message may show it.
    bool from_environment = false;
    // A line of this map could not be read, so a key that seems to be missing may have stood there.
    bool damaged = false;
    std::vector<Node> items;      // of a list
    std::vector<Member> members;  // of a map, in order, keys unique

    bool is_map() const { return kind == Kind::map; }
    bool is_list() const { return kind == Kind::list; }
    bool is_scalar() const { return kind == Kind::scalar; }
    explicit operator bool() const { return kind != Kind::missing; }
    const Node& operator[](std::string_view key) const;  // a missing node when absent
    // Place of the byte at `offset` of a scalar's text, also behind escapes and over several lines.
    Place place_of(size_t offset) const;
    // As an error message names it: "'90'", "a list", "nothing"; never a secret.
    std::string describe() const;

    // How the text was written, for place_of().
    enum class Style { plain, single_quoted, double_quoted, literal, folded };
    Style style = Style::plain;
    std::string raw;  // as it stands in the file, where that is not `text`
};

struct Node::Member {
    std::string key;
    Place key_place;
    Node value;
};

// The root of one document, or a missing node and the reasons in `problems`. `file` is only for
// places.
Node parse_yaml(std::string_view text, const std::string& file, Problems& problems);

}  // namespace ops
