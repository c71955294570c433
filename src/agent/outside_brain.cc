#include "agent/outside_brain.h"

#include <utility>

#include "agent/redacted.h"
#include "base/text.h"
#include "io/secret.h"
#include "patterns/quarantine.h"
#include "web/messages.h"

namespace ops {
namespace {

constexpr size_t kMostAsked = 500;  // bytes of a question: it stands in a URL

std::string safe(const std::string& text, Time now) {
    const Quarantined seen =
        quarantine({.source = "outside Brain", .from = now, .to = now, .text = text}, Templates(),
                   Reader::person);
    return std::string(trim(seen.text));
}

}  // namespace

Result<Json> OutsideBrain::ask(const std::string& method, const std::string& path,
                               const std::string& body) {
    const std::string token =
        settings_.token_file.empty()
            ? settings_.token
            : TRY(read_secret(files_, settings_.token_file).during("token of the outside Brain"));
    HttpRequest request;
    request.method = method;
    request.url = settings_.url + path;
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = body;
    request.time_limit = settings_.timeout;
    const HttpReply reply = TRY(http_.send(request));
    if (reply.status < 200 || reply.status > 299) {
        const bool later = reply.status == 408 || reply.status == 429 || reply.status >= 500;
        return Error{later ? Fault::unavailable : Fault::denied,
                     "HTTP " + std::to_string(reply.status)};
    }
    Result<Json> json = Json::parse(reply.body);
    if (!json.ok()) return Error{Fault::invalid, "its answer is no JSON"};
    return json;
}

Result<> OutsideBrain::health() {
    TRY(ask("GET", "/health", ""));
    return {};
}

Result<std::vector<Memory>> OutsideBrain::search(const std::string& text, Time now) {
    const Json answer =
        TRY(ask("GET",
                "/api/v1/brain/search?q=" + percent_encoded(clip_end(safe(text, now), kMostAsked)) +
                    "&limit=" + std::to_string(kMostFromOutside),
                ""));
    if (!answer["results"].is_array()) return Error{Fault::invalid, "its answer has no 'results'"};
    std::vector<Memory> found;
    for (const Json& one : answer["results"].items()) {
        if (found.size() == kMostFromOutside) break;
        Memory memory;
        // It is shown like all the rest, so it may hold as little.
        memory.id =
            "outside:" + printable(clip_end(safe(one["id"].as_string(), now), 100), Lines::flatten);
        memory.title =
            clip_end(printable(safe(one["title"].as_string(), now), Lines::flatten), 200);
        memory.text = clip_middle(safe(one["text"].as_string(), now), 4000);
        memory.provenance = Provenance::outside;
        memory.at = now;
        // Only to know our own again; nothing else of it is taken over.
        const std::string own = one["meta"]["id"].as_string();
        if (is_safe_word(own) && own.size() <= 128) memory.meta = Json::object({{"id", own}});
        if (!memory.title.empty()) found.push_back(std::move(memory));
    }
    return found;
}

Result<std::string> OutsideBrain::tell(const Memory& memory, const std::string& from) {
    // What a command of the operator's holds is for our eyes only, too.
    const Json body = redacted(Json::object(
        {{"title", memory.title}, {"text", memory.text}, {"meta", meta_of(memory, from)}}));
    const Json answer = TRY(ask("POST", "/api/v1/brain/memories", body.dump()));
    return printable(clip_end(answer["id"].as_string(), 128), Lines::flatten);
}

Json meta_of(const Memory& memory, const std::string& from) {
    return Json::object({{"from", from},
                         {"id", memory.id},
                         {"incident", memory.incident},
                         {"service", memory.target},
                         {"group", memory.group},
                         {"host", memory.host},
                         {"rule", memory.rule},
                         {"signature", Json::of_strings(memory.signature)},
                         {"cause", memory.cause},
                         {"entry", memory.entry},
                         {"commands", Json::of_strings(memory.commands)},
                         {"outcome", name_of(memory.outcome)},
                         {"provenance", name_of(memory.provenance)},
                         {"at", format_rfc3339(memory.at)}});
}

}  // namespace ops
