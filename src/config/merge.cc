#include "config/merge.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ops {
namespace {

bool is_name_character(char c, bool first) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (!first && c >= '0' && c <= '9');
}

bool is_variable_name(std::string_view name) {
    if (name.empty()) return false;
    for (size_t i = 0; i < name.size(); ++i) {
        if (!is_name_character(name[i], i == 0)) return false;
    }
    return true;
}

void fill_in_scalar(Node& node, const Environment& environment, Problems& problems) {
    if (node.text.find('$') == std::string::npos) return;
    std::string filled;
    bool from_environment = false;
    const std::string_view text = node.text;
    for (size_t i = 0; i < text.size();) {
        const std::string_view two = text.substr(i, 2);
        if (two == "$$") {
            filled += '$';
            i += 2;
            continue;
        }
        if (two != "${") {
            filled += text[i++];
            continue;
        }
        const size_t end = text.find('}', i);
        const std::string name(
            text.substr(i + 2, end == std::string_view::npos ? end : end - i - 2));
        if (end == std::string_view::npos || !is_variable_name(name)) {
            problems.error(
                node.place_of(i),
                "'${' must be followed by a variable's name and '}'; write '$$' for a dollar");
            return;
        }
        const std::optional<std::string> value = environment ? environment(name) : std::nullopt;
        if (!value) {
            problems.error(node.place_of(i), "the environment variable '" + name + "' is not set");
            node.kind = Node::Kind::null;  // so that nobody complains of an empty text as well
            node.damaged = true;
            return;
        }
        filled += *value;
        from_environment = true;
        i = end + 1;
    }
    node.text = std::move(filled);
    node.from_environment = from_environment;
}

bool is_secret_name(std::string_view key) {
    static constexpr auto kWords = std::to_array<std::string_view>(
        {"key", "token", "password", "passphrase", "secret", "authorization"});
    const std::string lower = to_lower(key);
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
        return lower == word || lower.ends_with("_" + std::string(word)) ||
               lower.ends_with("-" + std::string(word));
    });
}

// Below these the keys are names that the operator chose, or values expected of a service.
bool holds_free_names(std::string_view key) {
    return key == "facts" || key == "caches" || key == "rotations" || key == "expect" ||
           key == "json";
}

}  // namespace

void merge_into(Node& tree, Node more, Problems& problems) {
    if (more.kind == Node::Kind::missing || more.kind == Node::Kind::null) return;
    if (tree.kind == Node::Kind::missing || tree.kind == Node::Kind::null) {
        tree = std::move(more);
        return;
    }
    if (tree.is_list() && more.is_list()) {
        for (Node& item : more.items) tree.items.push_back(std::move(item));
        return;
    }
    if (!tree.is_map() || !more.is_map()) {
        problems.error(more.place, "this is " + more.describe() + ", but " + tree.describe() +
                                       " at " + tree.place.print());
        return;
    }
    for (Node::Member& member : more.members) {
        const auto same =
            std::find_if(tree.members.begin(), tree.members.end(),
                         [&](const Node::Member& mine) { return mine.key == member.key; });
        if (same == tree.members.end()) {
            tree.members.push_back(std::move(member));
            continue;
        }
        const bool both_scalars = same->value.is_scalar() && member.value.is_scalar();
        if (both_scalars) {
            problems.error(member.value.place, "'" + member.key +
                                                   "' is set twice: the first time at " +
                                                   same->value.place.print());
        } else {
            merge_into(same->value, std::move(member.value), problems);
        }
    }
}

void fill_in_environment(Node& tree, const Environment& environment, Problems& problems) {
    if (tree.is_scalar()) fill_in_scalar(tree, environment, problems);
    for (Node& item : tree.items) fill_in_environment(item, environment, problems);
    for (Node::Member& member : tree.members) {
        fill_in_environment(member.value, environment, problems);
        // What is not set is told where it stands, and not again as a key that is missing.
        if (member.value.damaged) tree.damaged = true;
    }
}

// "https://ann:secret@host/".
static bool holds_password(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme == std::string_view::npos || url.find(' ') != std::string_view::npos) return false;
    const std::string_view rest = url.substr(scheme + 3);
    const size_t at = rest.substr(0, rest.find_first_of("/?#")).rfind('@');
    const size_t colon = rest.find(':');
    return at != std::string_view::npos && colon < at && colon + 1 < at;
}

void refuse_clear_secrets(const Node& tree, Problems& problems) {
    if (tree.is_scalar() && !tree.from_environment && holds_password(tree.text)) {
        problems.error(tree.place,
                       "a URL may not hold a password in clear: use 'user' and 'password_file', or "
                       "${ENV}");
    }
    for (const Node& item : tree.items) refuse_clear_secrets(item, problems);
    for (const Node::Member& member : tree.members) {
        if (holds_free_names(member.key)) continue;
        const Node& value = member.value;
        refuse_clear_secrets(value, problems);
        if (!is_secret_name(member.key) || !value.is_scalar() || value.from_environment ||
            value.text.empty()) {
            continue;
        }
        const bool header = to_lower(member.key) == "authorization";
        problems.error(value.place, "'" + member.key + "' may not hold a secret in clear: use " +
                                        (header ? "" : "'" + member.key + "_file' or ") + "${ENV}");
    }
}

}  // namespace ops
