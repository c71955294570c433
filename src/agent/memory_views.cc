#include "agent/memory_views.h"

#include <utility>

#include "agent/views.h"
#include "base/text.h"
#include "learn/brain.h"
#include "patterns/quarantine.h"

namespace ops {
namespace {

constexpr size_t kMostFound = 100, kMostListed = 1000;

Result<Json> search(Memories& memories, const View& view, Time now) {
    const std::string asked = filter_of(view, "q");
    if (trim(asked).empty()) return Error{Fault::invalid, "search for what? Give q=TEXT"};
    const Likeness question{.text = clip_end(asked, kMostMemoryText), .now = now};
    const size_t limit = TRY(limit_of(view, 10, kMostFound));
    Json results = Json::array();
    for (const Recalled& one : TRY(recall(memories, question, limit))) {
        results.push(recalled_json(one));
    }
    return Json::object({{"results", results}});
}

Result<Json> list(Memories& memories, const View& view) {
    const size_t limit = TRY(limit_of(view, 100, kMostListed));
    const std::vector<Memory> found = TRY(memories.list(filter_of(view, "after"), limit));
    Json all = Json::array();
    for (const Memory& memory : found) all.push(memory.to_json());
    return Json::object(
        {{"memories", all}, {"next", found.size() < limit ? Json() : Json(found.back().id)}});
}

}  // namespace

Result<Memory> read_to_keep(const Json& json, std::string id, Time now, Duration keep) {
    Memory memory = TRY(read_added(json, std::move(id), now));
    const auto safe = [&](const std::string& text) {
        const Quarantined seen =
            quarantine({.source = "memory", .from = now, .to = now, .text = text}, Templates(),
                       Reader::person);
        return std::string(trim(seen.text));
    };
    memory.text = clip_middle(safe(memory.text), kMostMemoryText - 64);
    memory.note = clip_end(safe(memory.note), 4000);
    memory.title = clip_end(printable(safe(memory.title), Lines::flatten), 500);
    if (!memory.expires_at) memory.expires_at = add_saturating(now, keep);
    return memory;
}

Json recalled_json(const Recalled& recalled) {
    Json json = recalled.memory.to_json();
    json.set("score", recalled.score);
    json.set("why", Json::of_strings(recalled.why));
    return json;
}

Result<Json> look_at_memories(Memories& memories, const View& view, Time now) {
    if (view.what == "brain/search") return search(memories, view, now);
    if (view.what == "brain/memories") return list(memories, view);
    if (view.what == "brain/health") {
        const uint64_t count = TRY(memories.count());
        return Json::object({{"status", "ok"}, {"memories", count}});
    }
    return Error{Fault::not_found, "nothing to look at is called '" + view.what + "'"};
}

}  // namespace ops
