// http: asks a URL and compares the answer.
#include <algorithm>
#include <memory>

#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"
#include "io/url.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"
#include "monitor/expectation.h"

namespace ops {
namespace {

constexpr size_t kBodyForEvidence = 16 * 1024;

// Who it names and what it passes on may be secrets, and are others each time.
std::string without_parameters(std::string_view location) {
    std::string where(location.substr(0, location.find_first_of("?#")));
    const size_t scheme = where.find("//");
    const size_t host = scheme == where.npos ? 0 : scheme + 2;
    const size_t user = where.substr(host, where.find('/', host) - host).rfind('@');
    if (scheme != where.npos && user != where.npos) where.erase(host, user + 1);
    return where;
}

struct HttpSettings {
    HttpAsk ask;  // without its url
    HttpExpectation expect;
    Duration max_latency{};  // zero: no limit
    Duration tls_min{};
    Duration timeout{};

    bool operator==(const HttpSettings&) const = default;
};

class HttpCheck final : public Check {
public:
    HttpCheck(const CheckRequest& request, std::string url, HttpSettings settings)
        : Check(request.index, request.settings.target, "http"),
          url_(std::move(url)),
          settings_(std::make_shared<const HttpSettings>(std::move(settings))) {}

    Ask ask() const override {
        HttpAsk http = settings_->ask;
        http.url = url_;
        return {.check = index(),
                .question = std::move(http),
                .time_limit = settings_->timeout,
                .second_look = settings_->ask.method == "GET" || settings_->ask.method == "HEAD"};
    }

    void share_with(const Check& alike) override {
        const auto& other = static_cast<const HttpCheck&>(alike).settings_;  // of the same kind
        if (*other == *settings_) settings_ = other;
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        judged.observation = observe(*this, reply);
        judged.observation.facts.reserve(8);
        if (!reply.answer.ok()) {
            judge_no_answer(reply, judged.observation);
        } else if (const auto* answer = std::get_if<HttpAnswer>(&reply.answer.value())) {
            judge_answer(reply, *answer, judged.observation);
        } else {
            judged.observation.reason = "the answer is no HTTP";
        }
        return judged;
    }

private:
    void judge_no_answer(const Reply& reply, Observation& seen) const {
        seen.reason = shown(reply.answer.error().message);
        if (is_unseen(reply.answer.error())) return;
        seen.health = Health::bad;
        add_fact(seen, "up", Value::boolean(false));
        add_fact(seen, "http_status", Value());
        add_fact(seen, "latency", Value());
        if (is_verified()) {
            const bool is_distrusted = reply.answer.error().fault == Fault::corrupt;
            add_fact(seen, "tls_trusted", is_distrusted ? Value::boolean(false) : Value());
        }
        add_certificate(reply.at, reply.certificate_expires, seen);
        if (reply.certificate_expires && *reply.certificate_expires <= reply.at) {
            seen.reason = "certificate expired " +
                          format_duration_short(reply.at - *reply.certificate_expires) + " ago";
        }
    }

    void judge_answer(const Reply& reply, const HttpAnswer& answer, Observation& seen) const {
        seen.reason = settings_->expect.differences(answer);
        const bool as_expected = seen.reason.empty();
        seen.health = as_expected ? Health::good : Health::bad;
        if (!as_expected) {
            seen.reason += where_it_leads(answer);
            seen.evidence = shown_evidence(answer.body);
        }
        add_fact(seen, "up", Value::boolean(as_expected));
        add_fact(seen, "http_status", Value::number(answer.status));
        const HttpPhases& phases = answer.phases;
        const Duration latency = phases.total.count() > 0 ? phases.total : reply.took;
        add_fact(seen, "latency", Value::duration(latency));
        add_fact(seen, "latency_dns", Value::duration(phases.dns));
        add_fact(seen, "latency_connect", Value::duration(phases.connect));
        if (phases.tls.count() > 0) add_fact(seen, "latency_tls", Value::duration(phases.tls));
        if (is_verified()) add_fact(seen, "tls_trusted", Value::boolean(true));
        add_fact(seen, "latency_first_byte", Value::duration(phases.first_byte));
        const auto expires =
            answer.certificate_expires ? answer.certificate_expires : reply.certificate_expires;
        add_certificate(reply.at, expires, seen);
        if (as_expected) judge_quality(reply.at, latency, expires, seen);
    }

    bool is_verified() const { return settings_->ask.verify_tls && url_.starts_with("https"); }

    // Why a redirect was not followed.
    std::string where_it_leads(const HttpAnswer& answer) const {
        const auto location =
            std::find_if(answer.headers.begin(), answer.headers.end(),
                         [](const auto& header) { return header.first == "location"; });
        if (answer.status / 100 != 3 || location == answer.headers.end()) return "";
        const auto from = Url::parse(answer.final_url.empty() ? url_ : answer.final_url);
        return " to '" + shown(without_parameters(location->second)) + "' (" +
               (from.ok() ? why_not_followed(from.value(), location->second) : "not followed") +
               ")";
    }

    std::string why_not_followed(const Url& from, std::string_view location) const {
        const int most = settings_->ask.max_redirects;
        if (from.follow(location)) {
            return most == 0 ? "redirects are not followed"
                             : "not followed, it is one more than " + counted(most, "redirect");
        }
        const auto to = Url::parse(trim(location));
        const bool is_plain = from.scheme() == Url::Scheme::https && to.ok() &&
                              to.value().scheme() == Url::Scheme::http;
        if (is_plain && to_lower(to.value().host()) == to_lower(from.host())) {
            return "not followed from https to http";
        }
        const std::string_view before = location.substr(0, location.find_first_of("?#"));
        return before.find("//") != before.npos ? "not followed to another host"
                                                : "no address that can be asked";
    }

