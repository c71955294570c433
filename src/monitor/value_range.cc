#include "monitor/value_range.h"

#include "monitor/reading.h"

namespace ops {
namespace {

std::optional<Value> read_limit(Fields& fields, std::string_view key, Problems& problems) {
    const auto text = fields.optional_text(key);
    if (!text) return {};
    const auto value = parse_reading(*text);
    if (!value) {
        problems.error(fields.place_of(key), "'" + std::string(key) +
                                                 "' must be a number such as 10, 90% or 3GB, not " +
                                                 fields.node(key).describe());
    }
    return value;
}

}  // namespace

ValueRange ValueRange::read(Fields& fields, Problems& problems) {
    ValueRange range;
    range.least_ = read_limit(fields, "min", problems);
    range.most_ = read_limit(fields, "max", problems);
    if (!range.least_ || !range.most_) return range;
    if (range.least_->type() != range.most_->type()) {
        problems.error(fields.place_of("max"), "'min' and 'max' have different units");
    } else if (range.least_->amount() > range.most_->amount()) {
        problems.error(fields.place_of("max"), "'max' is less than 'min'");
    }
    return range;
}

std::string ValueRange::differs(const Value& value) const {
    if (is_open() || !value.is_quantity()) return "";
    // A plain number is taken in the other's unit: "95" printed, "90%" configured.
    const auto comparable = [&value](const Value& limit) {
        return limit.type() == value.type() || limit.type() == Type::number ||
               value.type() == Type::number;
    };
    if (least_ && !comparable(*least_)) return value.print() + " is not in the unit of 'min'";
    if (most_ && !comparable(*most_)) return value.print() + " is not in the unit of 'max'";
    if (least_ && value.amount() < least_->amount()) {
        return value.print() + " is under " + least_->print();
    }
    if (most_ && value.amount() > most_->amount())
        return value.print() + " is over " + most_->print();
    return "";
}

}  // namespace ops
