// Saving and reading back what was learned: docs/patterns.md describes the form.
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "patterns/templates.h"

namespace ops {
namespace {

constexpr int kVersion = 1;

Error refuse(std::string_view why) {
    return {Fault::corrupt, std::string("saved templates: ").append(why)};
}

std::string joined(const std::vector<MaskedToken>& tokens, std::string MaskedToken::*part) {
    std::string all;
    for (const MaskedToken& token : tokens) {
        if (!all.empty()) all += ' ';
        all += token.*part;
    }
    return all;
}

Result<std::vector<MaskedToken>> tokens_of(const std::string& text, const std::string& key) {
    std::vector<MaskedToken> tokens;
    if (text.empty() != key.empty()) return refuse("a template without its key");
    if (text.empty()) return tokens;
    const auto texts = split(text, ' ');
    const auto keys = split(key, ' ');
    if (texts.size() != keys.size()) return refuse("as many words as keys are needed");
    if (texts.size() > kMostTokens + 1) return refuse("a template is too long");
    for (size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty() || keys[i].empty()) return refuse("an empty word");
        for (const char c : texts[i]) {
            if (static_cast<unsigned char>(c) < ' ') return refuse("a control character");
        }
        tokens.push_back({std::string(texts[i]), std::string(keys[i])});
    }
    return tokens;
}

bool is_count(const Json& json) {
    return json.is_number() && json.as_int(-1) >= 0 &&
           json.as_int() < std::numeric_limits<int64_t>::max() / 4;
}

uint64_t count_of(const Json& json) { return static_cast<uint64_t>(json.as_int()); }

}  // namespace

Json Templates::to_json() const {
    Json list = Json::array();
    for (const auto& [id, made] : templates_) {
        list.push(Json(Json::Array{id, made.count, made.last_seen,
                                   joined(made.tokens, &MaskedToken::text),
                                   joined(made.tokens, &MaskedToken::key)}));
    }
    Json aliases = Json::array();
    for (const auto& [from, to] : aliases_) aliases.push(Json(Json::Array{from, to}));
    return Json::object({{"version", kVersion},
                         {"lines", lines_},
                         {"next_id", next_id_},
                         {"forgotten", forgotten_},
                         {"templates", std::move(list)},
                         {"aliases", std::move(aliases)}});
}

Result<Templates> Templates::restore(std::string_view saved, size_t most_templates) {
    return from_json(TRY(Json::parse(saved).during("saved templates")), most_templates);
}

Result<Templates> Templates::from_json(const Json& json, size_t most_templates) {
    if (json["version"] != Json(kVersion)) return refuse("of another version");
    if (!is_count(json["lines"]) || !is_count(json["next_id"]) || !is_count(json["forgotten"]) ||
        !json["templates"].is_array() || !json["aliases"].is_array())
        return refuse("a part is missing");
    Templates templates(most_templates);
    templates.lines_ = count_of(json["lines"]);
    templates.next_id_ = count_of(json["next_id"]);
    templates.forgotten_ = count_of(json["forgotten"]);
    uint64_t before = 0;
    for (const Json& row : json["templates"].items()) {
        const Json::Array& field = row.items();
        if (field.size() != 5 || !is_count(field[0]) || !is_count(field[1]) ||
            !is_count(field[2]) || !field[3].is_string() || !field[4].is_string())
            return refuse("a template is not [id, count, last seen, text, key]");
        Template made{.id = count_of(field[0]),
                      .count = count_of(field[1]),
                      .last_seen = count_of(field[2]),
                      .tokens = TRY(tokens_of(field[3].as_string(), field[4].as_string()))};
        if (made.id <= before || made.id >= templates.next_id_ || made.last_seen > templates.lines_)
            return refuse("ids or times are out of order");
        before = made.id;
        templates.index(made);
        templates.templates_.emplace(made.id, std::move(made));
    }
    if (templates.by_key_.size() != templates.templates_.size())
        return refuse("a template is there twice");
    uint64_t alias_before = 0;
    for (const Json& row : json["aliases"].items()) {
        const Json::Array& field = row.items();
        if (field.size() != 2 || !is_count(field[0]) || !is_count(field[1]))
            return refuse("an alias is not [from, to]");
        const uint64_t from = count_of(field[0]);
        const uint64_t to = count_of(field[1]);
        // What was joined is always the younger one, so aliases cannot go round in circles.
        if (from <= alias_before || from >= templates.next_id_ || to >= from || to == 0 ||
            templates.templates_.contains(from))
            return refuse("an alias points nowhere");
        alias_before = from;
        templates.aliases_[from] = to;
    }
    while (templates.templates_.size() > templates.most_ || templates.bytes_ > kMostTemplateBytes)
        templates.forget_oldest();
    return templates;
}

}  // namespace ops
