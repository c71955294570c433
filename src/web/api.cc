#include "web/api.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "web/openapi.h"
#include "web/press_page.h"

namespace ops {
namespace {

using Handler = WebReply (*)(const WebRequest&, const std::string& name, Control&);

struct Route {
    std::string_view method;
    std::string_view pattern;  // "{id}" stands for one segment; the first is the handler's `name`
    Right right;
    Handler handler;
    std::string_view summary;
};

constexpr size_t kPingBody = 10'000;  // so much is kept of what a ping says
constexpr size_t kLongestNote = 4000;

int status_of(Fault fault) {
    switch (fault) {
        case Fault::invalid: return 400;
        case Fault::not_found: return 404;
        case Fault::denied: return 409;
        case Fault::timeout:
        case Fault::unavailable: return 503;
        case Fault::corrupt: return 500;
    }
    return 500;
}

WebReply reply_of(const Result<Json>& result, int status = 200) {
    if (!result.ok()) return problem(status_of(result.error().fault), result.error().message);
    return json_reply(result.value(), status);
}

WebReply look(const WebRequest& request, std::string what, std::string name, Control& control) {
    View view{std::move(what), std::move(name), {}};
    for (const auto& [key, value] : request.query) view.filters[key] = value;
    return reply_of(control.look(view));
}

WebReply act(const WebRequest& request, std::string what, std::string id, Control& control) {
    Deed deed;
    deed.what = std::move(what);
    deed.id = std::move(id);
    deed.via = request.proof;
    if (!request.body.empty()) {
        const Result<Json> body = Json::parse(request.body);
        if (!body.ok()) return problem(400, "body: " + body.error().message);
        deed.by = printable(clip_end(body.value()["by"].as_string(), 100), Lines::flatten);
        deed.user = printable(clip_end(body.value()["user"].as_string(), 100), Lines::flatten);
        deed.shown = body.value()["argv_sha256"].as_string();
        deed.note = body.value()["note"].as_string();
        if (deed.note.empty()) deed.note = body.value()["reason"].as_string();
        deed.note = clip_end(deed.note, kLongestNote);
        for (const char* const key : {"matchers", "names"}) {
            if (!body.value().has(key)) continue;
            const Json& names = body.value()[key];
            deed.names = names.strings();
            if (!names.is_array() || deed.names.size() != names.items().size()) {
                return problem(400, std::string(key) + ": expected a list of texts");
            }
        }
        if (deed.id.empty()) deed.id = body.value()["name"].as_string();
        if (body.value().has("duration")) {
            const Result<Duration> span = parse_duration(body.value()["duration"].as_string());
            if (!span.ok()) return problem(400, "duration: " + span.error().message);
            deed.span = span.value();
        }
    }
    if (deed.by.empty()) deed.by = deed.user.empty() ? "api" : deed.user;
    return reply_of(control.act(deed));
}

WebReply push(const WebRequest& request, Push push, Control& control) {
    if (!request.body.empty()) {
        Result<Json> body = Json::parse(request.body);
        // Pings carry whatever their sender likes to log; facts and events are ours to understand.
        if (!body.ok() && push.kind != Push::Kind::heartbeat) {
            return problem(400, "body: " + body.error().message);
        }
        push.body = body.ok() ? std::move(body).value() : Json(clip_end(request.body, kPingBody));
    }
    const Result<Json> done = control.push(push);
    if (!done.ok()) return problem(status_of(done.error().fault), done.error().message);
    if (request.path.starts_with("/ping/")) {
        return {200,
                "text/plain; charset=utf-8",
                "OK\n",
                false,
                {{"Ping-Body-Limit", std::to_string(kPingBody)}}};
    }
    Json reply = Json::object({{"ok", true}});
    for (const auto& [name, value] : done.value().members()) reply.set(name, value);
    return json_reply(reply);
}

// Other monitors: what they send, to the letter, so nothing is read out of a body that is no JSON.
WebReply take_alerts(const WebRequest& request, std::string source, Control& control) {
    Push alerts{Push::Kind::alerts, std::move(source), "", {}};
    if (request.body.empty()) return problem(400, "body: it is empty");
    WebReply reply = push(request, std::move(alerts), control);
    // As Alertmanager answers: Prometheus and its kin read the status only.
    if (reply.status == 200) reply.body.clear();
    return reply;
}

// {title, text, meta} of another program; the command line adds who asks and all of a memory.
WebReply remember(const WebRequest& request, const std::string&, Control& control) {
    Result<Json> body = Json::parse(request.body);
    if (!body.ok()) return problem(400, "body: " + body.error().message);
    Deed deed;
    deed.what = "remember";
    deed.via = request.proof;
    deed.by = printable(clip_end(body.value()["by"].as_string("api"), 100), Lines::flatten);
    deed.user = printable(clip_end(body.value()["user"].as_string(), 100), Lines::flatten);
    deed.body = std::move(body).value();
    return reply_of(control.act(deed));
}

// /ping/worker_3, /ping/worker_3/start, /ping/worker_3/fail, /ping/worker_3/0: Healthchecks' way.
WebReply ping(const WebRequest& request, const std::string& name, Control& control) {
    const size_t slash = request.path.find('/', std::string_view("/ping/").size());
    const std::string signal = slash == std::string::npos ? "" : request.path.substr(slash + 1);
    const bool is_status =
        !signal.empty() && signal.size() <= 3 &&
        std::all_of(signal.begin(), signal.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
        std::stoi(signal) <= 255;
    if (!signal.empty() && signal != "start" && signal != "fail" && signal != "log" && !is_status) {
        return problem(404, "no ping signal '" + printable(signal, Lines::flatten) +
                                "': start, fail, log or an exit status 0-255");
    }
    return push(request, {Push::Kind::heartbeat, name, signal, {}}, control);
}

template <const auto& kWhat>
WebReply look_at(const WebRequest& request, const std::string& name, Control& control) {
    return look(request, kWhat, name, control);
}
template <const auto& kWhat>
WebReply act_on(const WebRequest& request, const std::string& name, Control& control) {
    return act(request, kWhat, name, control);
}
template <Push::Kind kKind>
WebReply push_to(const WebRequest& request, const std::string& name, Control& control) {
    return push(request, {kKind, name, "", {}}, control);
}

template <const auto& kSource>
WebReply alerts_of(const WebRequest& request, const std::string&, Control& control) {
    return take_alerts(request, kSource, control);
}

// --- answers of people, by a link or by the server of a chat: nothing is borne but the token or
// the signature, which the agent judges ---

Deed link_of(const WebRequest& request, const std::string& channel) {
    Deed deed;
    deed.what = "press/link";
    deed.id = channel;
    deed.note = request.path.substr(request.path.rfind('/') + 1);
    return deed;
}
WebReply show_press(const WebRequest& request, const std::string& channel, Control& control) {
    const Result<Json> seen =
        control.look({"press", channel, {{"token", link_of(request, channel).note}}});
    if (!seen.ok()) return press_refused(status_of(seen.error().fault), seen.error().message);
    return press_page(seen.value());
}
WebReply press(const WebRequest& request, const std::string& channel, Control& control) {
    const Result<Json> said = control.act(link_of(request, channel));
    if (!said.ok()) return press_refused(status_of(said.error().fault), said.error().message);
    return press_done(said.value()["said"].as_string());
}
WebReply knock(const WebRequest& request, const std::string& channel, Control& control) {
    Deed deed;
    deed.what = "press/knock";
    deed.id = channel;
    deed.body = Json::object({{"body", request.body},
                              {"timestamp", request.header("x-slack-request-timestamp")},
                              {"signature", request.header("x-slack-signature")}});
    const Result<Json> done = control.act(deed);
    if (!done.ok()) return problem(status_of(done.error().fault), done.error().message);
    return {200, "text/plain; charset=utf-8", ""};
}

WebReply metrics(const WebRequest&, const std::string&, Control& control) {
    return {200, "text/plain; version=0.0.4; charset=utf-8", control.metrics()};
}
WebReply healthy(const WebRequest&, const std::string&, Control&) {
    return {200, "text/plain; charset=utf-8", "ops-agent is healthy\n"};
}
WebReply ready(const WebRequest&, const std::string&, Control& control) {
    if (control.is_ready()) return {200, "text/plain; charset=utf-8", "ops-agent is ready\n"};
    return {503, "text/plain; charset=utf-8", "ops-agent is starting\n"};
}

WebReply brain_health(const WebRequest& request, const std::string&, Control& control) {
    return look(request, "brain/health", "", control);
}

// The journal while it is written, from the event after Last-Event-ID on, or from now.
WebReply events(const WebRequest& request, const std::string&, Control& control) {
    std::string body = ": what happens, as it is written down\n\n";
    bool is_all = true;
    const std::string last = request.header("last-event-id");
    if (!last.empty()) {
        const Result<Json> seen = control.look({"events", "", {{"after", last}}});
        if (!seen.ok()) return problem(status_of(seen.error().fault), seen.error().message);
        for (const Json& event : seen.value()["events"].items()) {
            body += stream_event(static_cast<uint64_t>(event["seq"].as_int()),
                                 event["kind"].as_string(), event);
        }
        is_all = !seen.value()["more"].as_bool();
    }
    // Of one who is far behind the stream ends here: it asks again from there on, and misses
    // nothing.
    return {200, "text/event-stream", std::move(body), is_all};
}

WebReply describe(const WebRequest&, const std::string&, Control&);

constexpr char kHealth[] = "health", kServices[] = "services", kService[] = "service",
               kIncidents[] = "incidents", kIncident[] = "incident", kActions[] = "actions",
               kAlerts[] = "alerts", kReport[] = "report", kPredictions[] = "predictions",
               kEval[] = "eval", kRunbook[] = "runbook", kCandidates[] = "candidates",
               kPromote[] = "promote", kDemote[] = "demote", kAck[] = "ack", kResolve[] = "resolve",
               kApprove[] = "approve", kReject[] = "reject", kSilence[] = "silence",
               kSilences[] = "silences", kUnsilence[] = "unsilence", kMaintenance[] = "maintenance",
               kEndMaintenance[] = "end-maintenance", kPause[] = "pause", kResume[] = "resume",
               kReload[] = "reload", kBrainSearch[] = "brain/search",
               kBrainMemories[] = "brain/memories", kAlertmanager[] = "alertmanager",
               kPrometheus[] = "prometheus", kGrafana[] = "grafana", kUptimeKuma[] = "uptime-kuma";

constexpr auto kRoutes = std::to_array<Route>({
    {"GET", "/api/v1/health", Right::read, look_at<kHealth>, "the health of everything"},
    {"GET", "/api/v1/services", Right::read, look_at<kServices>, "services and hosts"},
    {"GET", "/api/v1/services/{name}", Right::read, look_at<kService>,
     "one service: facts, the last day of each number, uptime"},
    {"GET", "/api/v1/incidents", Right::read, look_at<kIncidents>, "incidents, newest first"},
    {"GET", "/api/v1/incidents/{id}", Right::read, look_at<kIncident>,
     "one incident: timeline, evidence, diagnosis, actions"},
    {"GET", "/api/v1/actions", Right::read, look_at<kActions>, "actions, newest first"},
    {"GET", "/api/v1/alerts", Right::read, look_at<kAlerts>, "what was told, newest first"},
    {"GET", "/api/v1/report", Right::read, look_at<kReport>, "what happened, in numbers"},
    {"GET", "/api/v1/predictions", Right::read, look_at<kPredictions>,
     "what will be full or expire, and when"},
    {"GET", "/api/v1/runbook", Right::read, look_at<kRunbook>, "the entries of the runbook"},
    {"GET", "/health", Right::open, brain_health, "of the Brain: that it answers"},
    {"GET", "/api/v1/brain/search", Right::read, look_at<kBrainSearch>,
     "memories that are like a text"},
    {"GET", "/api/v1/brain/memories", Right::read, look_at<kBrainMemories>, "all memories"},
    {"POST", "/api/v1/brain/memories", Right::write, remember, "adds a memory"},
    {"GET", "/api/v1/runbook/candidates", Right::read, look_at<kCandidates>, "what was learned"},
    {"POST", "/api/v1/runbook/candidates/{id}/promote", Right::write, act_on<kPromote>,
     "moves a learned entry up"},
    {"POST", "/api/v1/runbook/candidates/{id}/demote", Right::write, act_on<kDemote>,
     "moves a learned entry down"},
    {"POST", "/api/v1/incidents/{id}/ack", Right::write, act_on<kAck>,
     "a person has seen it and takes over"},
    {"POST", "/api/v1/incidents/{id}/resolve", Right::write, act_on<kResolve>,
     "a person has repaired it"},
    {"POST", "/api/v1/incidents/{id}/approve", Right::write, act_on<kApprove>,
     "a person says yes to the action it waits for"},
    {"POST", "/api/v1/incidents/{id}/reject", Right::write, act_on<kReject>,
     "a person says no to it"},
    {"GET", "/api/v1/silences", Right::read, look_at<kSilences>, "what is silent"},
    {"POST", "/api/v1/silences", Right::write, act_on<kSilence>,
     "tells nothing of something for a while"},
    {"POST", "/api/v1/silences/{id}/end", Right::write, act_on<kUnsilence>, "ends a silence early"},
    {"GET", "/api/v1/maintenance", Right::read, look_at<kMaintenance>,
     "windows of maintenance, open and next"},
    {"POST", "/api/v1/maintenance", Right::write, act_on<kMaintenance>,
     "opens a window of maintenance"},
    {"POST", "/api/v1/maintenance/{id}/end", Right::write, act_on<kEndMaintenance>,
     "ends a window early"},
    {"POST", "/api/v1/pause", Right::write, act_on<kPause>,
     "the kill switch: no action starts from now on"},
    {"POST", "/api/v1/resume", Right::write, act_on<kResume>, "actions may start again"},
    {"POST", "/-/reload", Right::write, act_on<kReload>, "reads the configuration again"},
    {"POST", "/api/v1/heartbeat/{service}", Right::push, push_to<Push::Kind::heartbeat>,
     "a service lives"},
    {"POST", "/api/v1/facts/{service}", Right::push, push_to<Push::Kind::facts>,
     "facts of a service"},
    {"POST", "/api/v1/events/{kind}", Right::push, push_to<Push::Kind::event>,
     "something happened: deploy, security, crash and the like"},
    {"POST", "/api/v1/alertmanager", Right::push, alerts_of<kAlertmanager>,
     "alerts of Alertmanager, webhook version 4"},
    {"POST", "/api/v1/grafana", Right::push, alerts_of<kGrafana>, "alerts of Grafana"},
    {"POST", "/api/v1/uptime-kuma", Right::push, alerts_of<kUptimeKuma>, "alerts of Uptime Kuma"},
    {"POST", "/api/v2/alerts", Right::push, alerts_of<kPrometheus>, "alerts of Prometheus"},
    {"GET", "/ping/{service}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"HEAD", "/ping/{service}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"POST", "/ping/{service}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"GET", "/ping/{service}/{signal}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"HEAD", "/ping/{service}/{signal}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"POST", "/ping/{service}/{signal}", Right::push, ping, "a heartbeat, as Healthchecks has it"},
    {"GET", "/press/{channel}/{token}", Right::open, show_press,
     "an answer to a message, by a link"},
    {"POST", "/press/{channel}/{token}", Right::open, press, "an answer to a message, by a link"},
    {"POST", "/api/v1/slack/{channel}", Right::open, knock, "answers to messages, from Slack"},
    {"GET", "/metrics", Right::read, metrics,
     "numbers about the agent and its targets, for Prometheus"},
    {"GET", "/-/healthy", Right::open, healthy, "that it runs"},
    {"GET", "/-/ready", Right::open, ready, "that it watches"},
    {"GET", "/api/v1/events", Right::read, events, "what happens, as server-sent events"},
    {"GET", "/api/v1/eval", Right::read, look_at<kEval>,
     "the value of an expression and its parts"},
    {"GET", "/api/v1/openapi.json", Right::read, describe, "this description"},
});

WebReply describe(const WebRequest&, const std::string&, Control&) {
    std::vector<Operation> operations;
    for (const Route& route : kRoutes) {
        operations.push_back({route.method, route.pattern, route.right, route.summary});
    }
    return json_reply(openapi(operations));
}

// The first "{...}" segment of the pattern as the path has it, or nothing when they differ.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
    const auto wanted = split(pattern, '/'), given = split(path, '/');
    if (wanted.size() != given.size()) return std::nullopt;
    std::string name;
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].starts_with('{')) {
            if (given[i].empty()) return std::nullopt;
            if (name.empty()) name = given[i];
        } else if (wanted[i] != given[i]) {
            return std::nullopt;
        }
    }
    return name;
}

