// stripe: revenue from Stripe's API, read page by page: the active subscriptions, then the charges
// of the last hour. One round is one Observation, made when its last page came; a round that breaks
// off says nothing of revenue.
#include <algorithm>

#include "base/text.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"
#include "monitor/reading.h"
#include "monitor/stripe.h"

namespace ops {
namespace {

constexpr size_t kMostBytes = 4 * 1024 * 1024;
constexpr int kPage = 100;      // Stripe's most
constexpr int kSmallPage = 25;  // when a page of that is more than kMostBytes
constexpr Duration kHour = std::chrono::hours(1);

struct StripeSettings {
    CheckUrl base;
    std::string key, version, prefix;
    Currencies currencies;
    int most_pages = 100;
    Duration timeout{};
};

class StripeCheck final : public Check {
public:
    StripeCheck(const CheckRequest& request, StripeSettings settings)
        : Check(request.index, request.settings.target, "stripe"), settings_(std::move(settings)) {}

    Ask ask() const override {
        return {.check = index(),
                .question = question(subscriptions_url("")),
                .time_limit = settings_.timeout};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        if (!reply.answer.ok()) {
            seen.reason = "stripe: " + shown(reply.answer.error().message);
            return broken_off(std::move(judged));
        }
        const auto* http = std::get_if<HttpAnswer>(&reply.answer.value());
        if (http == nullptr) {
            seen.reason = "an answer of another kind";
            return broken_off(std::move(judged));
        }
        // A look between rounds begins the round anew.
        if (http->final_url == as_asked(subscriptions_url("")) || !is_under_way_) begin();
        const auto page = Json::parse(http->body);
        if (http->body_cut && page_size_ > kSmallPage) {
            page_size_ = kSmallPage;
            return ask_again(std::move(judged), seen.at);
        }
        seen.reason = fault_of(*http, page);
        if (!seen.reason.empty()) return broken_off(std::move(judged));
        return read(page.value(), std::move(judged));
    }

private:
    enum class Stage { subscriptions, charges };

    void begin() {
        is_under_way_ = true;
        stage_ = Stage::subscriptions;
        after_.clear();
        pages_ = 0;
        recurring_ = {};
        charged_ = {};
    }

    Judged broken_off(Judged judged) {
        is_under_way_ = false;
        judged.observation.health = Health::unknown;
        return judged;
    }

    static std::string fault_of(const HttpAnswer& http, const Result<Json>& page) {
        const std::string said =
            page.ok() ? shown(page.value()["error"]["message"].as_string()) : "";
        const std::string words = said.empty() ? "" : ": " + said;
        if (http.status == 401) return "stripe does not know the key" + words;
        if (http.status == 403) return "the key of stripe may not read this" + words;
        if (http.status == 429) return "stripe asks to be left alone for a while";
        if (http.status != 200) {
            return "stripe answers HTTP " + std::to_string(http.status) + words;
        }
        if (http.body_cut) return "stripe answers more than can be read";
        if (!page.ok() || page.value()["object"].as_string() != "list") {
            return "stripe answers no list";
        }
        return "";
    }

    Judged read(const Json& page, Judged judged) {
        const Time now = judged.observation.at;
        if (stage_ == Stage::subscriptions) {
            Recurring sum = recurring_;
            add_subscriptions(page["data"], settings_.currencies, now, sum);
            if (wants_more_written_out(sum)) return ask_again(std::move(judged), now);
            recurring_ = sum;
        } else {
            add_charges(page["data"], settings_.currencies, charged_);
        }
        const Json::Array& items = page["data"].items();
        const bool has_more = page["has_more"].as_bool() && !items.empty();
        if (has_more && ++pages_ >= settings_.most_pages) {
            judged.observation.reason =
                "stripe has more than " + std::to_string(pages_) + " pages (see 'most_pages')";
            return broken_off(std::move(judged));
        }
        after_ = has_more ? items.back()["id"].as_string() : "";
        if (!has_more && stage_ == Stage::charges) return told(std::move(judged));
        if (!has_more) stage_ = Stage::charges;
        return ask_again(std::move(judged), now);
    }

    // Ids where discounts should be: asks for them once, and from then on always.
    bool wants_more_written_out(const Recurring& sum) {
        const bool is_new = (sum.wants_discounts && !expands_discounts_) ||
                            (sum.wants_coupons && !expands_coupons_);
        expands_discounts_ |= sum.wants_discounts || sum.wants_coupons;
        expands_coupons_ |= sum.wants_coupons;
        return is_new;
    }

    Judged told(Judged judged) {
        is_under_way_ = false;
        Observation& seen = judged.observation;
        seen.health = Health::good;
        const auto add = [&](std::string_view what, double value) {
            add_reading(seen.facts, settings_.prefix + "_" + std::string(what),
                        Value::number(value));
        };
        add("mrr", recurring_.monthly);
        add("hourly", charged_.amount);
        add("subscriptions", static_cast<double>(recurring_.subscriptions));
        add("charges_hourly", static_cast<double>(charged_.charges));
        add("failed_hourly", static_cast<double>(charged_.failed));
        add("uncounted", static_cast<double>(recurring_.uncounted + charged_.uncounted));
        add_fact(seen, "up", Value::boolean(true));
        return judged;
    }

