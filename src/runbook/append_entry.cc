#include "runbook/append_entry.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace ops {
namespace {

constexpr std::string_view kList = "common_issues:";
constexpr size_t kBlockDepth = 2;

bool is_blank_or_comment(std::string_view line) {
    const std::string_view text = trim(line);
    return text.empty() || text.starts_with('#');
}

size_t depth_of(std::string_view line) {
    const size_t depth = line.find_first_not_of(' ');
    return depth == std::string_view::npos ? 0 : depth;
}

// The list's own line with nothing behind it but a comment.
bool is_list_line(std::string_view line) {
    return line.starts_with(kList) && is_blank_or_comment(line.substr(kList.size()));
}

// "common_issues: []": where an empty list is written out, without its brackets.
std::optional<std::string> without_brackets(std::string_view line) {
    if (!line.starts_with(kList)) return std::nullopt;
    const size_t open = line.find_first_not_of(' ', kList.size());
    if (open == std::string_view::npos || !line.substr(open).starts_with("[]")) return std::nullopt;
    const std::string_view rest = line.substr(open + 2);
    if (!is_blank_or_comment(rest)) return std::nullopt;
    return std::string(kList) + std::string(rest);
}

std::string at_depth(std::string_view block, size_t depth) {
    std::string moved;
    for (const std::string_view line : split(block, '\n')) {
        if (line.empty()) continue;
        const size_t own = depth_of(line);
        moved.append(own >= kBlockDepth ? own - kBlockDepth + depth : own, ' ');
        moved.append(line.substr(own)).append("\n");
    }
    return moved;
}

}  // namespace

Result<std::string> append_entry(std::string_view runbook, std::string_view block) {
    size_t list_end = std::string_view::npos;  // behind the last line that is the list's
    std::optional<size_t> depth;
    bool in_list = false;
    size_t at = 0;
    while (at < runbook.size()) {
        const size_t end = std::min(runbook.find('\n', at), runbook.size());
        const std::string_view line = runbook.substr(at, end - at);
        const size_t next = std::min(end + 1, runbook.size());
        if (is_list_line(line)) {
            in_list = true;
            list_end = next;
        } else if (in_list && !is_blank_or_comment(line)) {
            const std::string_view text = trim(line);
            const bool is_item = text.starts_with("- ") || text == "-";
            if (depth_of(line) == 0 && !is_item) {
                in_list = false;
            } else {
                if (!depth) depth = depth_of(line);
                list_end = next;
            }
        }
        at = next;
    }
    if (list_end == std::string_view::npos) {
        for (size_t begin = 0; begin < runbook.size();) {
            const size_t end = std::min(runbook.find('\n', begin), runbook.size());
            if (const auto line = without_brackets(runbook.substr(begin, end - begin))) {
                return std::string(runbook.substr(0, begin)) + *line + "\n" +
                       at_depth(block, kBlockDepth) +
                       std::string(runbook.substr(std::min(end + 1, runbook.size())));
            }
            begin = end + 1;
        }
        return Error{Fault::invalid,
                     "the runbook has no line 'common_issues:' with a list below it; put the entry "
                     "there by hand"};
    }
    std::string text(runbook.substr(0, list_end));
    if (!text.ends_with('\n')) text += '\n';
    text += at_depth(block, depth.value_or(kBlockDepth));
    text += runbook.substr(list_end);
    return text;
}

}  // namespace ops
