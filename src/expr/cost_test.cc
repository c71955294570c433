// What evaluating costs: no allocation while scalars are compared. The time is only told (run with
// --gtest_also_run_disabled_tests), never asserted: machines differ.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>

#include "expr/twin_for_test.h"

namespace {
size_t allocations = 0;
}

// Counted for the whole test program; otherwise as the standard library's own.
void* operator new(size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    std::abort();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace ops::expr {
namespace {

class Cost : public testing::Test {
protected:
    Cost() {
        world_.facts.set("process_status", Value::string("dead"));
        world_.facts.set("last_heartbeat", Value::seconds(360));
        world_.facts.set("memory_usage", Value::percentage(92));
        world_.facts.set("service", Value::string("a service with a name that is long"));
        for (const FactKind& kind : fact_kinds()) {
            if (world_.facts.find(kind.name) == nullptr) {
                world_.facts.set(kind.name, Value::number(1));
            }
        }
    }

    Expression expression(std::string_view text) {
        const Parsed parsed = parse(text, names_);
        EXPECT_TRUE(parsed.expression.has_value()) << text;
        return *parsed.expression;
    }

    TwinWorld world_;
    TwinNames names_;
};

constexpr const char* kThreeTerms =
    "process_status == \"dead\" and last_heartbeat > 5 minutes and memory_usage > 90%";

TEST_F(Cost, ComparingScalarsAllocatesNothing) {
    for (const char* text :
         {kThreeTerms, "memory_usage + 5% > 90% * 1 or not up",
          "service == \"a service with a name that is long\"",
          "service in [\"worker_1\", \"a service with a name that is long\"]",
          "service contains \"name that is\"", "not_there > 5 or memory_usage > 99%"}) {
        names_.types["not_there"] = Type::number;
        const Expression symptom = expression(text);
        const size_t before = allocations;
        const Value value = evaluate(symptom, world_);
        EXPECT_EQ(allocations, before) << text;
        EXPECT_EQ(value.type(), text[0] == 'n' ? Type::unknown : Type::boolean) << text;
    }
}

TEST_F(Cost, CopiesShareTheTree) {
    const Expression symptom = expression(kThreeTerms);
    const size_t before = allocations;
    const Expression copy = symptom;
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(&copy.tree(), &symptom.tree());
}

TEST_F(Cost, DISABLED_TimeOfThreeTerms) {
    const Expression symptom = expression(kThreeTerms);
    constexpr int kRounds = 2'000'000;
    const std::clock_t start = std::clock();
    int held = 0;
    for (int i = 0; i < kRounds; ++i) held += holds(evaluate(symptom, world_));
    const std::clock_t ticks = std::clock() - start;
    EXPECT_EQ(held, kRounds);
    std::printf("%.0f ns of CPU each\n",
                static_cast<double>(ticks) / CLOCKS_PER_SEC / kRounds * 1e9);
}

}  // namespace
}  // namespace ops::expr