std::string without_port(std::string_view host) {
    if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
    return std::string(host.substr(0, host.find(':')));
}

// The address at which a request came in is ours, whatever page asked for it: only names can be
// made to lead here by others.
bool is_own_name(std::string_view host, const WebRequest& request, const WebAccess& access) {
    const std::string name = to_lower(without_port(host));
    if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return true;
    if (!name.empty() && name == request.local_address) return true;
    return std::find(access.host_names.begin(), access.host_names.end(), name) !=
           access.host_names.end();
}

// A browser sends Origin with every request that could change something; only our own pages may.
bool is_own_origin(const WebRequest& request, const WebAccess& access) {
    const std::string origin = request.header("origin");
    if (origin.empty()) return true;
    const size_t scheme = origin.find("://");
    return scheme != std::string::npos && is_own_name(origin.substr(scheme + 3), request, access);
}

// An image of this address in somebody's page is asked for without an Origin; browsers say so here.
// Programs say nothing.
bool is_from_another_site(const WebRequest& request) {
    const std::string site = request.header("sec-fetch-site");
    return site == "cross-site" || site == "same-site";
}

bool bears(const WebRequest& request, const std::optional<std::string>& token) {
    const std::string authorization = request.header("authorization");
    return token && !token->empty() && to_lower(authorization.substr(0, 7)) == "bearer " &&
           equal_constant_time(std::string_view(authorization).substr(7), *token);
}

