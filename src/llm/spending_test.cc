#include <gtest/gtest.h>

#include "llm/llm.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

const Time kNow = parse_rfc3339("2026-01-29T14:30:00Z").value();

AiSettings two_models() {
    AiSettings ai;
    ai.models.resize(2);
    ai.models[0].name = "first";
    ai.models[1].name = "second";
    for (ModelSettings& model : ai.models) model.max_tokens = 1000;
    return ai;
}

Json spent(const char* model, int64_t tokens, NanoDollars cost) {
    return Json::object({{"model", model}, {"input_tokens", tokens}, {"cost_nano_usd", cost}});
}

Prompt prompt(const char* incident = "inc-1") {
    Prompt prompt;
    prompt.incident = incident;
    prompt.turns.push_back({Turn::Who::us, std::string(300, 'x'), {}, {}});
    return prompt;
}

TEST(Spending, IsDecidedBeforeTheCall) {
    struct Row {
        const char* why;
        int calls;
        int64_t tokens;
        NanoDollars cost;
        Duration ago;
        const char* incident;
        const char* refused;  // nothing: allowed
    };
    const Row rows[] = {
        {"nothing spent", 0, 0, 0, 0s, "inc-1", nullptr},
        {"calls of this incident", 8, 1, 1, 1h, "inc-1", "8 calls were made"},
        {"calls of another", 8, 1, 1, 1h, "inc-2", nullptr},
        {"tokens that leave no room for a whole answer", 1, 19'000, 1, 1h, "inc-1", "20000 tokens"},
        {"tokens that do", 1, 18'000, 1, 1h, "inc-1", nullptr},
        {"money of this incident", 1, 1, 490'000'000, 1h, "inc-1", "0.50 USD (0.49 are spent)"},
        {"money of the day", 1, 1, 4'990'000'000, 23h, "inc-2", "5.00 USD (4.99 are spent)"},
        {"money of yesterday", 1, 1, 4'990'000'000, 24h, "inc-2", nullptr},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        Spending spending;
        for (int call = 0; call < row.calls; ++call) {
            spending.note(row.incident, spent("first", row.tokens, row.cost), kNow - row.ago);
        }
        const auto allowance = spending.allowance(two_models(), prompt(), kNow);
        EXPECT_EQ(allowance.models.empty(), row.refused != nullptr);
        if (row.refused == nullptr) {
            EXPECT_EQ(allowance.why_not, "");
        } else {
            EXPECT_NE(allowance.why_not.find(row.refused), std::string::npos) << allowance.why_not;
        }
    }
}

TEST(Spending, TheMostThatACallMayCostMustFit) {
    AiSettings ai = two_models();
    ai.models[0].output_price = 600'000;  // 1,000 tokens of answer: 0.60 dollars
    EXPECT_EQ(Spending().allowance(ai, prompt(), kNow).models, std::vector<size_t>{1})
        << "the dear one is left out, the cheap one is asked";
}

TEST(Spending, AModelThatAskedForRestIsLeftAlone) {
    Spending spending;
    Json body = spent("first", 0, 0);
    body.set("error", "HTTP 429").set("rest_s", 120);
    spending.note("inc-1", body, kNow);
    const AiSettings ai = two_models();
    EXPECT_EQ(spending.allowance(ai, prompt(), kNow + 119s).models, std::vector<size_t>{1});
    EXPECT_EQ(spending.allowance(ai, prompt(), kNow + 120s).models, (std::vector<size_t>{0, 1}));

    Json second = spent("second", 0, 0);
    second.set("error", "HTTP 529");
    spending.note("inc-1", second, kNow);
    const auto none = spending.allowance(ai, prompt(), kNow + 1s);
    EXPECT_TRUE(none.models.empty());
    EXPECT_EQ(none.again_at, kNow + 5s) << "the one that rests the shortest";
    EXPECT_NE(none.why_not.find("no model can be asked before"), std::string::npos);

    Json for_ever = spent("first", 0, 0);
    for_ever.set("error", "HTTP 503").set("rest_until", "2036-01-01T00:00:00Z");
    spending.note("inc-1", for_ever, kNow);
    EXPECT_EQ(spending.allowance(ai, prompt(), kNow + 1h).models.size(), 2u)
        << "nobody rests longer than an hour";
}

TEST(Spending, WithoutAModelThereIsNone) {
    const auto allowance = Spending().allowance({}, prompt(), kNow);
    EXPECT_TRUE(allowance.models.empty());
    EXPECT_FALSE(allowance.again_at);
    EXPECT_EQ(allowance.why_not, "no model is configured");
}

TEST(Spending, IsAFoldOverTheJournal) {
    Try made;
    made.model = "first";
    made.input_tokens = 700;
    made.output_tokens = 300;
    made.cost = 6'600'000;
    Spending spending;
    spending.note("inc-1", made.to_json(), kNow);
    EXPECT_EQ(spending.of_incident("inc-1").tokens, 1000);
    EXPECT_EQ(spending.of_incident("inc-1").cost, 6'600'000);
    spending.forget("inc-1");
    EXPECT_EQ(spending.of_incident("inc-1").calls, 0);
    EXPECT_EQ(spending.of_day(kNow).cost, 6'600'000);
    EXPECT_DOUBLE_EQ(dollars(6'600'000), 0.0066);
}

}  // namespace
}  // namespace ops
