#include "web/openapi.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/assert.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr std::string_view kShapes = R"json({
"Time": {"type": "string", "format": "date-time", "description": "RFC 3339, UTC"},
"Problem": {"type": "object", "description": "RFC 9457", "required": ["type", "title", "status", "detail"],
  "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
    "detail": {"type": "string"}}},
"Service": {"type": "object", "required": ["name", "group", "host", "status", "since", "reason", "facts"],
  "properties": {"name": {"type": "string"}, "group": {"type": ["string", "null"]}, "host": {"type": ["string", "null"]},
    "status": {"enum": ["up", "down", "degraded", "unknown", "paused", "maintenance"]},
    "since": {"oneOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]}, "reason": {"type": "string"},
    "facts": {"type": "object", "description": "quantities in seconds, bytes and per cent"},
    "uptime": {"type": "object", "description": "of one service: per cent of day, week and month, null while nothing is known"},
    "history": {"type": "object", "description": "of one service: the last day of each number, oldest first",
      "additionalProperties": {"type": "array", "items": {"type": "object"}}}}},
"Health": {"type": "object", "required": ["status", "at", "services", "hosts", "open_incidents"],
  "properties": {"status": {"enum": ["ok", "degraded", "down"]}, "at": {"$ref": "#/components/schemas/Time"},
    "services": {"type": "array", "items": {"$ref": "#/components/schemas/Service"}},
    "hosts": {"type": "array", "items": {"$ref": "#/components/schemas/Service"}},
    "open_incidents": {"type": "integer"}, "mode": {"enum": ["observe", "ask", "auto"]}, "paused": {"type": "boolean"}}},
"Incident": {"type": "object", "required": ["id", "title", "service", "host", "state", "level", "opened_at", "resolved_at",
    "entry", "attempts", "resolved_by", "told", "cost_usd", "tokens"],
  "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "service": {"type": ["string", "null"]},
    "host": {"type": ["string", "null"]},
    "state": {"enum": ["open", "awaiting_approval", "resolving", "verifying", "escalated", "acknowledged", "resolved"]},
    "level": {"enum": ["none", "log", "warning", "alert", "critical"]}, "opened_at": {"$ref": "#/components/schemas/Time"},
    "resolved_at": {"oneOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]}, "entry": {"type": ["string", "null"]},
    "attempts": {"type": "integer"}, "resolved_by": {"enum": ["auto", "human", "self", null]},
    "told": {"type": "array", "items": {"type": "string"}}, "cost_usd": {"type": "number"}, "tokens": {"type": "integer"},
    "acknowledged_by": {"type": ["string", "null"]}, "waits_for": {"type": ["string", "null"]},
    "waits_until": {"oneOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]}}},
"Incidents": {"type": "object", "required": ["incidents", "next"],
  "properties": {"incidents": {"type": "array", "items": {"$ref": "#/components/schemas/Incident"}},
    "next": {"type": ["string", "null"], "description": "cursor of the next page"}}},
"Action": {"type": "object", "required": ["id", "incident", "entry", "step", "target", "argv", "state", "started_at", "ended_at",
    "exit", "output", "approved_by"],
  "properties": {"id": {"type": "string"}, "incident": {"type": "string"}, "entry": {"type": "string"}, "step": {"type": "integer"},
    "target": {"type": "string"}, "argv": {"type": "array", "items": {"type": "string"}},
    "state": {"enum": ["denied", "awaiting_approval", "intent", "running", "verified", "failed", "unknown", "undone"]},
    "started_at": {"$ref": "#/components/schemas/Time"}, "ended_at": {"oneOf": [{"$ref": "#/components/schemas/Time"}, {"type": "null"}]},
    "exit": {"type": ["integer", "null"]}, "output": {"type": "string"}, "approved_by": {"type": ["string", "null"]}}},
"Actions": {"type": "object", "required": ["actions"],
  "properties": {"actions": {"type": "array", "items": {"$ref": "#/components/schemas/Action"}}}},
"Services": {"type": "object", "required": ["services", "hosts"],
  "properties": {"services": {"type": "array", "items": {"$ref": "#/components/schemas/Service"}},
    "hosts": {"type": "array", "items": {"$ref": "#/components/schemas/Service"}}}},
"Alerts": {"type": "object", "required": ["alerts"],
  "properties": {"alerts": {"type": "array", "items": {"type": "object",
    "required": ["key", "incident", "at", "level", "state", "title", "text", "sent", "waiting", "given_up", "error"],
    "properties": {"key": {"type": "string"}, "incident": {"type": ["string", "null"]}, "at": {"$ref": "#/components/schemas/Time"},
      "level": {"enum": ["none", "log", "warning", "alert", "critical"]}, "title": {"type": "string"}, "text": {"type": "string"},
      "sent": {"type": "array", "items": {"type": "string"}}, "waiting": {"type": "array", "items": {"type": "string"}},
      "given_up": {"type": "array", "items": {"type": "string"}}, "error": {"type": ["string", "null"]}}}}}},
"Report": {"type": "object", "required": ["since", "until", "incidents", "repaired", "recovered_by_themselves", "closed_by_people",
    "open", "alerts", "median_repair_seconds", "most_incidents", "repaired_what", "told_what", "open_what", "trouble", "silences",
    "maintenance"],
  "properties": {"since": {"$ref": "#/components/schemas/Time"}, "until": {"$ref": "#/components/schemas/Time"},
    "incidents": {"type": "integer"}, "repaired": {"type": "integer"}, "recovered_by_themselves": {"type": "integer"},
    "closed_by_people": {"type": "integer"}, "open": {"type": "integer"}, "alerts": {"type": "integer"},
    "median_repair_seconds": {"type": ["number", "null"]}, "most_incidents": {"type": "array", "items": {"type": "object"}}}},
"Runbook": {"type": "object", "required": ["entries"],
  "properties": {"entries": {"type": "array", "items": {"type": "object",
    "required": ["name", "symptoms", "steps", "risk", "effect", "autonomy", "enabled", "sha256"],
    "properties": {"name": {"type": "string"}, "symptoms": {"type": "array", "items": {"type": "string"}},
      "steps": {"type": "array", "items": {"type": "string"}}, "risk": {"enum": ["low", "medium", "high", "destructive"]},
      "effect": {"enum": ["read", "idempotent", "once"]}, "autonomy": {"enum": ["shadow", "ask", "auto"]},
      "enabled": {"type": "boolean"}, "sha256": {"type": "string"}}}}}},
"Candidates": {"type": "object", "required": ["candidates"],
  "properties": {"candidates": {"type": "array", "items": {"type": "object",
    "required": ["id", "entry", "autonomy", "right", "verified", "wrong", "failed", "may_be_promoted", "lacks", "text"]}}}},
"KeptMemory": {"type": "object", "required": ["id", "title", "text", "meta"],
  "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "text": {"type": "string"}, "meta": {"type": "object"}}},
"Found": {"type": "object", "required": ["results"],
  "properties": {"results": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/KeptMemory"},
    {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}]}}}},
"Memories": {"type": "object", "required": ["memories", "next"],
  "properties": {"memories": {"type": "array", "items": {"$ref": "#/components/schemas/KeptMemory"}},
    "next": {"type": ["string", "null"], "description": "what to give as 'after' for the next page"}}},
"Silences": {"type": "object", "required": ["silences"],
  "properties": {"silences": {"type": "array", "items": {"type": "object",
    "required": ["id", "matchers", "since", "until", "by", "reason"],
    "properties": {"id": {"type": "string"}, "matchers": {"type": "array", "items": {"type": "string"}},
      "since": {"$ref": "#/components/schemas/Time"}, "until": {"$ref": "#/components/schemas/Time"}, "by": {"type": "string"},
      "reason": {"type": "string"}}}}}},
"Windows": {"type": "object", "required": ["windows"],
  "properties": {"windows": {"type": "array", "items": {"type": "object",
    "required": ["id", "name", "names", "from", "until", "open", "source", "by", "reason"],
    "properties": {"id": {"type": ["string", "null"]}, "name": {"type": "string"}, "names": {"type": "array", "items": {"type": "string"}},
      "from": {"$ref": "#/components/schemas/Time"}, "until": {"$ref": "#/components/schemas/Time"}, "open": {"type": "boolean"},
      "source": {"enum": ["configuration", "person"]}}}}}},
"Value": {"type": "object", "required": ["expression", "target", "value", "printed", "parts", "missing"],
  "properties": {"expression": {"type": "string"}, "target": {"type": "string"}, "printed": {"type": "string"},
    "parts": {"type": "array", "items": {"type": "object", "required": ["text", "value", "printed", "why_unknown", "depth"]}},
    "missing": {"type": "array", "items": {"type": "string"}}}},
"Predictions": {"type": "object", "required": ["predictions"],
  "properties": {"predictions": {"type": "array", "items": {"type": "object",
    "required": ["target", "fact", "value", "limit", "in_seconds", "at", "says"]}}}},
"Facts": {"type": "object", "required": ["facts"],
  "properties": {"facts": {"type": "object", "description": "NAME: number, text or boolean; \"5m\", \"3GB\" and \"95%\" are understood"}}},
"Memory": {"type": "object", "required": ["title", "text"],
  "properties": {"title": {"type": "string"}, "text": {"type": "string"}, "meta": {"type": "object"}}},
"Silence": {"type": "object", "required": ["duration"],
  "properties": {"name": {"type": "string"}, "matchers": {"type": "array", "items": {"type": "string"}},
    "duration": {"type": "string", "examples": ["2h"]}, "reason": {"type": "string"}, "by": {"type": "string"}}},
"Deed": {"type": "object", "properties": {"by": {"type": "string"}, "note": {"type": "string"}}}
})json";

