// command: runs a program here and looks at its exit status and what it prints: a number, JSON, or
// what a Nagios plugin prints.
#include "base/shell_words.h"
#include "base/text.h"
#include "base/units.h"
#include "config/program_place.h"
#include "monitor/check_kind.h"
#include "monitor/reading.h"
#include "monitor/value_range.h"

namespace ops {
namespace {

enum class Plugin { yes, no, look };

struct CommandSettings {
    CommandAsk ask;
    Plugin plugin = Plugin::look;
    ValueRange range;
    std::string prefix;  // of a signal: its name; facts are prefix or prefix_key
    Duration timeout{};
};

class CommandCheck final : public Check {
public:
    CommandCheck(const CheckRequest& request, CommandSettings settings)
        : Check(request.index, request.settings.target, "command"),
          settings_(std::move(settings)) {}

    Ask ask() const override {
        return {.check = index(), .question = settings_.ask, .time_limit = settings_.timeout};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        if (!reply.answer.ok()) {
            seen.reason = shown(reply.answer.error().message);  // it never started
        } else if (const auto* exit = std::get_if<Exit>(&reply.answer.value())) {
            judge_exit(*exit, seen);
        } else {
            seen.reason = "an answer of another kind";
        }
        if (seen.health != Health::unknown) {
            add_fact(seen, "up", Value::boolean(seen.health == Health::good));
        }
        return judged;
    }

private:
    void judge_exit(const Exit& exit, Observation& seen) const {
        const bool exited = exit.how == Exit::How::exited;
        if (exited) add_fact(seen, "exit_code", Value::number(exit.code));
        // Standard output decides; warnings beside it (of perl about the locale) do not.
        const std::string& output = trim(exit.output).empty() ? exit.errors : exit.output;
        const bool is_plugin =
            settings_.plugin == Plugin::yes || (settings_.plugin == Plugin::look && exited &&
                                                exit.code <= 3 && looks_like_plugin(output));
        if (!exit.good() || is_plugin) seen.evidence = shown_evidence(all_of(exit));
        if (is_plugin && exited) return judge_plugin(exit, output, seen);
        if (!exit.good()) {
            seen.health = Health::bad;
            const std::string said =
                last_line(trim(exit.errors).empty() ? exit.output : exit.errors);
            seen.reason = exit.print() + (said.empty() ? "" : ": " + said);
            return;
        }
        judge_output(output, seen);
    }

    static std::string all_of(const Exit& exit) {
        const bool is_open = !exit.output.empty() && !exit.output.ends_with('\n');
        return exit.output + (is_open && !exit.errors.empty() ? "\n" : "") + exit.errors;
    }

    void judge_plugin(const Exit& exit, const std::string& said, Observation& seen) const {
        PluginOutput output = parse_plugin_output(said, settings_.prefix);
        const std::string text = output.text.empty() ? exit.print() : output.text;
        if (exit.code == 2) seen.health = Health::bad;
        if (exit.code != 0) seen.reason = text;
        if (exit.code <= 1) {
            seen.health = Health::good;
            seen.degraded = exit.code == 1;
            judge_range(output.facts, seen);
        }
        if (seen.health == Health::good && exit.code == 0) seen.evidence.clear();
        for (Fact& fact : output.facts) seen.facts.push_back(std::move(fact));
    }

    // `min` and `max` are of the number called `value`, or of the only one.
    void judge_range(const std::vector<Fact>& facts, Observation& seen) const {
        if (settings_.range.is_open()) return;
        const std::string name = settings_.prefix + (settings_.prefix.empty() ? "" : "_") + "value";
        const Fact* meant = nullptr;
        int numbers = 0;
        for (const Fact& fact : facts) {
            if (!fact.value.is_quantity()) continue;
            const bool is_named = meant != nullptr && meant->name == name;
            if (!is_named) meant = &fact;
            ++numbers;
        }
        const bool is_clear = numbers == 1 || (numbers > 1 && meant->name == name);
        std::string differs = is_clear       ? settings_.range.differs(meant->value)
                              : numbers == 0 ? "printed no number to compare"
                                             : "printed several numbers, and none is called value";
        if (differs.empty() || (!is_clear && seen.degraded)) return;
        seen.health = is_clear ? Health::bad : Health::unknown;
        seen.degraded = false;
        seen.reason = (is_clear ? meant->name + ": " : "") + differs;
    }

