#include "scenario/learned_lines.h"

namespace ops {
namespace {

Result<Json> find_learned(const AskAgent& ask, const std::string& part) {
    const Json all = TRY(ask("GET", "/api/v1/runbook/candidates", {}));
    const auto& list = all["candidates"].items();
    for (auto one = list.rbegin(); one != list.rend(); ++one) {
        if ((*one)["entry"].as_string().find(part) != std::string::npos) return *one;
    }
    return Error{Fault::not_found, "no learned entry '" + part + "'"};
}

}  // namespace

Result<Json> move_learned(const AskAgent& ask, const std::vector<std::string>& words) {
    if (words.size() != 2) return Error{Fault::invalid, words[0] + " PART"};
    const Json one = TRY(find_learned(ask, words[1]));
    return ask("POST", "/api/v1/runbook/candidates/" + one["id"].as_string() + "/" + words[0],
               Json::object({{"by", "founder"}}));
}

Result<std::string> compare_learned(const AskAgent& ask, const std::vector<std::string>& words) {
    if (words[2] == "nothing") {
        const Json all = TRY(ask("GET", "/api/v1/runbook/candidates", {}));
        const auto& list = all["candidates"].items();
        return list.empty() ? std::string() : "there is " + list[0]["entry"].as_string();
    }
    const Result<Json> found = find_learned(ask, words[2]);
    if (!found.ok()) return found.error().message;
    const Json& one = found.value();
    const std::string rung = one["autonomy"].as_string();
    if (rung != words[3]) {
        return "it is in " + rung + ": " + one["why"].as_string() + " " + one["lacks"].as_string();
    }
    for (size_t i = 4; i + 1 < words.size(); i += 2) {
        const Json& count = one[words[i]];
        if (!count.is_number()) return Error{Fault::invalid, "nothing counts '" + words[i] + "'"};
        if (std::to_string(count.as_int()) != words[i + 1]) {
            return words[i] + " is " + std::to_string(count.as_int());
        }
    }
    return std::string();
}

}  // namespace ops
