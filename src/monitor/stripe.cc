#include "monitor/stripe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace ops {
namespace {

// https://docs.stripe.com/currencies: these have no smaller unit, or a thousand of them. ISK and
// UGX have none either, but are written with two places all the same.
constexpr auto kWhole =
    std::to_array<std::string_view>({"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg",
                                     "rwf", "vnd", "vuv", "xaf", "xof", "xpf"});
constexpr auto kThousandths = std::to_array<std::string_view>({"bhd", "jod", "kwd", "omr", "tnd"});
constexpr double kDaysAMonth = 365.25 / 12;

template <size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// How many months one interval is; 0 for an interval that is not known.
double months(std::string_view interval, double count) {
    if (!(count >= 1)) count = 1;
    if (interval == "month") return count;
    if (interval == "year") return 12 * count;
    if (interval == "week") return 7 * count / kDaysAMonth;
    if (interval == "day") return count / kDaysAMonth;
    return 0;
}

// What an item costs, from its price, or of old from its plan.
struct ItemPrice {
    std::optional<double>
        amount;  // in the smallest unit, for each of `quantity`; nothing: not known
    std::string currency;
    double months = 0;
};

std::optional<double> decimal(const Json& json) {
    if (json.is_number()) return json.as_number();
    const std::string text = json.as_string();
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc{} || !std::isfinite(number)) return {};
    return number;
}

ItemPrice price_of(const Json& item) {
    const Json& price = item["price"].is_object() ? item["price"] : item["plan"];
    const Json& recurring = price["recurring"].is_object() ? price["recurring"] : price;
    ItemPrice found;
    found.currency = price["currency"].as_string();
    found.months =
        months(recurring["interval"].as_string(), recurring["interval_count"].as_number(1));
    const bool is_known = recurring["usage_type"].as_string("licensed") == "licensed" &&
                          price["billing_scheme"].as_string("per_unit") == "per_unit";
    if (!is_known) return found;
    for (const char* const key :
         {"unit_amount_decimal", "amount_decimal", "unit_amount", "amount"}) {
        if (!found.amount) found.amount = decimal(price[key]);
    }
    return found;
}

// The list of discounts of a subscription or item, in either shape.
Json::Array discounts_of(const Json& holder) {
    if (!holder["discounts"].items().empty()) return holder["discounts"].items();
    return holder["discount"].is_object() ? Json::Array{holder["discount"]} : Json::Array{};
}

class DiscountReader {
public:
    DiscountReader(const Currencies& currencies, Time now, Recurring& sum)
        : currencies_(currencies), now_(now), sum_(sum) {}

    // `monthly` less what recurs of the discounts. An amount comes off each invoice, so off every
    // `months`.
    double after(const Json& holder, double monthly, double months) {
        for (const Json& discount : discounts_of(holder)) {
            if (discount.is_string()) {
                sum_.wants_discounts = true;
                continue;
            }
            const Json& coupon =
                discount["source"].is_object() ? discount["source"]["coupon"] : discount["coupon"];
            if (coupon.is_string()) sum_.wants_coupons = true;
            if (!coupon.is_object() || has_ended(discount, coupon)) continue;
            monthly = less(monthly, coupon, months);
        }
        return std::max(monthly, 0.0);
    }

private:
    bool has_ended(const Json& discount, const Json& coupon) const {
        if (coupon["duration"].as_string() == "once") return true;
        if (!discount["end"].is_number()) return false;
        return Time(std::chrono::seconds(discount["end"].as_int())) <= now_;
    }

    double less(double monthly, const Json& coupon, double months) {
        if (const auto percent = decimal(coupon["percent_off"])) {
            return monthly * (1 - std::clamp(*percent, 0.0, 100.0) / 100);
        }
        const auto amount = decimal(coupon["amount_off"]);
        const auto worth =
            amount ? money_of(*amount, coupon["currency"].as_string(), currencies_) : std::nullopt;
        if (!worth || months <= 0) {
            ++sum_.uncounted;
            return monthly;
        }
        return monthly - *worth / months;
    }

    const Currencies& currencies_;
    Time now_;
    Recurring& sum_;
};

}  // namespace

std::optional<double> money_of(double smallest_units, std::string_view currency,
                               const Currencies& currencies) {
    const std::string name = to_lower(currency);
    double rate = 1;
    if (name != currencies.own) {
        const auto found = currencies.rates.find(name);
        if (found == currencies.rates.end()) return {};
        rate = found->second;
    }
    const double unit = contains(kWhole, name) ? 1 : contains(kThousandths, name) ? 1000 : 100;
    return smallest_units / unit * rate;
}

void add_subscriptions(const Json& subscriptions, const Currencies& currencies, Time now,
                       Recurring& sum) {
    DiscountReader discounts(currencies, now, sum);
    for (const Json& subscription : subscriptions.items()) {
        ++sum.subscriptions;
        if (subscription["pause_collection"].is_object()) continue;
        double monthly = 0, months = 0;
        for (const Json& item : subscription["items"]["data"].items()) {
            const ItemPrice price = price_of(item);
            const auto worth = price.amount && price.months > 0
                                   ? money_of(*price.amount, price.currency, currencies)
                                   : std::nullopt;
            if (!worth) {
                ++sum.uncounted;
                continue;
            }
            months = price.months;
            const double quantity = item["quantity"].as_number(1);
            monthly += discounts.after(item, *worth * quantity / price.months, price.months);
        }
        sum.monthly += discounts.after(subscription, monthly, months);
        // More items than a subscription carries along in a list.
        if (subscription["items"]["has_more"].as_bool()) ++sum.uncounted;
    }
}

void add_charges(const Json& charges, const Currencies& currencies, Charged& sum) {
    for (const Json& charge : charges.items()) {
        const std::string status = charge["status"].as_string();
        if (status == "failed") ++sum.failed;
        if (status != "succeeded") continue;
        const double taken = charge["amount_captured"].is_number()
                                 ? charge["amount_captured"].as_number()
                                 : charge["amount"].as_number();
        const auto worth = money_of(taken - charge["amount_refunded"].as_number(),
                                    charge["currency"].as_string(), currencies);
        if (worth) {
            ++sum.charges;
            sum.amount += *worth;
        } else {
            ++sum.uncounted;
        }
    }
}

}  // namespace ops