struct Shape {  // of what is sent (POST) or answered (GET)
    std::string_view method, path, shape;
};
constexpr auto kShapeOf = std::to_array<Shape>({
    {"GET", "/api/v1/health", "Health"},
    {"GET", "/api/v1/services", "Services"},
    {"GET", "/api/v1/services/{name}", "Service"},
    {"GET", "/api/v1/incidents", "Incidents"},
    {"GET", "/api/v1/incidents/{id}", "Incident"},
    {"GET", "/api/v1/actions", "Actions"},
    {"GET", "/api/v1/alerts", "Alerts"},
    {"GET", "/api/v1/report", "Report"},
    {"GET", "/api/v1/runbook", "Runbook"},
    {"GET", "/api/v1/runbook/candidates", "Candidates"},
    {"GET", "/api/v1/brain/search", "Found"},
    {"GET", "/api/v1/brain/memories", "Memories"},
    {"GET", "/api/v1/silences", "Silences"},
    {"GET", "/api/v1/maintenance", "Windows"},
    {"GET", "/api/v1/eval", "Value"},
    {"GET", "/api/v1/predictions", "Predictions"},
    {"POST", "/api/v1/facts/{service}", "Facts"},
    {"POST", "/api/v1/brain/memories", "Memory"},
    {"POST", "/api/v1/silences", "Silence"},
});