    Judged ask_again(Judged judged, Time now) const {
        judged.ask_now = question(stage_ == Stage::subscriptions ? subscriptions_url(after_)
                                                                 : charges_url(after_, now));
        return judged;
    }

    std::string subscriptions_url(const std::string& after) const {
        std::string path = "/v1/subscriptions?status=active&limit=" + std::to_string(page_size_);
        if (expands_discounts_) path += "&expand%5B%5D=data.discounts";
        if (expands_coupons_) path += "&expand%5B%5D=data.discounts.source.coupon";
        return path + (after.empty() ? "" : "&starting_after=" + percent_encode(after));
    }
    std::string charges_url(const std::string& after, Time now) const {
        const auto since =
            std::chrono::duration_cast<std::chrono::seconds>((now - kHour).time_since_epoch());
        return "/v1/charges?limit=" + std::to_string(page_size_) +
               "&created%5Bgte%5D=" + std::to_string(since.count()) +
               (after.empty() ? "" : "&starting_after=" + percent_encode(after));
    }
    std::string as_asked(const std::string& path) const {
        CheckUrl url = settings_.base;
        url.path = (url.path == "/" ? "" : url.path) + path;
        return url.print();
    }

    Question question(const std::string& path) const {
        HttpAsk ask;
        ask.url = as_asked(path);
        ask.headers = {{"Authorization", "Bearer " + settings_.key}};
        if (!settings_.version.empty())
            ask.headers.emplace_back("Stripe-Version", settings_.version);
        ask.max_redirects = 0;  // the key goes to nobody else
        ask.max_body = kMostBytes;
        return ask;
    }

    StripeSettings settings_;
    // Of the round that is under way.
    bool is_under_way_ = false;
    Stage stage_ = Stage::subscriptions;
    std::string after_;  // id of the last item that was read
    int pages_ = 0;
    Recurring recurring_;
    Charged charged_;
    // Learned of this account, and kept.
    int page_size_ = kPage;
    bool expands_discounts_ = false, expands_coupons_ = false;
};

bool is_currency(std::string_view text) {
    return text.size() == 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

Currencies read_currencies(CheckRequest& request) {
    Currencies currencies;
    currencies.own = to_lower(request.fields.text("currency", "usd"));
    if (!is_currency(currencies.own)) {
        request.error(request.fields.place_of("currency"),
                      "a currency has three letters, such as usd");
    }
    const Node& rates = request.fields.node("rates");
    for (const Node::Member& member : rates.members) {
        const auto rate = parse_reading(member.value.text);
        const bool is_rate = rate && rate->type() == Type::number && rate->amount() > 0;
        if (!is_currency(to_lower(member.key)) || !is_rate) {
            request.error(
                member.key_place,
                "a rate is written as {eur: 1.08}: what one of it is worth in " + currencies.own);
            continue;
        }
        currencies.rates[to_lower(member.key)] = rate->amount();
    }
    if (rates && !rates.is_map()) {
        request.error(rates.place, "'rates' is a map such as {eur: 1.08}");
    }
    return currencies;
}

std::unique_ptr<Check> make_stripe(CheckRequest& request) {
    Fields& fields = request.fields;
    StripeSettings settings;
    const auto url = parse_check_url(fields.text("url", "https://api.stripe.com"));
    if (url.ok()) {
        settings.base = url.value();
        while (settings.base.path.ends_with('/')) settings.base.path.pop_back();
        if (settings.base.scheme != "https" && !settings.base.is_loopback()) {
            request.error(fields.place_of("url"), "the key of stripe goes over https only");
        }
    } else {
        request.error(fields.place_of("url"), url.error().message);
    }
    settings.key = request.outside_key("key_file");
    if (settings.key.starts_with("sk_live")) {
        request.problems.warning(fields.place_of("key_file"),
                                 "this key may do anything; a restricted one (rk_live) that reads "
                                 "subscriptions and charges is enough");
    }
    settings.version = fields.text("version");
    settings.currencies = read_currencies(request);
    settings.most_pages = fields.integer("most_pages", 100, 1, 10'000);
    settings.prefix = fact_name(request.settings.target);
    settings.timeout = request.settings.timeout;
    return std::make_unique<StripeCheck>(request, std::move(settings));
}

}  // namespace

CheckKind stripe_check_kind() {
    return {
        .name = "stripe",
        .help =
            "revenue: facts NAME_mrr (monthly, of the active subscriptions), NAME_hourly "
            "(charges of the last hour less what was given back), NAME_subscriptions, "
            "NAME_charges_hourly, NAME_failed_hourly, NAME_uncounted",
        .subject = "",
        .settings = {{"key_file", "path", "",
                      "file with a restricted key that may read, mode 0600"},
                     {"currency", "text", "usd", "what the sums are in"},
                     {"rates", "map", "none",
                      "what one of another currency is worth: {eur: 1.08}; others are not counted"},
                     {"version", "text", "the account's", "of Stripe's API"},
                     {"most_pages", "number", "100", "of 100 subscriptions or charges each"},
                     {"url", "URL", "https://api.stripe.com", "another one for tests"}},
        .use = CheckKind::Use::signal,
        .make = make_stripe};
}

}  // namespace ops
