#include "runbook/danger_words.h"

#include <algorithm>

namespace ops {

std::string_view base_name(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Asked for every row of the tables and every command that is planned: no list is made.
bool is_one_of(std::string_view parts, std::string_view name, char separator) {
    if (name.empty()) return false;
    for (size_t at = parts.find(name); at != std::string_view::npos;
         at = parts.find(name, at + 1)) {
        const size_t end = at + name.size();
        const bool begins = at == 0 || parts[at - 1] == separator;
        if (begins && (end == parts.size() || parts[end] == separator)) return true;
    }
    return false;
}

std::vector<size_t> find_operands(Words arguments, const ValueOptions& options) {
    std::vector<size_t> operands;
    bool only_operands = false;
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (only_operands || word.size() < 2 || word[0] != '-') {
            operands.push_back(i);
            continue;
        }
        if (word == "--") {
            only_operands = true;
            continue;
        }
        const std::string_view name = word.substr(word[1] == '-' ? 2 : 1);
        bool takes = is_one_of(options.names, name, '|');
        if (word[1] != '-' && !takes) {
            // -itu ops: what follows the letter, or else the next word, is its value.
            const size_t letter = name.find_first_of(options.letters);
            takes = letter != std::string_view::npos && letter + 1 == name.size();
        }
        if (takes) ++i;
    }
    return operands;
}

Danger worse(const Danger& a, const Danger& b) {
    return {std::max(a.effect, b.effect), std::max(a.risk, b.risk), std::max(a.known, b.known)};
}

}  // namespace ops
