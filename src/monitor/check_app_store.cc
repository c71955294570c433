// app_store: the state of an app's newest version and of its newest review, by Apple's App Store
// Connect API. Two calls a round, with a token that is made anew before it ends. A check has no
// clock, so each round begins with a look at this machine, whose answer tells the time.
//
// https://developer.apple.com/documentation/appstoreconnectapi, "Generating Tokens for API
// Requests" and "Identifying Rate Limits".
#include <charconv>

#include "base/text.h"
#include "io/jwt.h"
#include "monitor/check_kind.h"
#include "monitor/check_url.h"
#include "monitor/reading.h"

namespace ops {
namespace {

constexpr Duration kTokenLife = std::chrono::minutes(19);  // Apple takes 20 at most
constexpr Duration kTokenUse = std::chrono::minutes(15);
constexpr Duration kLeastInterval = std::chrono::minutes(1);
constexpr int kFewCallsLeft =
    60;  // of the key's hour: others use it too, so one call a round must do

struct AppStoreSettings {
    CheckUrl base;
    std::string key, key_id, issuer_id, app_id, platform, prefix;
    Duration timeout{};
};

class AppStoreCheck final : public Check {
public:
    AppStoreCheck(const CheckRequest& request, AppStoreSettings settings)
        : Check(request.index, request.settings.target, "app_store"),
          settings_(std::move(settings)) {}

    Ask ask() const override {
        return {.check = index(),
                .question = LocalAsk{LocalAsk::What::machine, "", {}},
                .time_limit = settings_.timeout};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        if (reply.answer.ok() && std::holds_alternative<LocalAnswer>(reply.answer.value())) {
            return ask_versions(std::move(judged));
        }
        const auto* http =
            reply.answer.ok() ? std::get_if<HttpAnswer>(&reply.answer.value()) : nullptr;
        if (http == nullptr) {
            seen.reason =
                "app store connect: " + (reply.answer.ok() ? "an answer of another kind"
                                                           : shown(reply.answer.error().message));
            return judged;
        }
        const auto body = Json::parse(http->body);
        seen.reason = fault_of(*http, body);
        if (!seen.reason.empty()) return judged;
        const Json& data = body.value()["data"];
        if (is_asking_reviews_) {
            read_reviews(data);
            return told(std::move(judged));
        }
        read_versions(data);
        if (calls_left(*http) < kFewCallsLeft) return told(std::move(judged));
        return ask_reviews(std::move(judged));
    }

private:
    Judged ask_versions(Judged judged) {
        is_asking_reviews_ = false;
        Observation& seen = judged.observation;
        if (token_.empty() || seen.at < token_made_ || seen.at - token_made_ > kTokenUse) {
            const auto token = make_token(seen.at);
            if (!token.ok()) {
                seen.reason = "key_file: " + token.error().message;
                return judged;
            }
            token_ = token.value();
            token_made_ = seen.at;
        }
        judged.ask_now = question(versions_path());
        return judged;
    }

    Result<std::string> make_token(Time at) const {
        const auto seconds = [](Duration span) {
            return int64_t{std::chrono::duration_cast<std::chrono::seconds>(span).count()};
        };
        const int64_t now = seconds(at.time_since_epoch());
        return make_es256_token(
            settings_.key,
            Json::object({{"alg", "ES256"}, {"kid", settings_.key_id}, {"typ", "JWT"}}),
            Json::object({{"iss", settings_.issuer_id},
                          {"iat", now},
                          {"exp", now + seconds(kTokenLife)},
                          {"aud", "appstoreconnect-v1"}}));
    }

    static std::string fault_of(const HttpAnswer& http, const Result<Json>& body) {
        const Json& first = body.ok() && !body.value()["errors"].items().empty()
                                ? body.value()["errors"].items().front()
                                : Json::array();
        const std::string said = shown(first["detail"].as_string(first["title"].as_string()));
        const std::string words = said.empty() ? "" : ": " + said;
        if (http.status == 401) {
            return "app store connect does not know us (key, key_id, issuer_id, or this machine's "
                   "clock)" +
                   words;
        }
        if (http.status == 403) return "the key may not read this app" + words;
        if (http.status == 404) return "app store connect has no such app" + words;
        if (http.status == 429) return "app store connect asks to be left alone for a while";
        if (http.status != 200) {
            return "app store connect answers HTTP " + std::to_string(http.status) + words;
        }
        if (!body.ok() || !body.value()["data"].is_array()) {
            return "app store connect answers no list";
        }
        return "";
    }

    // Of a version or review whose time cannot be read nothing is known of which is newest.
    static const Json* newest(const Json& data, std::string_view date) {
        const Json* found = nullptr;
        Time when{};
        for (const Json& one : data.items()) {
            const auto at = parse_rfc3339(one["attributes"][date].as_string());
            const Time time = at.ok() ? at.value() : Time{};
            if (found == nullptr || time > when) {
                found = &one;
                when = time;
            }
        }
        return found;
    }

