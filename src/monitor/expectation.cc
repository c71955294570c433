#include "monitor/expectation.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

std::optional<int> parse_int(std::string_view text) {
    int number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return {};
    return number;
}

bool is_status(std::optional<int> number) { return number && *number >= 100 && *number <= 599; }

std::string quoted(std::string_view text) { return "\"" + shown(text) + "\""; }

// As it stands in an error message: "bad" with quotes, 3, true.
std::string print(const Json& value) {
    return value.is_string() ? quoted(value.as_string()) : shown(value.dump());
}

bool equals(const Json& value, const std::string& expected) {
    if (value.is_string()) return value.as_string() == expected;
    if (value.is_bool()) return expected == (value.as_bool() ? "true" : "false");
    if (value.is_null()) return expected == "null";
    if (value.is_number()) {
        double number = 0;
        const char* end = expected.data() + expected.size();
        const auto read = std::from_chars(expected.data(), end, number);
        return read.ec == std::errc{} && read.ptr == end && number == value.as_number();
    }
    return value.dump() == expected;
}

// The next step of a path, eaten: a member's name or an index. Nothing: the path is malformed.
std::optional<std::string_view> next_step(std::string_view& path) {
    if (path.starts_with('[')) {
        const size_t end = path.find(']');
        if (end == std::string_view::npos) return {};
        const std::string_view step = path.substr(1, end - 1);
        path.remove_prefix(end + 1);
        if (path.starts_with('.')) path.remove_prefix(1);
        return step;
    }
    const size_t end = path.find_first_of(".[");
    const std::string_view step = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
    if (path.starts_with('.')) path.remove_prefix(1);
    return step;
}

}  // namespace

Result<StatusSet> StatusSet::parse(const std::vector<std::string>& texts) {
    StatusSet set;
    set.text_ = join(texts, " or ");
    for (const std::string& text : texts) {
        const std::string lower = to_lower(trim(text));
        const size_t dash = lower.find('-');
        const auto low = parse_int(trim(std::string_view(lower).substr(0, dash)));
        if (lower.size() == 3 && lower.ends_with("xx") && lower[0] >= '1' && lower[0] <= '5') {
            const int first = (lower[0] - '0') * 100;
            set.ranges_.emplace_back(first, first + 99);
        } else if (dash == std::string::npos && is_status(low)) {
            set.ranges_.emplace_back(*low, *low);
        } else {
            const auto high = dash == std::string::npos
                                  ? std::nullopt
                                  : parse_int(trim(std::string_view(lower).substr(dash + 1)));
            if (!is_status(low) || !is_status(high) || *low > *high) {
                return Error{Fault::invalid,
                             "'" + text + "' is no HTTP status, write 200, 2xx or 200-299"};
            }
            set.ranges_.emplace_back(*low, *high);
        }
    }
    if (set.ranges_.empty()) return Error{Fault::invalid, "an empty list of statuses"};
    return set;
}

bool StatusSet::contains(int status) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [status](const auto& range) {
        return range.first <= status && status <= range.second;
    });
}

const Json* find_json(const Json& root, std::string_view path) {
    const Json* at = &root;
    while (!path.empty()) {
        const auto step = next_step(path);
        if (!step) return nullptr;
        if (at->is_array()) {
            const auto index = parse_int(*step);
            if (!index || *index < 0 || static_cast<size_t>(*index) >= at->items().size()) {
                return nullptr;
            }
            at = &at->items()[static_cast<size_t>(*index)];
        } else {
            if (!at->has(*step)) return nullptr;
            at = &(*at)[*step];
        }
    }
    return at;
}

HttpExpectation HttpExpectation::read(const Node& node, Problems& problems) {
    HttpExpectation expectation;
    if (node.is_scalar() || node.is_list()) {
        expectation.read_status(node, problems);
    } else if (node) {
        expectation.read_map(node, problems);
    }
    return expectation;
}

void HttpExpectation::read_map(const Node& node, Problems& problems) {
    Fields fields(node, "expect", problems);
    read_status(fields.node("status"), problems);
    body_ = fields.texts("body");
    for (const std::string& text : fields.texts("matches")) {
        auto pattern = Pattern::make(text);
        if (pattern.ok()) {
            matches_.push_back(std::move(pattern).value());
        } else {
            problems.error(fields.place_of("matches"), pattern.error().message);
        }
    }
    read_json(fields.node("json"), problems);
    const Node& headers = fields.node("header");
    if (headers && !headers.is_map()) {
        problems.error(headers.place, "'header' of expect is a map of name to contained text");
    }
    for (const Node::Member& header : headers.members) {
        headers_.emplace_back(to_lower(header.key), header.value.text);
    }
    fields.done();
}

