#include "web/openapi.h"

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
    "told": {"type": "array", "items": {"type": "string"}}, "cost_usd": {"type": "number"}, "tokens": {"type": "integer"}}},
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
    {"GET", "/api/v1/services/{name}", "Service"},
    {"GET", "/api/v1/incidents", "Incidents"},
    {"GET", "/api/v1/incidents/{id}", "Incident"},
    {"GET", "/api/v1/actions", "Actions"},
    {"GET", "/api/v1/predictions", "Predictions"},
    {"POST", "/api/v1/facts/{service}", "Facts"},
    {"POST", "/api/v1/brain/memories", "Memory"},
    {"POST", "/api/v1/silences", "Silence"},
});

struct Filters {
    std::string_view path, names;
};
constexpr auto kFilters = std::to_array<Filters>({
    {"/api/v1/incidents", "state,service,limit,cursor,since"},
    {"/api/v1/actions", "incident,service,limit,since"},
    {"/api/v1/alerts", "incident,limit,since"},
    {"/api/v1/report", "since"},
    {"/api/v1/brain/search", "q,limit"},
    {"/api/v1/eval", "expr,service"},
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
    Json type = Json::object({{"type", name == "limit" ? "integer" : "string"}});
    return Json::object({{"name", std::string(name)},
                         {"in", where},
                         {"required", std::string_view(where) == "path"},
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

Json replies_of(const Operation& operation) {
    const bool is_json = operation.path.starts_with("/api/") || operation.path == "/health" ||
                         operation.path == "/-/reload";
    const bool is_stream = operation.path == "/api/v1/events" && operation.method == "GET";
    const std::string type = is_stream ? "text/event-stream"
                             : is_json ? "application/json"
                                       : "text/plain";
    Json good = operation.method == "GET" && is_json && !is_stream
                    ? reference(shape_of(operation))
                    : Json::object({{"type", is_json && !is_stream ? "object" : "string"}});
    return Json::object(
        {{"200",
          Json::object({{"description", "done"}, {"content", content(type, std::move(good))}})},
         {"default",
          Json::object({{"description", "what is wrong"},
                        {"content", content("application/problem+json", reference("Problem"))}})}});
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
