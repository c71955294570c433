#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/brain_settings.h"
#include "config/fields.h"
#include "config/settings_parts.h"
#include "model/fact.h"

namespace ops {
namespace {

constexpr auto kFactTypes = std::to_array<std::string_view>(
    {"number", "percentage", "duration", "size", "string", "boolean"});

bool is_fact_name(std::string_view name) {
    if (name.empty() || !(name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'))) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
}

void declare(std::string name, std::string_view type, SettingsDraft& draft) {
    draft.settings.declared_facts.emplace_back(std::move(name), std::string(type));
}

std::string as_fact(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

// The facts that a signal of this kind is known to give (product.md 3).
void declare_facts_of(const std::string& fact, const Node& signal, SettingsDraft& draft) {
    if (signal["stripe"]) {
        for (const char* const what :
             {"mrr", "hourly", "subscriptions", "charges_hourly", "failed_hourly", "uncounted"}) {
            declare(fact + "_" + what, "number", draft);
        }
    } else if (signal["app_store"]) {
        declare("review_state", "string", draft);
        declare(fact + "_version", "string", draft);
        declare(fact + "_submission", "string", draft);
    } else {
        declare(fact, "", draft);
    }
}

void read_signal(const Node& node, SettingsDraft& draft) {
    Fields fields(node, "a signal", draft.problems);
    const std::string name = fields.required_text("name");
    CheckSettings check;
    check.target = name;
    check.signal = true;
    check.interval = fields.duration("every", std::chrono::minutes(5));
    check.timeout = fields.duration("timeout", std::chrono::seconds(20));
    check.failures = fields.integer("failures", 3, 1, 1000);
    check.recoveries = fields.integer("recoveries", 1, 1, 1000);
    read_facts(fields.node("facts"), draft);
    if (check.interval < std::chrono::seconds(1)) {
        draft.problems.error(fields.place_of("every"), "'every' of a signal must be 1s or longer");
    }
    check.check = node;
    std::erase_if(check.check.members, [](const Node::Member& member) {
        return member.key == "name" || member.key == "every" || member.key == "timeout" ||
               member.key == "failures" || member.key == "recoveries" || member.key == "facts";
    });
    if (check.check.members.empty() && !node.damaged) {
        draft.problems.error(node.place, "signal '" + name +
                                             "' must say where it comes from: command, prometheus, "
                                             "sql, stripe or app_store");
    }
    const bool is_ours = !name.empty() && draft.claim("signal", name, fields.place_of("name"));
    if (!check.check.members.empty()) draft.settings.checks.push_back(std::move(check));
    if (!is_ours) return;
    const std::string fact = as_fact(name);
    const bool is_own_fact = !node["stripe"] && !node["app_store"];
    if (is_own_fact && find_fact_kind(fact) != nullptr) {
        draft.problems.warning(fields.place_of("name"),
                               "'" + fact +
                                   "' is a fact of hosts or services already, and what this signal "
                                   "says is taken for that: give the signal another name");
    }
    declare_facts_of(fact, node, draft);
    draft.settings.inventory.signals.push_back(name);
}

}  // namespace

void check_url(Fields& fields, std::string_view key, Problems& problems) {
    const std::string url = fields.text(key);
    if (url.empty() || url.starts_with("http://") || url.starts_with("https://")) return;
    problems.error(fields.place_of(key),
                   "'" + std::string(key) + "' must begin with http:// or https://");
}

void read_signals(const Node& node, SettingsDraft& draft) {
    for (const Node* const item : maps_of(node, "signals", draft.problems)) {
        read_signal(*item, draft);
    }
}

void read_facts(const Node& node, SettingsDraft& draft) {
    if (node.is_scalar() || node.is_list()) {
        draft.problems.error(
            node.place,
            "'facts' must be a map such as {queue_lag: duration}, not " + node.describe());
    }
    for (const Node::Member& member : node.members) {
        if (!is_fact_name(member.key)) {
            draft.problems.error(member.key_place,
                                 "the fact '" + printable(member.key, Lines::flatten) +
                                     "' may hold small letters, digits and '_' only");
            continue;
        }
        const std::vector<std::string> known(kFactTypes.begin(), kFactTypes.end());
        const std::string& type = member.value.text;
        if (!member.value.is_scalar() ||
            std::find(known.begin(), known.end(), type) == known.end()) {
            draft.problems.error(member.value.place, "the type of '" + member.key +
                                                         "' must be one of " + join(known, ", ") +
                                                         ", not " + member.value.describe() +
                                                         did_you_mean(type, known));
            continue;
        }
        if (const FactKind* const kind = find_fact_kind(member.key);
            kind != nullptr && name_of(kind->type) != type) {
            draft.problems.error(member.key_place, "'" + member.key + "' is a built-in fact, a " +
                                                       std::string(name_of(kind->type)));
            continue;
        }
        declare(member.key, type, draft);
    }
}

void read_events(const Node& node, SettingsDraft& draft) {
    if (node.is_scalar() || node.is_map()) {
        draft.problems.error(node.place,
                             "'events' must be a list of names, not " + node.describe());
    }
    for (const Node& item : node.items) {
        if (item.is_scalar() && is_fact_name(item.text)) {
            draft.settings.events.push_back(item.text);
        } else {
            draft.problems.error(item.place, "the event " + item.describe() +
                                                 " may hold small letters, digits and '_' only");
        }
    }
}

void read_named_commands(const Node& node, std::string_view what,
                         std::vector<std::pair<std::string, Node>>& commands, Problems& problems) {
    if (node.is_scalar() || node.is_list()) {
        problems.error(
            node.place,
            "'" + std::string(what) + "' must be a map of 'name: command', not " + node.describe());
    }
    for (const Node::Member& member : node.members) {
        if (!is_safe_word(member.key)) {
            problems.error(member.key_place,
                           "the name '" + printable(member.key, Lines::flatten) +
                               "' may hold letters, digits, '.', '_' and '-' only");
        } else if (!member.value.is_scalar() || member.value.text.empty()) {
            problems.error(member.value.place, "'" + member.key + "' must be a command, not " +
                                                   member.value.describe());
        } else {
            commands.emplace_back(member.key, member.value);
        }
    }
}

BrainSettings read_brain_settings(const Node& node, Problems& problems) {
    BrainSettings brain;
    Fields fields(node, "brain", problems);
    brain.url = fields.text("url");
    while (brain.url.ends_with('/')) brain.url.pop_back();
    check_url(fields, "url", problems);
    if (brain.url.empty() && (fields.has("token") || fields.has("token_file"))) {
        (void)fields.required_text("url");  // whose token would it be?
    }
    brain.token_file = fields.text("token_file");
    brain.token = fields.text("token");
    if (!brain.token_file.empty() && !brain.token.empty()) {
        problems.error(fields.place_of("token"), "'token' and 'token_file' cannot both be given");
    }
    brain.timeout = fields.duration("timeout", brain.timeout);
    brain.keep = fields.duration("keep", brain.keep);
    if (brain.keep < std::chrono::hours(24)) {
        problems.error(fields.place_of("keep"), "'keep' must be at least a day");
        brain.keep = std::chrono::hours(24);
    }
    fields.done();
    return brain;
}

void read_brain(const Node& node, Problems& problems) {
    (void)read_brain_settings(node, problems);  // agent/load.cc takes the value
}

}  // namespace ops
