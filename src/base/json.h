// Json: a value of RFC 8259, kept in order. Only json.cc knows the library that parses.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ops {

class Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;  // in the order written; keys are unique

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    Json(double value) : value_(value) {}
    Json(int value) : value_(int64_t{value}) {}
    Json(int64_t value) : value_(value) {}
    Json(uint64_t value) : value_(static_cast<int64_t>(value)) {}
    Json(uint32_t value) : value_(int64_t{value}) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    static Json object(std::initializer_list<Member> members = {}) {
        Json json;
        json.value_ = Object(members);
        return json;
    }
    // Requires: no name occurs twice.
    static Json of_members(Object members);
    static Json array() { return Json(Array{}); }
    static Json of_strings(const std::vector<std::string>& strings) {
        return Json(Array(strings.begin(), strings.end()));
    }

    bool is_null() const { return value_.index() == 0; }
    bool is_bool() const { return std::holds_alternative<bool>(value_); }
    bool is_number() const {
        return std::holds_alternative<int64_t>(value_) || std::holds_alternative<double>(value_);
    }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }
    bool is_array() const { return std::holds_alternative<Array>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }

    // The value, or `otherwise` where it is of another kind: for reading what we wrote ourselves.
    bool as_bool(bool otherwise = false) const;
    double as_number(double otherwise = 0) const;
    int64_t as_int(int64_t otherwise = 0) const;
    std::string as_string(std::string_view otherwise = "") const;
    const Array& items() const;                // empty unless an array
    const Object& members() const;             // empty unless an object
    std::vector<std::string> strings() const;  // the string items of an array

    // The member, or null. `json["a"]["b"]` is safe on anything.
    const Json& operator[](std::string_view key) const;
    bool has(std::string_view key) const;
    // Sets a member (making this an object), replacing one of the same name.
    Json& set(std::string_view key, Json value);
    Json& push(Json value);  // appends to an array, making this one

    // Compact, UTF-8, members in order, invalid UTF-8 replaced; numbers read back the same (a
    // double keeps its point: 92.0). Numbers that are not finite, and what is deeper than 64
    // levels, become null, so that what is written can always be parsed.
    std::string dump() const;
    std::string dump_pretty() const;

    // Refuses more than 64 levels and anything after the value. Of a member named twice the last
    // one counts.
    static Result<Json> parse(std::string_view text);

    bool operator==(const Json&) const = default;

private:
    friend class JsonWriter;

    std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

}  // namespace ops
