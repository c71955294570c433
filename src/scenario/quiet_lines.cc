#include "scenario/quiet_lines.h"

#include "base/text.h"

namespace ops {
namespace {

// Of a list of the API, the one whose `key` holds these words.
Result<std::string> id_of(const Json& list, const char* key, const std::string& wanted) {
    for (const Json& one : list.items()) {
        if (join(one[key].strings(), " ") == wanted) return one["id"].as_string();
    }
    return Error{Fault::not_found, "none is of '" + wanted + "'"};
}

Json order(const char* key, const std::vector<std::string>& words) {
    return Json::object({{key, Json::of_strings({words.begin() + 1, words.end() - 1})},
                         {"duration", words.back()},
                         {"by", "founder"},
                         {"reason", "in a scenario"}});
}

}  // namespace

Result<> change_silences(const AskAgent& ask, const std::vector<std::string>& words) {
    const std::string path = "/api/v1/silences";
    if (words[0] == "silence") {
        TRY(ask("POST", path, order("matchers", words)));
        return {};
    }
    const Json all = TRY(ask("GET", path, {}));
    const std::string id =
        TRY(id_of(all["silences"], "matchers", join({words.begin() + 1, words.end()}, " ")));
    TRY(ask("POST", path + "/" + id + "/end", Json::object({{"by", "founder"}})));
    return {};
}

}  // namespace ops
