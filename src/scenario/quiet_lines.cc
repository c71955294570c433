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

Result<> change_maintenance(const AskAgent& ask, const std::vector<std::string>& words) {
    const std::string path = "/api/v1/maintenance";
    if (words[1] != "end") {
        TRY(ask("POST", path, order("names", words)));
        return {};
    }
    const Json all = TRY(ask("GET", path, {}));
    const Result<std::string> ours =
        id_of(all["windows"], "names", join({words.begin() + 2, words.end()}, " "));
    // One of the configuration is known by its name.
    const std::string id = ours.ok() && !ours.value().empty() ? ours.value() : words.back();
    TRY(ask("POST", path + "/" + id + "/end", Json::object({{"by", "founder"}})));
    return {};
}

}  // namespace

bool is_quiet_line(const std::vector<std::string>& words) {
    const size_t least = words[0] == "unsilence" ? 2 : 3;
    const bool known =
        words[0] == "silence" || words[0] == "unsilence" || words[0] == "maintenance";
    return known && words.size() >= least;
}

Result<> have_less_told(const AskAgent& ask, const std::vector<std::string>& words) {
    return words[0] == "maintenance" ? change_maintenance(ask, words) : change_silences(ask, words);
}

}  // namespace ops
