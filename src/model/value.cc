#include "model/value.h"

#include <array>
#include <cmath>

#include "base/assert.h"
#include "base/units.h"

namespace ops {
namespace {

struct TypeName {
    Type type;
    std::string_view name;
};

constexpr auto kTypeNames = std::to_array<TypeName>({
    {Type::unknown, "unknown"},
    {Type::number, "number"},
    {Type::percentage, "percentage"},
    {Type::duration, "duration"},
    {Type::size, "size"},
    {Type::string, "string"},
    {Type::boolean, "boolean"},
    {Type::list, "list"},
});

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (c == '\n') {
            result += "\\n";
        } else if (c == '\t') {
            result += "\\t";
        } else {
            result += c;
        }
    }
    return result += '"';
}

std::string print_seconds(double seconds) {
    const double milliseconds = std::round(seconds * 1000);
    // Beyond this the count of milliseconds does not fit its 64 bits.
    if (!(std::abs(milliseconds) < 0x1p63)) return format_number(seconds) + "s";
    return format_duration(Duration{static_cast<int64_t>(milliseconds)});
}

// Whole numbers as JSON integers: 200, not 200.0.
Json json_of(double amount) {
    constexpr double kExactIntegers = 0x1p53;
    if (std::abs(amount) <= kExactIntegers && amount == std::floor(amount)) {
        return static_cast<int64_t>(amount);
    }
    return amount;
}

Type type_named(std::string_view name) {
    for (const TypeName& known : kTypeNames) {
        if (known.name == name) return known.type;
    }
    return Type::unknown;
}

}  // namespace

std::string_view name_of(Type type) {
    for (const TypeName& known : kTypeNames) {
        if (known.type == type) return known.name;
    }
    ASSERT(false);
}

bool Value::operator==(const Value& other) const {
    if (value_.index() != other.value_.index()) return false;
    if (std::holds_alternative<Text>(value_)) return text() == other.text();
    if (std::holds_alternative<Items>(value_)) return items() == other.items();
    return value_ == other.value_;
}

Type Value::type() const {
    switch (value_.index()) {
        case 0: return Type::unknown;
        case 1: return std::get<Quantity>(value_).type;
        case 2: return Type::boolean;
        case 3: return Type::string;
        default: return Type::list;
    }
}

std::string Value::print() const {
    switch (type()) {
        case Type::unknown: return "unknown";
        case Type::number: return format_number(amount());
        case Type::percentage: return format_number(amount()) + "%";
        case Type::duration: return print_seconds(amount());
        case Type::size: return format_size(amount());
        case Type::string: return quoted(text());
        case Type::boolean: return truth() ? "true" : "false";
        case Type::list: break;
    }
    std::string printed = "[";
    for (const Value& item : items()) {
        if (printed.size() > 1) printed += ", ";
        printed += item.print();
    }
    return printed += "]";
}

Json Value::to_json() const {
    Json json = Json::object({{"t", name_of(type())}});
    if (type() == Type::list) {
        Json array = Json::array();
        for (const Value& item : items()) array.push(item.to_json());
        return json.set("v", std::move(array));
    }
    return is_unknown() ? json : json.set("v", to_plain_json());
}

Value Value::from_json(const Json& json) {
    const Type type = type_named(json["t"].as_string());
    const Json& value = json["v"];
    switch (type) {
        case Type::unknown: return {};
        case Type::number:
        case Type::percentage:
        case Type::duration:
        case Type::size: return value.is_number() ? quantity(type, value.as_number()) : Value();
        case Type::string: return value.is_string() ? string(value.as_string()) : Value();
        case Type::boolean: return value.is_bool() ? boolean(value.as_bool()) : Value();
        case Type::list: break;
    }
    std::vector<Value> items;
    for (const Json& item : value.items()) items.push_back(from_json(item));
    return list(std::move(items));
}

Json Value::to_plain_json() const {
    switch (type()) {
        case Type::unknown: return nullptr;
        case Type::number:
        case Type::percentage:
        case Type::duration:
        case Type::size: return json_of(amount());
        case Type::string: return text();
        case Type::boolean: return truth();
        case Type::list: break;
    }
    Json array = Json::array();
    for (const Value& item : items()) array.push(item.to_plain_json());
    return array;
}

}  // namespace ops