    // "user-hour-lim:3500;user-hour-rem:500;" of X-Rate-Limit; many, when it does not say.
    static int calls_left(const HttpAnswer& http) {
        constexpr std::string_view kName = "user-hour-rem:";
        int left = 1'000'000;
        for (const auto& [name, value] : http.headers) {
            const size_t at = name == "x-rate-limit" ? value.find(kName) : std::string::npos;
            if (at == std::string::npos) continue;
            const char* const begin = value.data() + at + kName.size();
            (void)std::from_chars(begin, value.data() + value.size(), left);  // else: many
        }
        return left;
    }

    void read_versions(const Json& data) {
        state_.clear();
        version_.clear();
        const Json* const version = newest(data, "createdDate");
        if (version == nullptr) return;  // an app without a version
        const Json& attributes = (*version)["attributes"];
        state_ =
            shown(attributes["appVersionState"].as_string(attributes["appStoreState"].as_string()));
        version_ = shown(attributes["versionString"].as_string());
    }

    void read_reviews(const Json& data) {
        const Json* const review = newest(data, "submittedDate");
        review_ = review == nullptr ? "" : shown((*review)["attributes"]["state"].as_string());
    }

    Judged ask_reviews(Judged judged) {
        is_asking_reviews_ = true;
        judged.ask_now =
            question("/v1/reviewSubmissions?filter%5Bapp%5D=" + percent_encode(settings_.app_id) +
                     "&filter%5Bplatform%5D=" + settings_.platform + "&limit=20");
        return judged;
    }

    Judged told(Judged judged) {
        Observation& seen = judged.observation;
        seen.health = Health::good;
        add_fact(seen, "up", Value::boolean(true));
        if (!state_.empty()) add_fact(seen, "review_state", Value::string(state_));
        if (!version_.empty()) {
            add_reading(seen.facts, settings_.prefix + "_version", Value::string(version_));
        }
        if (!review_.empty()) {
            add_reading(seen.facts, settings_.prefix + "_submission", Value::string(review_));
        }
        return judged;
    }

    std::string versions_path() const {
        return "/v1/apps/" + percent_encode(settings_.app_id) +
               "/appStoreVersions?filter%5Bplatform%5D=" + settings_.platform +
               "&fields%5BappStoreVersions%5D=versionString,appStoreState,appVersionState,"
               "createdDate&limit=20";
    }

    Question question(const std::string& path) const {
        CheckUrl url = settings_.base;
        url.path = (url.path == "/" ? "" : url.path) + path;
        HttpAsk ask;
        ask.url = url.print();
        ask.headers = {{"Authorization", "Bearer " + token_}};
        ask.max_redirects = 0;  // the token goes to nobody else
        return ask;
    }

    AppStoreSettings settings_;
    std::string token_;
    Time token_made_{};
    bool is_asking_reviews_ = false;
    std::string state_, version_, review_;  // as seen last
};

std::unique_ptr<Check> make_app_store(CheckRequest& request) {
    Fields& fields = request.fields;
    AppStoreSettings settings;
    const auto url = parse_check_url(fields.text("url", "https://api.appstoreconnect.apple.com"));
    if (url.ok()) {
        settings.base = url.value();
        while (settings.base.path.ends_with('/')) settings.base.path.pop_back();
        if (settings.base.scheme != "https" && !settings.base.is_loopback()) {
            request.error(fields.place_of("url"), "the token goes over https only");
        }
    } else {
        request.error(fields.place_of("url"), url.error().message);
    }
    settings.issuer_id = fields.required_text("issuer_id");
    settings.key_id = fields.required_text("key_id");
    settings.app_id = fields.required_text("app_id");
    settings.key = request.outside_key("key_file");
    if (!settings.key.empty()) {
        const auto token = make_es256_token(settings.key, Json::object(), Json::object());
        if (!token.ok()) request.error(fields.place_of("key_file"), token.error().message);
    }
    settings.platform = fields.choice("platform", {"IOS", "MAC_OS", "TV_OS", "VISION_OS"}, "IOS");
    if (request.settings.interval < kLeastInterval) {
        request.problems.warning(fields.place_of("app_id"),
                                 "two calls each 'every' of less than a minute are more than "
                                 "Apple allows in the long run");
    }
    settings.prefix = fact_name(request.settings.target);
    settings.timeout = request.settings.timeout;
    return std::make_unique<AppStoreCheck>(request, std::move(settings));
}

}  // namespace

CheckKind app_store_check_kind() {
    return {.name = "app_store",
            .help =
                "facts review_state (of the app's newest version), NAME_version and "
                "NAME_submission (state of the newest review), from App Store Connect",
            .subject = "",
            .settings = {{"issuer_id", "text", "", "of the API keys' page, Users and Access"},
                         {"key_id", "text", "", "of the key"},
                         {"key_file", "path", "", "the .p8 file of the key, mode 0600"},
                         {"app_id", "text", "", "the app's number"},
                         {"platform", "IOS, MAC_OS, TV_OS or VISION_OS", "IOS", "whose versions"},
                         {"url", "URL", "https://api.appstoreconnect.apple.com",
                          "another one for tests"}},
            .use = CheckKind::Use::signal,
            .make = make_app_store};
}

}  // namespace ops
