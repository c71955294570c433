#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kMaxDepth = 64;

// Of members with the same name the last value stays, in the place of the first.
void drop_repeated(Json::Object& members) {
    std::vector<size_t> by_name(members.size());
    for (size_t i = 0; i < by_name.size(); ++i) by_name[i] = i;
    std::stable_sort(by_name.begin(), by_name.end(), [&members](size_t a, size_t b) {
        return members[a].first < members[b].first;
    });
    std::vector<bool> dropped(members.size());
    bool any = false;
    for (size_t i = 0; i + 1 < by_name.size();) {
        const size_t first = by_name[i];
        size_t next = i + 1;
        while (next < by_name.size() && members[by_name[next]].first == members[first].first) {
            dropped[by_name[next]] = any = true;
            ++next;
        }
        if (next - i > 1) members[first].second = std::move(members[by_name[next - 1]].second);
        i = next;
    }
    if (!any) return;
    Json::Object kept;
    for (size_t i = 0; i < members.size(); ++i) {
        if (!dropped[i]) kept.push_back(std::move(members[i]));
    }
    members = std::move(kept);
}

// Receives the parser's events. Containers that are still open wait on a stack.
class Builder {
public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    bool null() { return add(Json()); }
    bool boolean(bool value) { return add(Json(value)); }
    bool number_integer(number_integer_t value) { return add(Json(int64_t{value})); }
    bool number_unsigned(number_unsigned_t value) {
        if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            return add(Json(static_cast<int64_t>(value)));
        }
        return add(Json(static_cast<double>(value)));
    }
    bool number_float(number_float_t value, const string_t&) { return add(Json(value)); }
    bool string(string_t& value) { return add(Json(std::move(value))); }
    bool binary(binary_t&) { return false; }
    bool start_object(size_t) { return open(Kind::object); }
    bool start_array(size_t) { return open(Kind::array); }
    bool key(string_t& name) {
        open_.back().name = std::move(name);
        return true;
    }
    bool end_object() {
        Open done = close();
        drop_repeated(done.members);
        return add(Json::of_members(std::move(done.members)));
    }
    bool end_array() { return add(Json(close().items)); }
    bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
        std::string_view what = error.what();
        const size_t prefix = what.find("] ");
        if (prefix != std::string_view::npos) what.remove_prefix(prefix + 2);
        wrong_ = clip_end(printable(what, Lines::flatten), 200);
        return false;
    }

    const std::string& wrong() const { return wrong_; }
    Json take() { return std::move(root_); }

private:
    enum class Kind { object, array };
    struct Open {
        Kind kind;
        std::string name;  // of the member that is being read
        Json::Object members;
        Json::Array items;
    };
    bool open(Kind kind) {
        if (open_.size() == kMaxDepth) {
            wrong_ = "more than " + std::to_string(kMaxDepth) + " levels deep";
            return false;
        }
        open_.push_back({kind, {}, {}, {}});
        return true;
    }
    Open close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        return done;
    }
    bool add(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (open_.back().kind == Kind::array) {
            open_.back().items.push_back(std::move(value));
        } else {
            open_.back().members.emplace_back(std::move(open_.back().name), std::move(value));
        }
        return true;
    }

    std::vector<Open> open_;
    Json root_;
    std::string wrong_;
};

