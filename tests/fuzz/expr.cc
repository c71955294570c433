// Any bytes either have problems with places inside the text, or are an expression that has a value
// and a canonical spelling with the same value.
#include "expr/expr.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "model/fact.h"

namespace {

using ops::Time;
using ops::Type;
using ops::Value;

class Names final : public ops::expr::Names {
public:
    std::optional<Type> fact(std::string_view name) const override {
        if (const ops::FactKind* kind = ops::find_fact_kind(name)) return kind->type;
        if (name.starts_with("any")) return Type::unknown;
        return std::nullopt;
    }
    bool event(std::string_view name) const override { return name == "crash" || name == "deploy"; }
    std::vector<std::string> all() const override { return {"crash", "memory_usage", "status"}; }
};

// Some facts are known, some are not, and some are not of the type that was promised.
class World final : public ops::expr::World {
public:
    World() {
        facts_.set("memory_usage", Value::percentage(92));
        facts_.set("last_heartbeat", Value::seconds(360));
        facts_.set("load", Value::number(1e308));
        facts_.set("rss", Value::size(0));
        facts_.set("status", Value::string("down"));
        facts_.set("up", Value::boolean(false));
        facts_.set("latency", Value::string("not a duration"));
        facts_.set("uptime", Value::seconds(std::nan("")));
        facts_.set("any_list", Value::list({Value::number(1), Value::string("a")}));
        facts_.set("any_text", Value::string("text"));
        facts_.set("any_number", Value::number(-3));
    }
    Time now() const override { return Time(std::chrono::hours(500'000)); }
    const Value* fact(std::string_view name) const override { return facts_.find(name); }
    std::vector<ops::Sample> samples(std::string_view, Time from, Time to) const override {
        std::vector<ops::Sample> samples;
        const ops::Duration step = (to - from) / 40;
        for (int i = 1; i <= 40; ++i) samples.push_back({from + step * i, i % 7 * 1e307});
        return samples;
    }
    std::vector<Time> events(std::string_view kind, Time, Time to) const override {
        if (kind == "crash") return {to};
        return {};
    }

private:
    ops::Facts facts_;
};

void check_finite(const Value& value) {
    ASSERT(!value.is_quantity() || std::isfinite(value.amount()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const Names names;
    static const World world;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const ops::expr::Parsed parsed = ops::expr::parse(text, names);
    ASSERT(parsed.expression.has_value() == parsed.problems.empty());
    for (const ops::expr::Problem& problem : parsed.problems) {
        ASSERT(problem.offset + problem.length <= size && !problem.message.empty());
    }
    if (!parsed.expression) return 0;
    const Value value = ops::expr::evaluate(*parsed.expression, world);
    check_finite(value);
    const ops::expr::Explained explained = ops::expr::explain(*parsed.expression, world);
    ASSERT(explained.value == value);
    for (const ops::expr::Part& part : explained.parts) {
        check_finite(part.value);
        ASSERT(part.value.is_unknown() != part.why_unknown.empty());
    }
    const std::string printed = parsed.expression->print();
    const ops::expr::Parsed again = ops::expr::parse(printed, names);
    // Escapes, full durations and sizes make the canonical spelling longer than what was written.
    if (printed.size() > ops::expr::kMaxText) return 0;
    ASSERT(again.expression && again.expression->print() == printed);
    ASSERT(ops::expr::evaluate(*again.expression, world) == value);
    return 0;
}