struct Filters {
    std::string_view path, names;  // one with '!' is needed
};
constexpr auto kFilters = std::to_array<Filters>({
    {"/api/v1/incidents", "state,service,limit,cursor,since"},
    {"/api/v1/actions", "incident,service,limit,since"},
    {"/api/v1/alerts", "incident,service,limit,since"},
    {"/api/v1/report", "since"},
    {"/api/v1/brain/search", "q!,limit"},
    {"/api/v1/brain/memories", "after,limit"},
    {"/api/v1/eval", "expr!,service"},
});

std::string_view shape_of(const Operation& operation) {
    for (const Shape& one : kShapeOf) {
        if (one.method == operation.method && one.path == operation.path) return one.shape;
    }
    return operation.right == Right::write ? "Deed" : "";
}

Json reference(std::string_view shape) {
    if (shape.empty()) return Json::object({{"type", "object"}});
    return Json::object({{"$ref", "#/components/schemas/" + std::string(shape)}});
}

Json content(const std::string& type, Json schema) {
    return Json::object({{type, Json::object({{"schema", std::move(schema)}})}});
}

Json parameter(std::string_view name, const char* where) {
    const bool is_needed = std::string_view(where) == "path" || name.ends_with('!');
    if (name.ends_with('!')) name.remove_suffix(1);
    Json type = Json::object({{"type", name == "limit" ? "integer" : "string"}});
    return Json::object({{"name", std::string(name)},
                         {"in", where},
                         {"required", is_needed},
                         {"schema", std::move(type)}});
}

