// Revenue from Stripe's lists: what counts, what does not, and how it is read page by page.
#include "monitor/stripe.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;

const Currencies kDollars{"usd", {{"eur", 1.1}, {"jpy", 0.0065}}};

std::string item(const std::string& price, int quantity = 1, const std::string& more = "") {
    return R"({"quantity":)" + std::to_string(quantity) + more + R"(,"price":)" + price + "}";
}
std::string price(double amount, const std::string& interval = "month", int count = 1,
                  const std::string& currency = "usd") {
    return R"({"billing_scheme":"per_unit","currency":")" + currency + R"(","unit_amount":)" +
           Json(amount).dump() + R"(,"recurring":{"interval":")" + interval +
           R"(","interval_count":)" + std::to_string(count) + R"(,"usage_type":"licensed"}})";
}
std::string subscription(const std::string& items, const std::string& more = "") {
    return R"({"id":"sub_1","status":"active")" + more + R"(,"items":{"data":[)" + items + "]}}";
}

TEST(Stripe, MonthlyRevenueCountsWhatComesBack) {
    struct Row {
        std::string why, subscription;
        double monthly;
        int64_t uncounted = 0;
    };
    const auto coupon = [](const std::string& text) {
        return R"(,"discount":{"coupon":)" + text + "}";
    };
    for (const Row& row : std::vector<Row>{
             {"a month", subscription(item(price(2900))), 29},
             {"five seats", subscription(item(price(1000), 5)), 50},
             {"a year", subscription(item(price(120000, "year"))), 100},
             {"a quarter", subscription(item(price(9000, "month", 3))), 30},
             {"a week", subscription(item(price(700, "week"))), 7 * 365.25 / 12 / 7},
             {"two items", subscription(item(price(100)) + "," + item(price(250))), 3.5},
             {"part of a cent",
              subscription(
                  item(R"({"currency":"usd","unit_amount":null,"unit_amount_decimal":"12.5",)"
                       R"("recurring":{"interval":"month"}})",
                       1000)),
              125},
             {"old shape",
              subscription(
                  R"({"quantity":2,"plan":{"amount":500,"currency":"usd","interval":"month"}})"),
              10},
             {"another currency", subscription(item(price(1000, "month", 1, "eur"))), 11},
             {"a currency without cents", subscription(item(price(10000, "month", 1, "jpy"))), 65},
             {"no rate for it", subscription(item(price(1000, "month", 1, "gbp"))), 0, 1},
             {"metered",
              subscription(item(R"({"currency":"usd","unit_amount":1,)"
                                R"("recurring":{"interval":"month","usage_type":"metered"}})")),
              0, 1},
             {"tiers",
              subscription(item(R"({"currency":"usd","unit_amount":null,"billing_scheme":"tiered",)"
                                R"("recurring":{"interval":"month"}})")),
              0, 1},
             {"an interval of next year", subscription(item(price(1000, "fortnight"))), 0, 1},
             {"collection is paused",
              subscription(item(price(1000)), R"(,"pause_collection":{"behavior":"void"})"), 0},
             {"20 % for ever",
              subscription(item(price(1000)), coupon(R"({"percent_off":20,"duration":"forever"})")),
              8},
             {"once is not recurring",
              subscription(item(price(1000)), coupon(R"({"percent_off":20,"duration":"once"})")),
              10},
             {"an amount off each yearly invoice",
              subscription(item(price(120000, "year")),
                           coupon(R"({"amount_off":12000,"currency":"usd","duration":"forever"})")),
              90},
             {"never below nothing",
              subscription(item(price(1000)),
                           coupon(R"({"amount_off":9000,"currency":"usd","duration":"forever"})")),
              0},
             {"has ended",
              subscription(item(price(1000)), R"(,"discount":{"end":1,"coupon":{"percent_off":50,)"
                                              R"("duration":"repeating"}})"),
              10},
             {"has not ended",
              subscription(item(price(1000)), R"(,"discount":{"end":99999999999,"coupon":)"
                                              R"({"percent_off":50,"duration":"repeating"}})"),
              5},
             {"new shape, two of them",
              subscription(item(price(1000)), R"(,"discounts":[{"coupon":{"percent_off":50}},)"
                                              R"({"source":{"coupon":{"percent_off":10}}}])"),
              4.5},
             {"of one item only",
              subscription(item(price(1000), 1, R"(,"discounts":[{"coupon":{"percent_off":50}}])") +
                           "," + item(price(1000))),
              15},
             {"a hostile shape", R"({"items":{"data":[1,null,{"price":7,"quantity":"x"}]}})", 0, 3},
         }) {
        Recurring sum;
        add_subscriptions(Json::parse("[" + row.subscription + "]").value(), kDollars, kNoon, sum);
        EXPECT_NEAR(sum.monthly, row.monthly, 1e-9) << row.why;
        EXPECT_EQ(sum.uncounted, row.uncounted) << row.why;
        EXPECT_FALSE(sum.wants_discounts || sum.wants_coupons) << row.why;
    }
}