void HttpExpectation::read_status(const Node& node, Problems& problems) {
    if (!node) return;
    std::vector<std::string> texts;
    if (node.is_scalar()) texts.push_back(node.text);
    for (const Node& item : node.items) texts.push_back(item.text);
    auto set = StatusSet::parse(texts);
    if (set.ok()) {
        status_ = std::move(set).value();
    } else {
        problems.error(node.place, set.error().message);
    }
}

void HttpExpectation::read_json(const Node& node, Problems& problems) {
    if (!node) return;
    if (!node.is_map() || node.members.empty()) {
        problems.error(node.place, "'json' of expect is a map of path to value");
        return;
    }
    for (const Node::Member& member : node.members) {
        AtPath at{member.key, {}};
        const Node& value = member.value;
        if (value.is_scalar()) at.any_of.push_back(value.text);
        if (value.kind == Node::Kind::null) at.any_of.push_back("null");
        for (const Node& item : value.items) at.any_of.push_back(item.text);
        if (at.any_of.empty()) {
            problems.error(value.place, "expected value of '" + member.key +
                                            "' is neither a plain value nor a list of them");
        }
        json_.push_back(std::move(at));
    }
}

bool HttpExpectation::operator==(const HttpExpectation& other) const {
    return matches_.empty() && other.matches_.empty() && status_ == other.status_ &&
           body_ == other.body_ && json_ == other.json_ && headers_ == other.headers_;
}

bool HttpExpectation::wants_body() const {
    return !body_.empty() || !matches_.empty() || !json_.empty();
}

std::string HttpExpectation::differences(const HttpAnswer& answer) const {
    const std::string status = "HTTP " + std::to_string(answer.status);
    if (!status_ && (answer.status < 200 || answer.status > 299)) return status;
    if (status_ && !status_->contains(answer.status)) {
        return status + ", expected " + status_->print();
    }
    std::vector<std::string> differences;
    for (const auto& [name, expected] : headers_) {
        const std::string* first = nullptr;  // a name may come twice: Set-Cookie
        bool is_there = false;
        for (const auto& [given, value] : answer.headers) {
            if (given != name) continue;
            if (first == nullptr) first = &value;
            is_there |= value.find(expected) != std::string::npos;
        }
        if (is_there) continue;
        differences.push_back("header '" + name +
                              (first == nullptr
                                   ? "' is missing"
                                   : "' is " + quoted(*first) + ", expected " + quoted(expected)));
    }
    compare_body(answer, differences);
    compare_json(answer, differences);
    if (differences.size() > 3) differences.resize(3);
    return join(differences, "; ");
}

void HttpExpectation::compare_body(const HttpAnswer& answer,
                                   std::vector<std::string>& differences) const {
    const std::string cut = answer.body_cut ? " (only its beginning was read)" : "";
    for (const std::string& text : body_) {
        if (answer.body.find(text) == std::string::npos) {
            differences.push_back("body lacks " + quoted(text) + cut);
        }
    }
    for (const Pattern& pattern : matches_) {
        if (!pattern.matches(answer.body)) {
            differences.push_back("body does not match " + quoted(pattern.text()) + cut);
        }
    }
}

void HttpExpectation::compare_json(const HttpAnswer& answer,
                                   std::vector<std::string>& differences) const {
    if (json_.empty()) return;
    const auto body = Json::parse(answer.body);
    if (!body.ok()) {
        differences.push_back(answer.body_cut ? "body is too large to be read as JSON"
                                              : "body is no JSON");
        return;
    }
    for (const AtPath& at : json_) {
        const Json* value = find_json(body.value(), at.path);
        const std::string expected = quoted(join(at.any_of, "\" or \""));
        if (value == nullptr) {
            differences.push_back("json " + at.path + " is missing, expected " + expected);
        } else if (std::none_of(at.any_of.begin(), at.any_of.end(),
                                [value](const auto& one) { return equals(*value, one); })) {
            differences.push_back("json " + at.path + " is " + print(*value) + ", expected " +
                                  expected);
        }
    }
}

}  // namespace ops
