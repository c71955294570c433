#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "runbook/danger.h"
#include "runbook/runbook_parts.h"
#include "runbook/words.h"

namespace ops {
namespace {

struct StepWord {
    std::string_view key;
    Step::Kind kind;
};
constexpr auto kStepWords = std::to_array<StepWord>({
    {"command", Step::Kind::command},
    {"wait", Step::Kind::wait},
    {"verify", Step::Kind::verify},
    {"alert_if", Step::Kind::alert_if},
    {"restart", Step::Kind::restart},
    {"clear_cache", Step::Kind::clear_cache},
    {"rotate_logs", Step::Kind::rotate_logs},
    {"http", Step::Kind::http},
    {"alert", Step::Kind::alert},
    {"collect", Step::Kind::collect},
});

// What `clear_cache: NAME` does where the configuration does not say.
struct KnownCache {
    std::string_view name, command;
};
constexpr auto kKnownCaches = std::to_array<KnownCache>({
    {"apt", "apt-get clean"},
    {"docker", "docker system prune -f"},
    {"journal", "journalctl --vacuum-time=3d"},
});

Duration read_wait(const Node& node, RunbookDraft& draft) {
    if (!node.is_scalar()) {
        draft.problems.error(node.place,
                             "'wait' must be a duration such as 30s, not " + node.describe());
        return Duration::zero();
    }
    // A bare number counts seconds, as in the first runbooks.
    int seconds = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto read = std::from_chars(node.text.data(), end, seconds);
    Duration wait = std::chrono::seconds(seconds);
    if (read.ec != std::errc{} || read.ptr != end) {
        const Result<Duration> span = parse_duration(node.text);
        if (!span.ok()) {
            draft.problems.error(node.place, "'wait': " + span.error().message);
            return Duration::zero();
        }
        wait = span.value();
    }
    if (wait < Duration::zero() || wait > std::chrono::hours(24)) {
        draft.problems.error(node.place,
                             "'wait' must be from 0 to 24 hours, not " + node.describe());
        return Duration::zero();
    }
    return wait;
}

CommandText read_text_command(const Node& node, Shell shell, std::string_view what,
                              RunbookDraft& draft) {
    if (node.is_scalar()) return parse_command(node, shell, draft.settings, draft.problems);
    if (!node.damaged) {
        draft.problems.error(
            node.place, "'" + std::string(what) + "' must be a command, not " + node.describe());
    }
    return {};
}

void read_restart(const Node& node, Step& step, RunbookDraft& draft) {
    const Inventory& inventory = draft.settings.inventory;
    const std::string name = node.is_scalar() ? node.text : "";
    if (node.is_map() || node.is_list()) {
        draft.problems.error(node.place,
                             "'restart' must be the name of a service, not " + node.describe());
        return;
    }
    if (name.empty() || name == "{service}") {
        step.text = "restart {service}";
        step.command.restart_target = true;
        step.command.text = step.text;
        step.effect = Effect::idempotent;
        for (const auto& [first, command] : draft.settings.restarts) {
            std::vector<CommandIssue> ignored;  // told where the command stands
            const Danger danger =
                danger_of(parse_command(command.text, Shell::no, nullptr, ignored));
            step.effect = std::max(step.effect, danger.effect);
            step.risk = std::max(step.risk, danger.risk);
        }
        return;
    }
    const Service* const service = inventory.find_service(name);
    if (service == nullptr) {
        std::vector<std::string> known;
        for (const Service& one : inventory.services) known.push_back(one.name);
        draft.problems.error(node.place, "there is no service '" +
                                             printable(clip_end(name, 64), Lines::flatten) +
                                             "' in the configuration" + did_you_mean(name, known));
        return;
    }
    step.service = name;
    step.text = "restart " + name;
    if (service->restart.empty()) {
        draft.problems.error(node.place, "the service '" + name + "' has no 'restart' command");
        return;
    }
    step.command = restart_command(*service);
}

// `clear_cache: NAME`, `rotate_logs: NAME`: the operator's own command of that name, else a known
// one on the host of the target.
void read_named(const Node& node, std::string_view what,
                const std::vector<std::pair<std::string, Node>>& own, Step& step,
                RunbookDraft& draft) {
    if (!node.is_scalar()) {
        draft.problems.error(node.place,
                             "'" + std::string(what) + "' must be a name, not " + node.describe());
        return;
    }
    const std::string& name = node.text;
    step.text =
        std::string(what == "clear_cache" ? "clear the cache " : "rotate the logs of ") + name;
    std::vector<std::string> known;
    for (const auto& [own_name, command] : own) {
        known.push_back(own_name);
        if (own_name != name) continue;
        // What is wrong in it was told where it stands.
        std::vector<CommandIssue> ignored;
        step.command = parse_command(command.text, Shell::no, &draft.settings.inventory, ignored);
        return;
    }
    std::string command;
    if (what == "clear_cache") {
        for (const KnownCache& cache : kKnownCaches) {
            known.emplace_back(cache.name);
            if (cache.name == name) command = cache.command;
        }
    } else if (is_safe_word(name)) {
        command = "logrotate --force /etc/logrotate.d/" + name;
    }
    if (command.empty()) {
        draft.problems.error(node.place,
                             "'" + std::string(what) + "' does not know '" +
                                 printable(clip_end(name, 64), Lines::flatten) + "'" +
                                 did_you_mean(name, known) +
                                 (what == "clear_cache" ? "; set its command under 'caches'" : ""));
        return;
    }
    std::vector<CommandIssue> ignored;
    step.command = parse_command(command, Shell::no, nullptr, ignored);
    step.command.host = "{host}";
}

void check_text_placeholders(const Node& node, RunbookDraft& draft) {
    if (!node.is_scalar()) return;
    const std::vector<std::string>& known = placeholder_names();
    for (const Placeholder& placeholder : find_placeholders(node.text)) {
        if (std::find(known.begin(), known.end(), placeholder.name) != known.end()) continue;
        draft.problems.error(node.place_of(placeholder.offset),
                             "unknown placeholder '{" + std::string(placeholder.name) + "}'" +
                                 did_you_mean(placeholder.name, known));
    }
}

void read_http(const Node& node, Step& step, RunbookDraft& draft) {
    Fields fields(node, "http", draft.problems);
    if (node.is_map()) {
        step.http_url = fields.required_text("url");
        step.http_method =
            fields.choice("method", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, "GET");
        step.http_body = fields.text("body");
        if (!step.http_url.empty() && !step.http_url.starts_with("http://") &&
            !step.http_url.starts_with("https://")) {
            draft.problems.error(fields.place_of("url"),
                                 "'url' must begin with http:// or https://");
        }
        check_text_placeholders(fields.node("url"), draft);
        fields.done();
    }
    if (step.http_url.empty()) return;
    step.text = step.http_method + " " + step.http_url;
    const bool reads = step.http_method == "GET" || step.http_method == "HEAD";
    const bool repeats = step.http_method == "PUT" || step.http_method == "DELETE";
    step.effect = reads ? Effect::read : repeats ? Effect::idempotent : Effect::once;
    step.risk = reads ? Risk::low : Risk::medium;
}

void read_step_body(const Node& value, Shell shell, Step& step, RunbookDraft& draft) {
    step.effect = Effect::read;
    switch (step.kind) {
        case Step::Kind::command:
            step.command = read_text_command(value, shell, "command", draft);
            break;
        case Step::Kind::wait: step.wait = read_wait(value, draft); break;
        case Step::Kind::verify: step.verification = read_verification(value, draft); break;
        case Step::Kind::alert_if:
            step.condition = read_condition(value, "'alert_if'", draft);
            break;
        case Step::Kind::restart: read_restart(value, step, draft); break;
        case Step::Kind::clear_cache:
            read_named(value, "clear_cache", draft.settings.caches, step, draft);
            break;
        case Step::Kind::rotate_logs:
            read_named(value, "rotate_logs", draft.settings.rotations, step, draft);
            break;
        case Step::Kind::http: read_http(value, step, draft); break;
        case Step::Kind::alert:
            if (value.is_map() || value.is_list()) {
                draft.problems.error(value.place,
                                     "'alert' must be a text, not " + value.describe());
            }
            check_text_placeholders(value, draft);
            break;
        case Step::Kind::collect: step.collect = read_commands(value, "collect", draft); break;
    }
    if (!step.command.words.empty()) {
        const Danger danger = danger_of(step.command);
        step.effect = danger.effect;
        step.risk = danger.risk;
    }
    for (const CommandText& command : step.collect) {
        step.risk = std::max(step.risk, danger_of(command).risk);
    }
    // A command that nobody knows and that is said to look is believed.
    if (const CommandText& command = step.verification.command; !command.words.empty()) {
        const Danger danger = danger_of(command);
        if (danger.known != Effect::read) step.risk = std::max(step.risk, danger.risk);
    }
}

// What looks is asked again and again, without approval and against no budget: it may change
// nothing, unless somebody takes it on them to say that it does not.
void refuse_changing_looks(const Step& step, RunbookDraft& draft) {
    if (step.effect_given && step.effect == Effect::read) return;
    const auto judge = [&](const CommandText& command, std::string_view what) {
        if (command.words.empty()) return;
        const Danger danger = danger_of(command);
        const std::string shown = "'" + clip_end(command.text, 64) + "'";
        if (danger.known != Effect::read) {
            draft.problems.error(step.place, shown + " changes something, and '" +
                                                 std::string(what) +
                                                 "' only looks: make it a step 'command', or say "
                                                 "'effect: read' if it changes nothing");
        } else if (danger.effect != Effect::read && what == "collect") {
            draft.problems.warning(step.place, shown +
                                                   " is not known to be read-only, and 'collect' "
                                                   "is for evidence: say 'effect: read' if it is");
        }
    };
    judge(step.verification.command, "verify");
    for (const CommandText& command : step.collect) judge(command, "collect");
}

std::string known_steps() {
    std::string all;
    for (const StepWord& word : kStepWords) all.append(all.empty() ? "" : ", ").append(word.key);
    return all;
}

// The key that says what the step does; null and an error when there is none, or a second one.
const StepWord* find_step_word(const Node& node, RunbookDraft& draft) {
    const StepWord* found = nullptr;
    for (const Node::Member& member : node.members) {
        const auto word = std::find_if(kStepWords.begin(), kStepWords.end(),
                                       [&](const StepWord& one) { return one.key == member.key; });
        if (word == kStepWords.end()) continue;
        if (found != nullptr) {
            draft.problems.error(member.key_place, "a step does one thing, this one has '" +
                                                       std::string(found->key) +
                                                       "' already: begin a new "
                                                       "step with '-'");
            return nullptr;
        }
        found = &*word;
    }
    if (found != nullptr || node.damaged) return found;
    std::vector<std::string> known;
    for (const StepWord& word : kStepWords) known.emplace_back(word.key);
    for (const Node::Member& member : node.members) {
        if (const std::string hint = did_you_mean(member.key, known); !hint.empty()) {
            draft.problems.error(member.key_place, "unknown step '" + member.key + "'" + hint);
            return nullptr;
        }
    }
    static constexpr auto kModifiers = std::to_array<std::string_view>(
        {"timeout", "as", "undo", "continue_on_error", "effect", "shell"});
    if (std::all_of(node.members.begin(), node.members.end(), [](const Node::Member& member) {
            return std::find(kModifiers.begin(), kModifiers.end(), member.key) != kModifiers.end();
        })) {
        draft.problems.error(node.place, "a step needs one of " + known_steps());
        return nullptr;
    }
    const Place place = node.members.empty() ? node.place : node.members[0].key_place;
    const std::string shown =
        node.members.empty()
            ? ""
            : " '" + printable(clip_end(node.members[0].key, 64), Lines::flatten) + "'";
    draft.problems.error(place, "unknown step" + shown + " (known: " + known_steps() + ")");
    return nullptr;
}

}  // namespace

std::vector<CommandText> read_commands(const Node& node, std::string_view what,
                                       RunbookDraft& draft) {
    std::vector<CommandText> commands;
    const auto read_one = [&](const Node& item) {
        if (!item.is_map()) {
            commands.push_back(read_text_command(item, Shell::no, what, draft));
            return;
        }
        Fields fields(item, what, draft.problems);
        const Shell shell = fields.boolean("shell", false) ? Shell::yes : Shell::no;
        const Node& command = fields.node("command");
        fields.done();
        if (command) commands.push_back(read_text_command(command, shell, "command", draft));
    };
    if (!node || node.kind == Node::Kind::null) return commands;
    if (!node.is_list()) {
        read_one(node);
    } else {
        for (const Node& item : node.items) read_one(item);
    }
    return commands;
}

std::optional<Step> read_step(const Node& node, RunbookDraft& draft) {
    if (!node.is_map()) {
        if (!node.damaged) {
            draft.problems.error(
                node.place, "a step must be a map such as 'command: ...', not " + node.describe());
        }
        return std::nullopt;
    }
    const StepWord* const word = find_step_word(node, draft);
    if (word == nullptr) return std::nullopt;
    Fields fields(node, "a step '" + std::string(word->key) + "'", draft.problems);
    const Node& value = fields.node(word->key);
    Step step;
    step.kind = word->kind;
    step.place = value.place;
    step.text = value.is_scalar() ? value.text : std::string(word->key);
    const bool runs_command = step.kind == Step::Kind::command;
    const Shell shell = runs_command && fields.boolean("shell", false) ? Shell::yes : Shell::no;
    read_step_body(value, shell, step, draft);
    step.timeout = fields.duration("timeout", Duration::zero());
    if (fields.has("timeout") && step.timeout <= Duration::zero() && step.timeout.count() == 0 &&
        trim(node["timeout"].text) == "0") {
        draft.problems.error(fields.place_of("timeout"), "'timeout' must be longer than nothing");
    }
    if (step.kind == Step::Kind::verify && step.timeout > Duration::zero()) {
        step.verification.timeout = step.timeout;
    }
    step.as_user = fields.text("as");
    if (!step.as_user.empty() && !is_safe_word(step.as_user)) {
        draft.problems.error(fields.place_of("as"),
                             "'as' must be the name of a user, not " + node["as"].describe());
    }
    step.continue_on_error = fields.boolean("continue_on_error", false);
    step.undo = read_commands(fields.node("undo"), "undo", draft);
    for (const CommandText& command : step.undo) {
        step.risk = std::max(step.risk, danger_of(command).risk);
    }
    if (fields.has("effect")) {
        const std::string effect = fields.choice("effect", {"read", "idempotent", "once"}, "once");
        step.effect = effect == "read"         ? Effect::read
                      : effect == "idempotent" ? Effect::idempotent
                                               : Effect::once;
        step.effect_given = true;
    } else {
        (void)fields.node("effect");
    }
    fields.done();
    refuse_changing_looks(step, draft);
    return step;
}

}  // namespace ops