// The length of the UTF-8 sequence at `i`, or 0 when there is none.
size_t sequence_length(std::string_view text, size_t i) {
    const auto byte = [&text](size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = byte(i);
    const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || text.size() - i < length) return 0;
    for (size_t j = 1; j < length; ++j) {
        if ((byte(i + j) & 0xC0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, and what is above U+10FFFF.
    const unsigned second = length > 2 ? byte(i + 1) : 0;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return length;
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\u00";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (size_t i = 0; i < text.size();) {
        size_t plain = i;  // nearly all text is: it is taken in one piece
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        out.append(text, i, plain - i);
        i = plain;
        if (i == text.size()) break;
        const char c = text[i];
        if (c == '"' || c == '\\' || (c >= 0 && c < 0x20) || c == 0x7F) {
            append_escaped(out, c);
            ++i;
            continue;
        }
        const size_t length = sequence_length(text, i);
        if (length == 0) out += "\xEF\xBF\xBD";  // U+FFFD, the replacement character
        out += text.substr(i, length);
        i += std::max<size_t>(length, 1);
    }
    out += '"';
}

void append_double(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";  // JSON has no word for it
        return;
    }
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    const std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
    out += text;
    // Without a point or an exponent it would be read back as an integer.
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

// Writes a value. Recursion is safe: deeper than kMaxDepth nothing is written.
class JsonWriter {
public:
    JsonWriter(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

    void write(const Json& json) {
        switch (json.value_.index()) {
            case 0: out_ += "null"; break;
            case 1: out_ += std::get<bool>(json.value_) ? "true" : "false"; break;
            case 2: out_ += std::to_string(std::get<int64_t>(json.value_)); break;
            case 3: append_double(out_, std::get<double>(json.value_)); break;
            case 4: append_string(out_, std::get<std::string>(json.value_)); break;
            default: write_container(json);
        }
    }

private:
    void write_container(const Json& json) {
        if (depth_ == kMaxDepth) {
            out_ += "null";
            return;
        }
        ++depth_;
        out_ += json.is_array() ? '[' : '{';
        bool first = true;
        for (const Json& item : json.items()) {
            begin_item(first);
            write(item);
        }
        for (const auto& [name, value] : json.members()) {
            begin_item(first);
            append_string(out_, name);
            out_ += pretty_ ? ": " : ":";
            write(value);
        }
        --depth_;
        if (!first) break_line();
        out_ += json.is_array() ? ']' : '}';
    }
    void begin_item(bool& first) {
        if (!first) out_ += ',';
        first = false;
        break_line();
    }
    void break_line() {
        if (pretty_) out_.append("\n").append(2 * depth_, ' ');
    }

    std::string& out_;
    const bool pretty_;
    size_t depth_ = 0;
};

Json Json::of_members(Object members) {
    Json json;
    json.value_ = std::move(members);
    return json;
}

bool Json::as_bool(bool otherwise) const {
    const bool* const value = std::get_if<bool>(&value_);
    return value == nullptr ? otherwise : *value;
}

double Json::as_number(double otherwise) const {
    if (const auto* const value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
    if (const auto* const value = std::get_if<double>(&value_)) return *value;
    return otherwise;
}

int64_t Json::as_int(int64_t otherwise) const {
    if (const auto* const value = std::get_if<int64_t>(&value_)) return *value;
    const auto* const value = std::get_if<double>(&value_);
    // Both borders are powers of two, which a double holds exactly. Not a number fails both.
    if (value == nullptr || !(*value >= -0x1p63 && *value < 0x1p63)) return otherwise;
    return static_cast<int64_t>(*value);
}

std::string Json::as_string(std::string_view otherwise) const {
    const auto* const value = std::get_if<std::string>(&value_);
    return value == nullptr ? std::string(otherwise) : *value;
}

const Json::Array& Json::items() const {
    static const Array kNone;
    const auto* const array = std::get_if<Array>(&value_);
    return array == nullptr ? kNone : *array;
}

const Json::Object& Json::members() const {
    static const Object kNone;
    const auto* const object = std::get_if<Object>(&value_);
    return object == nullptr ? kNone : *object;
}

std::vector<std::string> Json::strings() const {
    std::vector<std::string> strings;
    for (const Json& item : items()) {
        if (item.is_string()) strings.push_back(item.as_string());
    }
    return strings;
}

const Json& Json::operator[](std::string_view key) const {
    static const Json kNull;
    for (const auto& [name, value] : members()) {
        if (name == key) return value;
    }
    return kNull;
}

bool Json::has(std::string_view key) const {
    return std::any_of(members().begin(), members().end(),
                       [key](const Member& member) { return member.first == key; });
}

Json& Json::set(std::string_view key, Json value) {
    if (!is_object()) value_ = Object{};
    auto& members = std::get<Object>(value_);
    for (auto& [name, old] : members) {
        if (name == key) {
            old = std::move(value);
            return *this;
        }
    }
    members.emplace_back(std::string(key), std::move(value));
    return *this;
}

Json& Json::push(Json value) {
    if (!is_array()) value_ = Array{};
    std::get<Array>(value_).push_back(std::move(value));
    return *this;
}

std::string Json::dump() const {
    std::string out;
    JsonWriter(out, false).write(*this);
    return out;
}

std::string Json::dump_pretty() const {
    std::string out;
    JsonWriter(out, true).write(*this);
    return out;
}

Result<Json> Json::parse(std::string_view text) {
    Builder builder;
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
    return Error{Fault::invalid, "not JSON: " + builder.wrong()};
}

}  // namespace ops
