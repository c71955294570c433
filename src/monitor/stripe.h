// What Stripe's lists say of money, added up. Pure; the text is somebody else's.
//
// Monthly recurring revenue as Stripe's own documentation has it: the price of every item of every
// active subscription, made monthly, less the discounts that recur. Trials are not active; what is
// paused, metered or in tiers has no price that could be known beforehand and is counted as such.
// https://docs.stripe.com/api/subscriptions, /charges, /currencies; both old shapes (one
// `discount`, `plan`) and new ones (`discounts`, `discount.source.coupon`) are read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace ops {

// What sums are in, and what one unit of another currency is worth in it. Small letters, ISO 4217.
struct Currencies {
    std::string own = "usd";
    std::map<std::string, double, std::less<>> rates;
};
// "12" of a currency's smallest unit in `own`; nothing when there is no rate for it.
std::optional<double> money_of(double smallest_units, std::string_view currency,
                               const Currencies& currencies);

struct Recurring {
    double monthly = 0;
    int64_t subscriptions = 0;
    int64_t uncounted = 0;  // items or discounts whose worth cannot be known, or without a rate
    // A discount is only named by its id: ask again with this much of it written out.
    bool wants_discounts = false;
    bool wants_coupons = false;
};
// `subscriptions`: the items of one page.
void add_subscriptions(const Json& subscriptions, const Currencies& currencies, Time now,
                       Recurring& sum);

struct Charged {
    double amount = 0;  // what came in, less what was given back
    int64_t charges = 0;
    int64_t failed = 0;
    int64_t uncounted = 0;
};
void add_charges(const Json& charges, const Currencies& currencies, Charged& sum);

}  // namespace ops
