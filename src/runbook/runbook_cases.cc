// `tests:` of a runbook: what is given, what is expected (product.md 4.6).
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

std::optional<double> read_number(std::string_view text) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Value> value_of_type(std::string_view text, Type type) {
    switch (type) {
        case Type::number:
            if (const auto number = read_number(text)) return Value::number(*number);
            return std::nullopt;
        case Type::percentage:
            if (!text.ends_with('%')) return std::nullopt;
            if (const auto number = read_number(trim(text.substr(0, text.size() - 1)))) {
                return Value::percentage(*number);
            }
            return std::nullopt;
        case Type::duration: {
            const Result<Duration> span = parse_duration(text);
            return span.ok() ? std::optional(Value::duration(span.value())) : std::nullopt;
        }
        case Type::size: {
            const Result<int64_t> bytes = parse_size(text);
            if (!bytes.ok()) return std::nullopt;
            return Value::size(static_cast<double>(bytes.value()));
        }
        case Type::boolean:
            if (text != "true" && text != "false") return std::nullopt;
            return Value::boolean(text == "true");
        case Type::string: return Value::string(std::string(text));
        case Type::unknown:
        case Type::list: break;
    }
    // A fact whose type only run time knows: as it looks.
    for (const Type guess :
         {Type::number, Type::percentage, Type::duration, Type::size, Type::boolean}) {
        if (std::optional<Value> value = value_of_type(text, guess)) return value;
    }
    return Value::string(std::string(text));
}

void read_given(const Node& node, RunbookTest& test, RunbookDraft& draft) {
    if (!node.is_map()) {
        draft.problems.error(node ? node.place : test.place,
                             "test '" + test.name + "' needs 'given', a map of facts");
        return;
    }
    const std::vector<std::string> targets = {"service", "host", "signal"};
    bool has_target = false;
    for (const Node::Member& member : node.members) {
        const std::optional<Type> type = draft.names.fact(member.key);
        if (!type && member.key != "signal") {
            draft.problems.error(member.key_place, "there is no fact '" + member.key + "'" +
                                                       did_you_mean(member.key, draft.names.all()));
            has_target = has_target || !nearest(member.key, targets).empty();  // told as misspelt
            continue;
        }
        if (!member.value.is_scalar()) {
            draft.problems.error(member.value.place, "'" + member.key + "' must be a value, not " +
                                                         member.value.describe());
            continue;
        }
        const std::optional<Value> value =
            value_of_type(member.value.text, member.key == "signal" ? Type::string : *type);
        if (!value) {
            draft.problems.error(member.value.place, "'" + member.key + "' is a " +
                                                         std::string(name_of(*type)) + ", not " +
                                                         member.value.describe());
            continue;
        }
        const bool is_target =
            member.key == "service" || member.key == "host" || member.key == "signal";
        has_target = has_target || is_target;
        if (is_target && !draft.settings.inventory.has_target(member.value.text)) {
            draft.problems.warning(member.value.place, "there is no " + member.key + " " +
                                                           member.value.describe() +
                                                           " in the configuration");
        }
        test.given.push_back({member.key, *value});
    }
    if (!has_target) {
        draft.problems.error(node.place, "'given' must name its 'service', 'host' or 'signal'");
    }
}

void read_expect(const Node& node, RunbookTest& test, RunbookDraft& draft) {
    if (!node.is_map()) {
        draft.problems.error(node ? node.place : test.place,
                             "test '" + test.name + "' needs 'expect', such as {entry: NAME}");
        return;
    }
    Fields fields(node, "expect", draft.problems);
    test.entry = fields.text("entry");
    test.commands = fields.texts("commands");
    if (!fields.has("entry")) {
        draft.problems.error(node.place, "'expect' needs 'entry', the name of an entry or 'none'");
    }
    fields.done();
    if (draft.runbook.find(test.entry) == nullptr && test.entry == "none") test.entry.clear();
    if (test.entry.empty() || draft.runbook.find(test.entry) != nullptr) return;
    std::vector<std::string> known;
    for (const Entry& entry : draft.runbook.entries) known.push_back(entry.name);
    draft.problems.error(fields.place_of("entry"), "there is no entry '" + test.entry + "'" +
                                                       did_you_mean(test.entry, known));
}

}  // namespace

void read_tests(const Node& node, RunbookDraft& draft) {
    if (node.is_scalar() || node.is_map()) {
        draft.problems.error(node.place,
                             "'tests' must be a list ('- name: ...'), not " + node.describe());
    }
    for (const Node& item : node.items) {
        if (!item.is_map()) {
            if (item.damaged) continue;
            draft.problems.error(item.place,
                                 "a test must be a map ('- name: ...'), not " + item.describe());
            continue;
        }
        Fields fields(item, "a test", draft.problems);
        RunbookTest test;
        test.name = fields.required_text("name");
        test.place = fields.place_of("name");
        read_given(fields.node("given"), test, draft);
        read_expect(fields.node("expect"), test, draft);
        fields.done();
        draft.runbook.tests.push_back(std::move(test));
    }
}

}  // namespace ops
