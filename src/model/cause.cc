#include "model/cause.h"

#include <algorithm>
#include <array>

namespace ops {

namespace {

constexpr std::array<std::string_view, 5> kNames{"entry", "near_miss", "upstream", "change",
                                                 "memory"};

}  // namespace

std::string_view name_of(CauseKind kind) { return kNames.at(static_cast<size_t>(kind)); }

Json Cause::to_json() const {
    return Json::object({{"kind", name_of(kind)},
                         {"cause", text},
                         {"about", about},
                         {"evidence", Json::of_strings(evidence)},
                         {"confidence", confidence},
                         {"right", right},
                         {"wrong", wrong},
                         {"counted_as", counted_as},
                         {"names", Json::of_strings(names)}});
}

std::optional<Cause> read_cause(const Json& json) {
    const auto* const kind = std::find(kNames.begin(), kNames.end(), json["kind"].as_string());
    if (kind == kNames.end()) return std::nullopt;
    Cause cause;
    cause.kind = static_cast<CauseKind>(kind - kNames.begin());
    cause.text = json["cause"].as_string();
    cause.about = json["about"].as_string();
    cause.evidence = json["evidence"].strings();
    cause.confidence = json["confidence"].as_number();
    cause.right = static_cast<int>(json["right"].as_int());
    cause.wrong = static_cast<int>(json["wrong"].as_int());
    cause.counted_as = json["counted_as"].as_string();
    cause.names = json["names"].strings();
    return cause;
}

std::string confidence_words(const Json& cause) {
    const int64_t right = cause["right"].as_int();
    const int64_t of = right + cause["wrong"].as_int();
    const auto percent = static_cast<int>(cause["confidence"].as_number() * 100 + 0.5);
    std::string words = std::to_string(percent) + "% sure (";
    if (of == 0) {
        return words + (percent == 50 ? "nothing counted yet)" : "by others of its kind)");
    }
    return words + "right " + std::to_string(right) + " of " + std::to_string(of) +
           (of == 1 ? " time)" : " times)");
}

}  // namespace ops