TEST(Stripe, ChargesAreWhatCameInLessWhatWentBack) {
    Charged sum;
    add_charges(Json::parse(R"([
        {"status":"succeeded","amount":1000,"amount_captured":1000,"amount_refunded":0,"currency":"usd"},
        {"status":"succeeded","amount":1000,"amount_captured":600,"amount_refunded":100,"currency":"usd"},
        {"status":"succeeded","amount":1000,"currency":"eur"},
        {"status":"succeeded","amount":1000,"currency":"gbp"},
        {"status":"pending","amount":1000,"currency":"usd"},
        {"status":"failed","amount":1000,"currency":"usd"}])")
                    .value(),
                kDollars, sum);
    EXPECT_DOUBLE_EQ(sum.amount, 10 + 5 + 11);
    EXPECT_EQ(sum.charges, 3);
    EXPECT_EQ(sum.failed, 1);
    EXPECT_EQ(sum.uncounted, 1);
}

Made make_revenue(const std::string& more = "") {
    return make_from("signals: [{name: revenue, every: 5m, stripe: {key_file: k" + more + "}}]\n",
                     "revenue", [](const std::string&) { return std::string("rk_test_1\n"); });
}
std::string list(const std::string& items, bool has_more = false) {
    return R"({"object":"list","has_more":)" + std::string(has_more ? "true" : "false") +
           R"(,"data":[)" + items + "]}";
}
std::string url_of(const Question& question) { return std::get<HttpAsk>(question).url; }

