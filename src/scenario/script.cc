#include "scenario/script.h"

#include <utility>

#include "base/text.h"
#include "config/name_range.h"

namespace ops {
namespace {

Error at_line(const std::string& file, int number, const std::string& what) {
    return {Fault::invalid, file + ":" + std::to_string(number) + ": " + what};
}

// Splits into words; what stands in double quotes is one.
Result<std::vector<std::string>> words_of(std::string_view line, const std::string& file,
                                          int number) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false, quoted = false;
    for (const char c : line) {
        if (quoted) {
            if (c == '"') {
                quoted = false;
            } else {
                word += c;
            }
        } else if (c == '"') {
            quoted = in_word = true;
        } else if (c == '#') {
            break;
        } else if (c == ' ') {
            if (in_word) words.push_back(std::exchange(word, ""));
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quoted) return at_line(file, number, "unterminated quote");
    if (in_word) words.push_back(word);
    return words;
}

size_t indentation(std::string_view line) { return line.find_first_not_of(' '); }

std::string without_indentation(const std::vector<std::string_view>& lines) {
    size_t least = std::string_view::npos;
    for (const auto line : lines) least = std::min(least, indentation(line));
    std::string out;
    for (const auto line : lines) {
        if (!trim(line).empty()) out += line.substr(least);
        out += '\n';
    }
    return out;
}

}  // namespace

Result<std::vector<ScriptLine>> parse_script(std::string_view text, const std::string& file) {
    std::vector<ScriptLine> script;
    std::vector<std::string_view> block;
    int number = 0;
    const auto end_block = [&] {
        while (!block.empty() && trim(block.back()).empty()) block.pop_back();
        if (!block.empty()) script.back().block = without_indentation(block);
        block.clear();
    };
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (line.find('\t') != std::string_view::npos)
            return at_line(file, number, "tab; use spaces");
        const bool blank = trim(line).empty();
        if (!blank && line.front() == ' ') {
            if (script.empty())
                return at_line(file, number, "an indented line belongs to one above it");
            block.push_back(line);
            continue;
        }
        if (blank && !block.empty()) {
            block.push_back(line);
            continue;
        }
        end_block();
        ScriptLine one{number, std::string(trim(line)), TRY(words_of(line, file, number)), ""};
        if (one.words.empty()) continue;
        if (one.words[0] != "service" || one.words.size() < 2) {
            script.push_back(std::move(one));
            continue;
        }
        // "service worker_{1..7} down" is seven lines.
        const auto members = expand_name(one.words[1]);
        if (!members.ok()) return at_line(file, number, members.error().message);
        for (const RangeMember& member : members.value()) {
            ScriptLine of_member = one;
            of_member.words[1] = member.name;
            script.push_back(std::move(of_member));
        }
    }
    end_block();
    return script;
}

}  // namespace ops
