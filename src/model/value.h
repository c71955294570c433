// Value: what a fact or an expression can be. A quantity knows its unit, so 90% and 90 seconds
// never compare.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace ops {

enum class Type { unknown, number, percentage, duration, size, string, boolean, list };
std::string_view name_of(Type type);

class Value {
public:
    Value() = default;  // unknown
    static Value number(double amount) { return Value(Type::number, amount); }
    static Value percentage(double amount) { return Value(Type::percentage, amount); }  // 90 is 90%
    static Value seconds(double amount) { return Value(Type::duration, amount); }
    static Value duration(Duration span) {
        return seconds(static_cast<double>(span.count()) / 1000.0);
    }
    static Value size(double bytes) { return Value(Type::size, bytes); }
    static Value quantity(Type type, double amount) { return Value(type, amount); }
    static Value string(std::string text) { return Value(std::move(text)); }
    static Value boolean(bool truth) { return Value(truth); }
    static Value list(std::vector<Value> items) { return Value(std::move(items)); }

    Type type() const;
    bool is_unknown() const { return type() == Type::unknown; }
    bool is_quantity() const { return std::holds_alternative<Quantity>(value_); }
    // Requires the kind that is asked for.
    double amount() const { return std::get<Quantity>(value_).amount; }
    const std::string& text() const { return *std::get<Text>(value_); }
    bool truth() const { return std::get<bool>(value_); }
    const std::vector<Value>& items() const { return *std::get<Items>(value_); }

    // For people and for the language: 92%, 5m, 3.2GB, "dead", true, unknown.
    std::string print() const;
    // {"t":"percentage","v":92}: keeps the type, for the journal.
    Json to_json() const;
    static Value from_json(const Json& json);
    // Bare, for the HTTP API: 92, "dead", true, null; durations in seconds, sizes in bytes.
    Json to_plain_json() const;

    bool operator==(const Value& other) const;

private:
    struct Quantity {
        Type type;
        double amount;
        bool operator==(const Quantity&) const = default;
    };
    Value(Type type, double amount) : value_(Quantity{type, amount}) {}
    explicit Value(std::string text)
        : value_(std::make_shared<const std::string>(std::move(text))) {}
    explicit Value(bool truth) : value_(truth) {}
    explicit Value(std::vector<Value> items)
        : value_(std::make_shared<const std::vector<Value>>(std::move(items))) {}

    // Most values are quantities, and tens of thousands stay in memory: texts and lists stand
    // elsewhere, and are shared by copies, since a value never changes.
    using Text = std::shared_ptr<const std::string>;
    using Items = std::shared_ptr<const std::vector<Value>>;
    std::variant<std::monostate, Quantity, bool, Text, Items> value_;
};

}  // namespace ops