    void judge_output(const std::string& output, Observation& seen) const {
        seen.health = Health::good;
        std::vector<Fact> facts;
        if (const auto reading = parse_reading(output)) {
            // `value` is a number whatever its unit, so that a rule on it has one type: seconds,
            // bytes or per cent. A signal's own fact keeps its unit.
            add_reading(facts, "value", Value::number(reading->amount()));
            if (!settings_.prefix.empty()) add_reading(facts, settings_.prefix, *reading);
            seen.reason = settings_.range.differs(*reading);
        } else if (read_json_readings(output, settings_.prefix, facts)) {
            judge_range(facts, seen);
        } else {
            // Of a signal the number is the point; of a service the exit status is.
            const bool number_needed = !settings_.prefix.empty() || !settings_.range.is_open();
            if (number_needed) {
                seen.health = Health::unknown;
                seen.reason = "printed neither a number nor JSON: \"" + last_line(output) + "\"";
            }
        }
        if (seen.health == Health::good && !seen.reason.empty()) seen.health = Health::bad;
        for (Fact& fact : facts) seen.facts.push_back(std::move(fact));
    }

    static std::string last_line(std::string_view output) {
        if (output.size() > 8192) output.remove_prefix(output.size() - 8192);
        const std::string_view text = trim(output);
        return shown(text.substr(text.rfind('\n') + 1));
    }

    CommandSettings settings_;
};

std::vector<std::string> read_words(CheckRequest& request) {
    const Node& subject = request.subject;
    const bool shell = request.fields.boolean("shell", false);
    if (subject.is_list()) {
        std::vector<std::string> words;
        for (const Node& item : subject.items) {
            if (!item.is_scalar())
                request.error(item.place, "a word of the command is " + item.describe());
            words.push_back(item.text);
        }
        if (shell) request.error(subject.place, "'shell: true' needs the command as one text");
        if (words.empty() || words[0].empty()) request.error(subject.place, "an empty command");
        return words;
    }
    const std::string text = request.subject_text();
    if (text.empty()) return {};
    if (shell) return {"/bin/sh", "-c", text};
    const PlacedWords split = split_placed_words(text);
    for (const WordProblem& problem : split.problems) {
        request.error(subject.place_of(problem.offset), "command: " + problem.message);
    }
    std::vector<std::string> words;
    for (const Word& word : split.words) words.push_back(word.text);
    if (words.empty()) request.error(subject.place, "an empty command");
    return words;
}

std::unique_ptr<Check> make_command(CheckRequest& request) {
    Fields& fields = request.fields;
    CommandSettings settings;
    settings.ask.command.argv = read_words(request);
    auto& argv = settings.ask.command.argv;
    if (!argv.empty()) argv[0] = program_beside(request.all.file, argv[0]);
    settings.ask.command.time_limit = request.settings.timeout;
    settings.ask.command.output_limit = static_cast<size_t>(request.all.limits.output);
    settings.ask.command.errors_apart = true;
    settings.ask.command.as_user = request.user();
    if (fields.has("nagios")) {
        settings.plugin = fields.boolean("nagios", false) ? Plugin::yes : Plugin::no;
    }
    settings.range = ValueRange::read(fields, request.problems);
    if (request.settings.signal) settings.prefix = fact_name(request.settings.target);
    settings.timeout = request.settings.timeout;
    return std::make_unique<CommandCheck>(request, std::move(settings));
}

}  // namespace

CheckKind command_check_kind() {
    return {.name = "command",
            .help =
                "runs a program on this machine; exit 0 is well. A number it prints is the fact "
                "value, members of a JSON object are facts, and so is a Nagios plugin's "
                "performance data. Of a signal the facts are NAME and NAME_member",
            .subject = "run",
            .settings = {{"run", "text or list of words", "",
                          "the command, split as a shell would split it but without one; a path is "
                          "relative to the configuration's folder"},
                         {"shell", "true or false", "false", "run it by /bin/sh"},
                         {"as", "text", "ourselves", "user to run it as; takes a prober of root"},
                         {"nagios", "true or false", "by its first line",
                          "exit 0, 1, 2, 3 mean well, degraded, down, unknown"},
                         {"min", "number", "none", "a smaller value is down; may have a unit"},
                         {"max", "number", "none",
                          "a larger value is down; may have a unit. Of several numbers they mean "
                          "the one called value"}},
            .use = CheckKind::Use::any,
            .make = make_command};
}

}  // namespace ops
