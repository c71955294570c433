#include "learn/ladder_view.h"

#include "learn/learned_file.h"

namespace ops {
namespace {

Autonomy autonomy_of(Rung rung) {
    if (rung == Rung::automatic) return Autonomy::automatic;
    return rung == Rung::ask ? Autonomy::ask : Autonomy::shadow;
}

// The change that brought it where it is; of what was just made, all of it.
std::string change_of(const Ladder& ladder, const Standing& standing) {
    const std::string now = learned_file_of(ladder);
    const bool was_moved = standing.moved_at != standing.made_at;
    const std::string then = learned_file_of(ladder, standing.id, standing.came_from);
    return was_moved ? diff_of(then, now) : diff_of(learned_file_of(ladder, standing.id), now);
}

}  // namespace

std::string learned_file_of(const Ladder& ladder, std::string_view id, Rung rung) {
    std::vector<std::string> blocks;
    for (const Standing& standing : ladder.all()) {
        const Rung is = standing.id == id ? rung : standing.rung;
        if (is != Rung::out) blocks.push_back(with_rung(standing.text, autonomy_of(is)));
    }
    return learned_file(blocks);
}

Json candidates_json(const Ladder& ladder) {
    Json list = Json::array();
    for (const Standing& standing : ladder.all()) {
        const Result<Move> up = ladder.promote(standing.id, standing.share_of_others());
        const bool is_out = standing.rung == Rung::out;
        const std::string next = up.ok()
                                     ? diff_of(learned_file_of(ladder),
                                               learned_file_of(ladder, standing.id, up.value().to))
                                     : "";
        list.push(Json::object(
            {{"id", standing.id},
             {"entry", standing.entry},
             {"autonomy", name_of(standing.rung)},
             {"right", standing.right},
             {"verified", standing.verified},
             {"wrong", standing.wrong},
             {"failed", standing.failed},
             {"incidents", Json::of_strings(standing.incidents)},
             {"made_at", format_rfc3339(standing.made_at)},
             {"used_at", format_rfc3339(standing.used_at)},
             {"expires_at", is_out ? Json() : Json(format_rfc3339(standing.used_at + kUnusedLife))},
             {"why", standing.why},
             {"replay", standing.replayed},
             {"may_be_promoted", up.ok()},
             {"lacks", up.ok() ? "" : up.error().message},
             {"text", with_rung(standing.text, autonomy_of(standing.rung))},
             {"diff", change_of(ladder, standing)},
             {"next_diff", next}}));
    }
    return Json::object({{"candidates", list}});
}

}  // namespace ops
