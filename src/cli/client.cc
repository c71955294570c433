#include "cli/client.h"

#include "agent/health.h"
#include "agent/memory_views.h"
#include "agent/views.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/configuration.h"
#include "io/curl_http.h"
#include "io/posix_files.h"
#include "io/real_random.h"
#include "io/standard_output.h"
#include "web/api.h"
#include "web/messages.h"

namespace ops {
namespace {

std::string path_of(const View& view) {
    std::string path = "/api/v1/" + view.what;
    if (view.what == "incident") path = "/api/v1/incidents/" + percent_encoded(view.name);
    if (view.what == "service") path = "/api/v1/services/" + percent_encoded(view.name);
    if (view.what == "candidates") path = "/api/v1/runbook/candidates";
    char between = '?';
    for (const auto& [key, value] : view.filters) {
        path += between + key + "=" + percent_encoded(value);
        between = '&';
    }
    return path;
}

}  // namespace

Result<Client> Client::open(const Invocation& invocation) {
    std::unique_ptr<Loaded> loaded = TRY(read_whereabouts(invocation));
    PosixFiles files;
    Client client;
    client.listen_ = loaded->settings.agent.listen;
    client.data_dir_ = loaded->data_dir;
    client.time_zone_ = loaded->settings.agent.time_zone;
    const Result<std::string> token = files.read(client.data_dir_ + "/api.token");
    if (token.ok()) client.token_ = trim(token.value());
    client.loaded_ = std::move(loaded);
    client.where_ = client.listen_;
    if (client.where_.starts_with("0.0.0.0:"))
        client.where_ = "127.0.0.1" + client.where_.substr(7);
    if (client.where_.starts_with("[::]:")) client.where_ = "[::1]" + client.where_.substr(4);
    client.now_ = invocation.now;
    return client;
}

Result<Json> Client::send(const std::string& method, const std::string& path,
                          const std::string& body) {
    HttpRequest request;
    request.method = method;
    request.url = "http://" + where_ + path;
    if (is_known_) request.headers = {{"Authorization", "Bearer " + token_}};
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = body;
    CurlHttp http;
    const Result<HttpReply> reply = http.send(request);
    if (!reply.ok() && reply.error().fault == Fault::timeout) {
        return Error{Fault::timeout, "something listens at http://" + where_ +
                                         " but gives no answer: if it is the agent, it hangs (" +
                                         reply.error().message + ")"};
    }
    if (!reply.ok()) return Error{Fault::unavailable, "no agent answers at http://" + where_};
    const Result<Json> json = Json::parse(reply.value().body);
    if (!json.ok() || !json.value().is_object()) return stranger();
    if (reply.value().status < 400) return json;
    const Fault fault = reply.value().status == 404   ? Fault::not_found
                        : reply.value().status == 400 ? Fault::invalid
                                                      : Fault::denied;
    return Error{fault, json.value()["detail"].as_string()};
}

Error Client::stranger() const {
    return {Fault::unavailable, "no agent answers at http://" + where_ +
                                    ": something listens there, and it is not the agent of '" +
                                    data_dir_ + "'"};
}

// Nothing is said to a stranger on the port, and least of all the token.
Result<> Client::know_the_agent() {
    if (is_known_) return {};
    RealRandom random;
    const std::string nonce =
        sha256_hex(std::to_string(random.next()) + "/" + std::to_string(random.next()));
    const Result<Json> shown = send("GET", std::string(kProofPath) + "?nonce=" + nonce, "");
    if (!shown.ok() && shown.error().fault == Fault::not_found) return stranger();
    if (!shown.ok()) return shown.error();
    if (token_.empty()) {
        return Error{Fault::denied,
                     "cannot read '" + data_dir_ + "/api.token': run this as the agent's user"};
    }
    is_known_ = equal_constant_time(shown.value()["proof"].as_string(), proof_of(token_, nonce));
    if (!is_known_) return stranger();
    return {};
}

// Without the token, as another user, one may still look.
Result<Json> Client::ask(const std::string& method, const std::string& path,
                         const std::string& body) {
    const bool only_looks = token_.empty() && method == "GET";
    if (!only_looks) TRY(know_the_agent());
    return send(method, path, body);
}

Result<Json> Client::get(const std::string& path) { return ask("GET", path, ""); }
Result<Json> Client::post(const std::string& path, const Json& body) {
    return ask("POST", path, body.is_null() ? "{}" : body.dump());
}

Result<Json> Client::look(const View& view, bool& from_records) {
    from_records = false;
    Result<Json> live = get(path_of(view));
    if (live.ok() || live.error().fault != Fault::unavailable) return live;
    StoreOptions options;
    options.access = Access::read;
    if (view.what.starts_with("brain/")) {
        auto memories = Memories::open(data_dir_, options);
        if (!memories.ok())
            return memories.error().fault == Fault::not_found ? live : memories.error();
        from_records = true;
        return look_at_memories(*memories.value(), view, now_);
    }
    auto store = Store::open(data_dir_, options);
    if (!store.ok()) return live;  // no agent and no records: the first is what to tell
    from_records = true;
    if (view.what != "health")
        return look_at_records(*store.value(), view, loaded_->settings, now_);
    PosixFiles files;
    Json health = TRY(last_health(*store.value(), *loaded_, files, now_));
    const Json open = TRY(look_at_records(
        *store.value(), {"incidents", "", {{"state", kOpenStates}}}, loaded_->settings, now_));
    health.set("open_incidents", static_cast<int64_t>(open["incidents"].items().size()));
    return health;
}

int told(const Error& error, const Terminal& terminal) {
    terminal.problem(error.message);
    if (error.fault == Fault::unavailable) return kNoAgent;
    return error.fault == Fault::invalid ? kUsage : kUnwell;
}

Json words_of(const Invocation& invocation) {
    const std::string user = user_name();
    return Json::object({{"by", invocation.option("--by", user)}, {"user", user}});
}

int post(const Invocation& invocation, Terminal& terminal, const std::string& path,
         const Json& body, const std::string& done) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> reply = client.post(path, body);
    if (!reply.ok()) return told(reply.error(), terminal);
    terminal.line(invocation.json ? reply.value().dump_pretty() : done);
    return kFine;
}

std::string ago(const std::string& rfc3339, Time now) {
    const Result<Time> at = parse_rfc3339(rfc3339);
    if (!at.ok()) return "-";
    const Duration span = now - at.value();
    if (span < std::chrono::seconds(1)) return "now";
    const auto whole = [&](auto unit, const char* name) {
        return std::to_string(std::chrono::duration_cast<decltype(unit)>(span).count()) + name;
    };
    if (span < std::chrono::minutes(1)) return whole(std::chrono::seconds(), "s ago");
    if (span < std::chrono::hours(1)) return whole(std::chrono::minutes(), "m ago");
    if (span < std::chrono::hours(48)) return whole(std::chrono::hours(), "h ago");
    return whole(std::chrono::days(), "d ago");
}

}  // namespace ops