bool may(Right right, const WebRequest& request, const WebAccess& access) {
    const bool full = bears(request, access.api_token) || bears(request, access.password);
    switch (right) {
        case Right::open: return true;
        case Right::read: return full || (request.from_loopback && !access.password);
        case Right::write: return full;
        case Right::push:
            return full || bears(request, access.push_token) ||
                   (request.from_loopback && !access.push_token);
    }
    return false;
}

// Anybody may ask: the words before the nonce are those of nothing else that the token makes.
WebReply prove(const WebRequest& request, const WebAccess& access) {
    const std::string nonce = request.parameter("nonce").value_or("");
    if (nonce.size() < 16 || nonce.size() > 128) {
        return problem(400, "nonce: 16 to 128 characters");
    }
    return json_reply(Json::object({{"proof", proof_of(access.api_token, nonce)}}));
}

}  // namespace

std::string proof_of(std::string_view api_token, std::string_view nonce) {
    return hmac_sha256_hex(api_token, "ops-agent proof " + std::string(nonce));
}

WebReply answer(WebRequest request, const WebAccess& access, Control& control) {
    request.proof = bears(request, access.api_token)  ? "token"
                    : bears(request, access.password) ? "password"
                                                      : "";
    const auto is_host = [](const auto& header) { return header.first == "host"; };
    if (std::count_if(request.headers.begin(), request.headers.end(), is_host) > 1) {
        return problem(400, "more than one Host");
    }
    // A probe of HTTP/1.0 names no host, and changes and tells nothing.
    const bool is_probe = request.path == "/-/healthy" || request.path == "/-/ready";
    const std::string host = request.header("host");
    if (!(is_probe && host.empty()) && !is_own_name(host, request, access)) {
        return problem(403, "this server does not go by the name '" +
                                printable(request.header("host"), Lines::flatten) +
                                "': it may be asked by its address, by the name of a host with "
                                "'local: true', or by that of agent: public_url");
    }
    if (!is_own_origin(request, access)) {
        return problem(403, "requests from other web sites are refused");
    }
    if (request.path == kProofPath && request.method == "GET") return prove(request, access);
    std::vector<std::string> methods;  // that the path has
    for (const Route& route : kRoutes) {
        const auto name = match(route.pattern, request.path);
        if (!name) continue;
        methods.emplace_back(route.method);
        if (route.method == "GET") methods.emplace_back("HEAD");
        const bool only_head = request.method == "HEAD" && route.method == "GET";
        if (route.method != request.method && !only_head) continue;
        const bool changes = route.right == Right::write || route.right == Right::push;
        if (changes && is_from_another_site(request)) {
            return problem(403, "requests from other web sites are refused");
        }
        if (!may(route.right, request, access)) {
            return problem(
                401, route.right == Right::push
                         ? "needs the push token: 'Authorization: Bearer ...'"
                         : "needs the token in api.token of the data folder, or the password: "
                           "'Authorization: Bearer ...'");
        }
        WebReply reply = route.handler(request, *name, control);
        if (only_head) reply.stays_open = false;
        return reply;
    }
    if (!methods.empty()) {
        std::sort(methods.begin(), methods.end());
        methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
        WebReply reply = problem(
            405, "method " + printable(request.method, Lines::flatten) + " is not for this path");
        reply.headers.emplace_back("Allow", join(methods, ", "));
        return reply;
    }
    return problem(404, "no such path '" + printable(request.path, Lines::flatten) + "'");
}

}  // namespace ops