TEST(StripeCheck, ReadsEveryPageAndTellsOnce) {
    Made made = make_revenue();
    ASSERT_TRUE(made.check) << print(made.problems);
    const Ask first = made->ask();
    EXPECT_EQ(url_of(first.question),
              "https://api.stripe.com/v1/subscriptions?status=active&limit=100");
    EXPECT_EQ(std::get<HttpAsk>(first.question).headers[0].second, "Bearer rk_test_1");
    EXPECT_EQ(std::get<HttpAsk>(first.question).max_redirects, 0);

    Judged judged = made->judge(reply(http(200, list(subscription(item(price(1000))), true))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_EQ(url_of(*judged.ask_now),
              "https://api.stripe.com/v1/subscriptions?status=active&limit=100"
              "&starting_after=sub_1");
    judged = made->judge(reply(http(200, list(subscription(item(price(500)))))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_EQ(url_of(*judged.ask_now),
              "https://api.stripe.com/v1/charges?limit=100&created%5Bgte%5D=1789996400");
    judged = made->judge(reply(
        http(200, list(R"({"id":"ch_1","status":"succeeded","amount":700,"currency":"usd"})"))));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "revenue_mrr"), "15");
    EXPECT_EQ(fact(judged, "revenue_hourly"), "7");
    EXPECT_EQ(fact(judged, "revenue_subscriptions"), "2");
    EXPECT_EQ(fact(judged, "revenue_uncounted"), "0");
    // The next round begins at nothing.
    judged = made->judge(reply(http(200, list(""))));
    judged = made->judge(reply(http(200, list(""))));
    EXPECT_EQ(fact(judged, "revenue_mrr"), "0");
}

TEST(StripeCheck, DiscountsThatAreIdsAreAskedForOnce) {
    Made made = make_revenue();
    const std::string ids = subscription(item(price(1000)), R"(,"discounts":["di_1"])");
    Judged judged = made->judge(reply(http(200, list(ids))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_NE(url_of(*judged.ask_now).find("&expand%5B%5D=data.discounts"), std::string::npos);
    const std::string coupon_id =
        subscription(item(price(1000)), R"(,"discounts":[{"source":{"coupon":"c1"}}])");
    judged = made->judge(reply(http(200, list(coupon_id))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_NE(url_of(*judged.ask_now).find("data.discounts.source.coupon"), std::string::npos);
    const std::string whole = subscription(
        item(price(1000)), R"(,"discounts":[{"source":{"coupon":{"percent_off":50}}}])");
    judged = made->judge(reply(http(200, list(whole))));
    judged = made->judge(reply(http(200, list(""))));
    EXPECT_EQ(fact(judged, "revenue_mrr"), "5") << "counted once, though asked for three times";
    EXPECT_NE(url_of(made->ask().question).find("source.coupon"), std::string::npos);
    // One that stays an id whatever is asked ends all the same.
    judged = made->judge(reply(http(200, list(ids))));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_NE(url_of(*judged.ask_now).find("/v1/charges"), std::string::npos);
}

TEST(StripeCheck, ARoundThatBreaksOffSaysNothingOfRevenue) {
    struct Row {
        std::string why;
        Reply reply;
        std::string judged;
    };
    for (const Row& row : std::vector<Row>{
             {"no connection", failure(Fault::timeout, "no answer in 20s"),
              "unknown: stripe: no answer in 20s"},
             {"wrong key",
              reply(http(401, R"({"error":{"message":"Invalid API Key\u001b[31m provided"}})")),
              "unknown: stripe does not know the key: Invalid API Key provided"},
             {"key of something else", reply(http(403, "")),
              "unknown: the key of stripe may not read this"},
             {"too often", reply(http(429, "{}")),
              "unknown: stripe asks to be left alone for a while"},
             {"their fault", reply(http(500, "<html>")), "unknown: stripe answers HTTP 500"},
             {"a page of a proxy", reply(http(200, "<html>")), "unknown: stripe answers no list"},
         }) {
        Made made = make_revenue();
        (void)made->judge(reply(http(200, list(subscription(item(price(1000))), true))));
        const Judged judged = made->judge(row.reply);
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_EQ(fact(judged, "revenue_mrr"), "-") << row.why;
        // And the round after it is whole again.
        (void)made->judge(reply(http(200, list(subscription(item(price(300)))))));
        EXPECT_EQ(fact(made->judge(reply(http(200, list("")))), "revenue_mrr"), "3") << row.why;
    }
}

TEST(StripeCheck, HasBounds) {
    Made made = make_revenue(", most_pages: 2");
    const std::string more = list(subscription(item(price(1000))), true);
    EXPECT_TRUE(made->judge(reply(http(200, more))).ask_now);
    EXPECT_EQ(print(made->judge(reply(http(200, more)))),
              "unknown: stripe has more than 2 pages (see 'most_pages')");
    // A page that is too large is asked for in smaller ones.
    Made large = make_revenue();
    HttpAnswer cut = std::get<HttpAnswer>(http(200, R"({"object":"li)"));
    cut.body_cut = true;
    const Judged judged = large->judge(reply(cut));
    ASSERT_TRUE(judged.ask_now);
    EXPECT_NE(url_of(*judged.ask_now).find("limit=25"), std::string::npos);
    EXPECT_EQ(print(large->judge(reply(cut))), "unknown: stripe answers more than can be read");
}

TEST(StripeCheck, ALookBetweenRoundsBeginsAnew) {
    Made made = make_revenue();
    HttpAnswer first = std::get<HttpAnswer>(http(200, list(subscription(item(price(1000))), true)));
    first.final_url = url_of(made->ask().question);
    (void)made->judge(reply(first));
    (void)made->judge(reply(first));  // of a look that was asked meanwhile
    (void)made->judge(reply(http(200, list(subscription(item(price(500)))))));
    EXPECT_EQ(fact(made->judge(reply(http(200, list("")))), "revenue_mrr"), "15");
}

TEST(StripeCheck, SettingsAreChecked) {
    struct Row {
        std::string more, problem;
    };
    for (const Row& row : std::vector<Row>{
             {", currency: dollars", "a currency has three letters, such as usd"},
             {", rates: {eur: much}", "a rate is written as {eur: 1.08}"},
             {", rates: 1.08", "'rates' is a map such as {eur: 1.08}"},
             {", url: 'http://stripe.example'", "the key of stripe goes over https only"},
             {", curency: eur", "did you mean 'currency'?"},
         }) {
        const Made made = make_revenue(row.more);
        EXPECT_NE(print(made.problems).find(row.problem), std::string::npos)
            << row.more << "\n"
            << print(made.problems);
        EXPECT_FALSE(made.check) << row.more;
    }
    const Made unread = make_from("signals: [{name: revenue, stripe: {key_file: k}}]\n", "revenue",
                                  [](const std::string&) {
                                      return Error{Fault::not_found, "no such file"};
                                  });
    EXPECT_TRUE(unread.check) << "all else is watched all the same";
    EXPECT_NE(print(unread.problems).find("warning: 'key_file' cannot be read"), std::string::npos)
        << print(unread.problems);
    const Made mighty = make_from("signals: [{name: revenue, stripe: {key_file: k}}]\n", "revenue",
                                  [](const std::string&) { return std::string("sk_live_1"); });
    EXPECT_NE(print(mighty.problems).find("warning: this key may do anything"), std::string::npos);
}

}  // namespace
}  // namespace ops
