#include "scenario/person_lines.h"

#include <algorithm>
#include <array>

namespace ops {
namespace {

using Words = std::vector<std::string>;

Result<Json> said(const AskAgent& ask, const Words& words, const std::string& incident) {
    if (words[0] == "promote" || words[0] == "demote") return move_learned(ask, words);
    if (incident.empty()) {
        return Error{Fault::not_found, "no incident about '" + words[1] + "'"};
    }
    Json body = Json::object({{"by", "founder"}, {"note", "in a scenario"}});
    if (words.size() >= 4 && words[2] == "by") body.set("by", words[3]);
    if (words.size() >= 6 && words[4] == "as") body.set("user", words[5]);
    if (words.size() >= 4 && words[words.size() - 2] == "note") body.set("note", words.back());
    return ask("POST", "/api/v1/incidents/" + incident + "/" + words[0], body);
}

}  // namespace

bool is_persons_line(const Words& words) {
    constexpr auto kVerbs = std::to_array<std::string_view>(
        {"approve", "reject", "ack", "resolve", "promote", "demote"});
    const size_t verb = words[0] == "refused" ? 1 : 0;
    return words.size() >= verb + 2 &&
           std::find(kVerbs.begin(), kVerbs.end(), words[verb]) != kVerbs.end();
}

std::string let_decide(const AskAgent& ask, const Words& line, const std::string& incident) {
    const bool is_refused = line[0] == "refused";
    Words words(line.begin() + (is_refused ? 1 : 0), line.end());
    std::string expected;
    if (words.size() >= 4 && words[words.size() - 2] == "says") {
        expected = words.back();
        words.resize(words.size() - 2);
    }
    const Result<Json> done = said(ask, words, incident);
    if (done.ok() && is_refused) return "it was taken";
    if (!done.ok() && !is_refused) return done.error().message;
    const std::string answer = done.ok() ? done.value().dump() : done.error().message;
    return answer.find(expected) == std::string::npos ? "the answer is '" + answer + "'" : "";
}

}  // namespace ops
