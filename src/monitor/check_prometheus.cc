// prometheus: the value of an instant query, by Prometheus' HTTP API.
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"
#include "monitor/reading.h"
#include "monitor/value_range.h"

namespace ops {
namespace {

enum class Empty { unknown, bad, good, zero };

struct PrometheusSettings {
    HttpAsk ask;
    ValueRange range;
    Empty empty = Empty::unknown;
    std::string prefix;
    Duration timeout{};
};

class PrometheusCheck final : public Check {
public:
    PrometheusCheck(const CheckRequest& request, PrometheusSettings settings)
        : Check(request.index, request.settings.target, "prometheus"),
          settings_(std::move(settings)) {}

    Ask ask() const override {
        return {.check = index(), .question = settings_.ask, .time_limit = settings_.timeout};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        // That Prometheus cannot be asked says nothing of what it would have told.
        if (!reply.answer.ok()) {
            seen.reason = "prometheus: " + shown(reply.answer.error().message);
        } else if (const auto* http = std::get_if<HttpAnswer>(&reply.answer.value())) {
            judge_http(*http, seen);
        } else {
            seen.reason = "an answer of another kind";
        }
        return judged;
    }

private:
    void judge_http(const HttpAnswer& http, Observation& seen) const {
        const auto body = Json::parse(http.body);
        if (body.ok() && body.value()["status"].as_string() == "error") {
            seen.reason = "prometheus: " + shown(body.value()["errorType"].as_string()) + ": " +
                          shown(body.value()["error"].as_string());
        } else if (http.status != 200) {
            seen.reason = "prometheus answers HTTP " + std::to_string(http.status);
        } else if (!body.ok()) {
            seen.reason = http.body_cut ? "prometheus answers more than can be read"
                                        : "prometheus answers no JSON";
        } else {
            judge_data(body.value()["data"], seen);
        }
    }

    void judge_data(const Json& data, Observation& seen) const {
        const std::string type = data["resultType"].as_string();
        const Json::Array& result = data["result"].items();
        if (type == "scalar") return judge_pair(result, seen);
        if (type != "vector") {
            seen.reason = "the query gives a " + shown(type) + ", not one number";
        } else if (result.empty()) {
            judge_empty(seen);
        } else if (result.size() > 1) {
            seen.reason = "the query gives " + std::to_string(result.size()) +
                          " series, make one of them: sum(...), max(...)";
        } else {
            judge_pair(result[0]["value"].items(), seen);
        }
    }

    // [time, "value"]: numbers come as text, because JSON has no +Inf and NaN.
    void judge_pair(const Json::Array& pair, Observation& seen) const {
        const std::string text = pair.size() == 2 ? pair[1].as_string() : "";
        double number = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        if (read.ec != std::errc{} || read.ptr != text.data() + text.size() ||
            !std::isfinite(number)) {
            seen.reason = text.empty() ? "prometheus answers without a value"
                                       : "the query gives " + shown(text) + ", no number";
            return;
        }
        judge_number(number, seen);
    }

    void judge_empty(Observation& seen) const {
        if (settings_.empty == Empty::zero) return judge_number(0, seen);
        if (settings_.empty == Empty::good) seen.health = Health::good;
        if (settings_.empty == Empty::bad) seen.health = Health::bad;
        if (settings_.empty != Empty::unknown) {
            add_fact(seen, "up", Value::boolean(settings_.empty == Empty::good));
        }
        if (settings_.empty != Empty::good) seen.reason = "the query gives nothing";
    }

    void judge_number(double number, Observation& seen) const {
        const Value value = Value::number(number);
        seen.reason = settings_.range.differs(value);
        seen.health = seen.reason.empty() ? Health::good : Health::bad;
        add_fact(seen, "up", Value::boolean(seen.health == Health::good));
        add_fact(seen, "value", value);
        if (!settings_.prefix.empty()) add_reading(seen.facts, settings_.prefix, value);
    }

    PrometheusSettings settings_;
};

std::unique_ptr<Check> make_prometheus(CheckRequest& request) {
    Fields& fields = request.fields;
    PrometheusSettings settings;
    const std::string text = request.subject_text();
    auto url = parse_check_url(text);
    if (!text.empty() && !url.ok()) request.error_about(request.subject, url.error().message);
    CheckUrl base = url.ok() ? url.value() : CheckUrl{};
    const auto user = fields.optional_text("user");
    const std::string password = request.secret("password_file");
    if (user) {
        base.user = *user;
        base.password = password;
    }
    if (!base.user.empty()) {
        settings.ask.headers.emplace_back("Authorization",
                                          basic_authorization(base.user, base.password));
    }
    while (base.path.ends_with('/')) base.path.pop_back();
    base.path += "/api/v1/query?query=" + percent_encode(fields.required_text("query"));
    settings.ask.url = base.print();
    settings.ask.max_body = 256 * 1024;
    settings.range = ValueRange::read(fields, request.problems);
    const std::string empty = fields.choice("empty", {"unknown", "bad", "good", "zero"}, "unknown");
    if (empty == "bad") settings.empty = Empty::bad;
    if (empty == "good") settings.empty = Empty::good;
    if (empty == "zero") settings.empty = Empty::zero;
    if (request.settings.signal) settings.prefix = fact_name(request.settings.target);
    settings.timeout = request.settings.timeout;
    return std::make_unique<PrometheusCheck>(request, std::move(settings));
}

}  // namespace

CheckKind prometheus_check_kind() {
    return {.name = "prometheus",
            .help = "the number that a PromQL query gives: fact value, of a signal also NAME",
            .subject = "url",
            .settings = {{"url", "URL", "", "Prometheus, or what speaks like it; without /api"},
                         {"query", "PromQL", "", "must give one number"},
                         {"empty", "unknown, bad, good or zero", "unknown",
                          "what a query that gives nothing means"},
                         {"min", "number", "none", "a smaller value is down"},
                         {"max", "number", "none", "a larger value is down"},
                         {"user", "text", "none", "logs in by HTTP basic authentication"},
                         {"password_file", "path", "none",
                          "file with the password, readable only by us"}},
            .use = CheckKind::Use::any,
            .make = make_prometheus};
}

}  // namespace ops