    // It works; is it slow, or about to stop working?
    void judge_quality(Time now, Duration latency, std::optional<Time> expires,
                       Observation& seen) const {
        if (expires && settings_->tls_min.count() > 0 && *expires - now < settings_->tls_min) {
            seen.reason =
                *expires <= now
                    ? "certificate expired " + format_duration_short(now - *expires) + " ago"
                    : "certificate ends in " + format_duration_short(*expires - now);
        } else if (settings_->max_latency.count() > 0 && latency > settings_->max_latency) {
            seen.reason = "answered in " + format_duration_short(latency) + ", at most " +
                          format_duration_short(settings_->max_latency) + " expected";
        }
        if (seen.reason.empty()) return;
        seen.degraded = true;
    }

    static void add_certificate(Time now, std::optional<Time> expires, Observation& seen) {
        if (expires) add_fact(seen, "tls_expires_in", Value::duration(*expires - now));
    }

    std::string url_;
    std::shared_ptr<const HttpSettings> settings_;  // often those of many
};

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

void read_headers(CheckRequest& request, HttpAsk& ask) {
    const Node& headers = request.fields.node("headers");
    if (headers && !headers.is_map())
        request.error(headers.place, "'headers' is a map of name to value");
    for (const Node::Member& header : headers.members) {
        if (!is_token(header.key)) {
            request.error(header.key_place, "'" + header.key + "' cannot be the name of a header");
        } else if (!header.value.is_scalar() || has_control(header.value.text)) {
            request.error(header.value.place,
                          "value of header '" + header.key + "' is not one line of text");
        } else {
            ask.headers.emplace_back(header.key, header.value.text);
        }
    }
}

void read_login(CheckRequest& request, CheckUrl& url, HttpAsk& ask) {
    Fields& fields = request.fields;
    const auto user = fields.optional_text("user");
    const std::string password = request.secret("password_file");
    const std::string token = request.secret("bearer_file");
    if (user && fields.has("bearer_file")) {
        request.error(fields.place_of("bearer_file"),
                      "'user' and 'bearer_file' exclude each other");
    }
    if (fields.has("password_file") && !user) {
        request.error(fields.place_of("password_file"), "'password_file' without 'user'");
    }
    if (user) {
        url.user = *user;
        url.password = password;
    }
    if (!url.user.empty()) {
        ask.headers.emplace_back("Authorization", basic_authorization(url.user, url.password));
    } else if (fields.has("bearer_file")) {
        ask.headers.emplace_back("Authorization", "Bearer " + token);
    }
}

std::unique_ptr<Check> make_http(CheckRequest& request) {
    Fields& fields = request.fields;
    HttpSettings settings;
    const std::string text = request.subject_text();
    auto url = parse_check_url(text);
    if (!text.empty() && !url.ok()) request.error_about(request.subject, url.error().message);
    CheckUrl parsed = url.ok() ? url.value() : CheckUrl{};
    settings.ask.method = fields.choice(
        "method", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, "GET");
    settings.ask.body = fields.text("body");
    read_headers(request, settings.ask);
    read_login(request, parsed, settings.ask);
    settings.expect = HttpExpectation::read(fields.node("expect"), request.problems);
    settings.ask.max_redirects =
        fields.integer("redirects", request.all.limits.http_redirects, 0, 10);
    settings.max_latency = fields.duration("max_latency", Duration{});
    settings.tls_min = fields.duration("tls_min", std::chrono::hours(24 * 7));
    settings.ask.verify_tls = fields.boolean("verify_tls", true);
    settings.ask.want_body = settings.ask.method != "HEAD";
    if (!settings.ask.want_body && settings.expect.wants_body()) {
        request.error(
            fields.place_of("method"),
            "an answer to HEAD has no body, and 'expect' asks for one: leave 'method' out");
    }
    settings.ask.max_body = settings.expect.wants_body()
                                ? static_cast<size_t>(request.all.limits.http_body)
                                : kBodyForEvidence;
    settings.timeout = request.settings.timeout;
    return std::make_unique<HttpCheck>(request, parsed.print(), std::move(settings));
}

}  // namespace

CheckKind http_check_kind() {
    return {
        .name = "http",
        .help = "asks a URL on a fresh connection and compares the answer",
        .subject = "url",
        .settings =
            {{"url", "URL", "", "http://, https:// or unix:///path/to.sock:/request/path"},
             {"method", "text", "GET", "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"},
             {"headers", "map", "none", "headers to send, name to value"},
             {"body", "text", "none", "body to send"},
             {"user", "text", "none", "logs in by HTTP basic authentication"},
             {"password_file", "path", "none", "file with the password, readable only by us"},
             {"bearer_file", "path", "none", "file with a bearer token, readable only by us"},
             {"expect", "map", "status 2xx",
              "what the answer must be: status (200, 2xx, 200-299 or a list), body (text it "
              "contains), matches (regular expression), json (path to value, as in "
              "checks[0].state), header (name to text that any header of that name contains); all "
              "must hold"},
             {"redirects", "number", "3", "redirects to follow, only to the same host"},
             {"max_latency", "duration", "none", "slower than this is degraded"},
             {"tls_min", "duration", "7d", "a certificate that ends sooner is degraded; 0 for off"},
             {"verify_tls", "true or false", "true", "whether the certificate must be valid"}},
        .use = CheckKind::Use::service,
        .make = make_http};
}

}  // namespace ops
