#include "model/cause.h"

#include <array>

namespace ops {

std::string_view name_of(CauseKind kind) {
    constexpr std::array<std::string_view, 5> kNames{"entry", "near_miss", "upstream", "change",
                                                     "memory"};
    return kNames.at(static_cast<size_t>(kind));
}

Json Cause::to_json() const {
    return Json::object({{"kind", name_of(kind)},
                         {"cause", text},
                         {"about", about},
                         {"evidence", Json::of_strings(evidence)},
                         {"confidence", confidence},
                         {"right", right},
                         {"wrong", wrong}});
}

}  // namespace ops