Json parameters_of(const Operation& operation) {
    Json list = Json::array();
    for (const std::string_view part : split(operation.path, '/')) {
        if (part.starts_with('{')) list.push(parameter(part.substr(1, part.size() - 2), "path"));
    }
    if (operation.method != "GET") return list;
    for (const Filters& one : kFilters) {
        if (one.path != operation.path) continue;
        for (const std::string_view name : split(one.names, ',')) {
            list.push(parameter(name, "query"));
        }
    }
    return list;
}

// Of a good reply. What others send alerts and presses to is answered by the status alone.
std::string_view type_of(const Operation& operation) {
    constexpr auto kSilent = std::to_array<std::string_view>(
        {"/api/v1/alertmanager", "/api/v1/grafana", "/api/v1/uptime-kuma", "/api/v2/alerts",
         "/api/v1/slack/{channel}"});
    const std::string_view path = operation.path;
    if (std::find(kSilent.begin(), kSilent.end(), path) != kSilent.end()) return "";
    if (path.starts_with("/press/")) return "text/html";
    if (path == "/api/v1/events" && operation.method == "GET") return "text/event-stream";
    const bool is_json = path.starts_with("/api/") || path == "/health" || path == "/-/reload";
    return is_json ? "application/json" : "text/plain";
}

Json replies_of(const Operation& operation) {
    const std::string type(type_of(operation));
    const bool is_json = type == "application/json";
    Json done = Json::object({{"description", "done"}});
    if (!type.empty() && operation.method != "HEAD") {
        Json schema = is_json && operation.method == "GET"
                          ? reference(shape_of(operation))
                          : Json::object({{"type", is_json ? "object" : "string"}});
        done.set("content", content(type, std::move(schema)));
    }
    Json wrong = type == "text/html"
                     ? content(type, Json::object({{"type", "string"}}))  // a person is before it
                     : content("application/problem+json", reference("Problem"));
    return Json::object({{"200", std::move(done)},
                         {"default", Json::object({{"description", "what is wrong"},
                                                   {"content", std::move(wrong)}})}});
}

Json security_of(Right right) {
    const auto bearer = [](const char* name) { return Json::object({{name, Json::array()}}); };
    Json list = Json::array();
    if (right == Right::open) return list;
    if (right != Right::write) list.push(Json::object());  // from this machine, as configured
    list.push(bearer("api_token"));
    if (right == Right::push) list.push(bearer("push_token"));
    return list;
}

Json one_operation(const Operation& operation) {
    Json json = Json::object({{"summary", std::string(operation.summary)},
                              {"parameters", parameters_of(operation)},
                              {"responses", replies_of(operation)},
                              {"security", security_of(operation.right)}});
    if (operation.method == "POST") {
        json.set("requestBody",
                 Json::object(
                     {{"content", content("application/json", reference(shape_of(operation)))}}));
    }
    return json;
}

Json scheme(const char* description) {
    return Json::object({{"type", "http"}, {"scheme", "bearer"}, {"description", description}});
}

}  // namespace

Json openapi(std::span<const Operation> operations) {
    Json paths = Json::object();
    for (const Operation& operation : operations) {
        const std::string path(operation.path);
        Json methods = paths.has(path) ? paths[path] : Json::object();
        methods.set(to_lower(operation.method), one_operation(operation));
        paths.set(path, std::move(methods));
    }
    Result<Json> shapes = Json::parse(std::string(kShapes));
    ASSERT(shapes.ok());
    const Json schemes =
        Json::object({{"api_token", scheme("api.token of the data folder, or the password")},
                      {"push_token", scheme("agent: push_token_file")}});
    return Json::object({{"openapi", "3.1.0"},
                         {"info", Json::object({{"title", "ops-agent"}, {"version", "1"}})},
                         {"paths", std::move(paths)},
                         {"components", Json::object({{"schemas", std::move(shapes).value()},
                                                      {"securitySchemes", schemes}})}});
}

}  // namespace ops
