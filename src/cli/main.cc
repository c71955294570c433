// main(): finds the verb, reads its words and options (CLI11 inside, from the table of verbs.h),
// and does it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/text.h"
#include "cli/verbs.h"
#include "io/real_clock.h"

namespace {

using ops::Invocation;
using ops::Verb;

constexpr const char* kAbout =
    "ops-agent watches this company's services, repairs what a runbook can repair, proves that it "
    "worked,\n"
    "and wakes a person only for what needs one.";

// ./ops-agent.yaml, then /etc/ops-agent/ops-agent.yaml.
std::string find_config() {
    std::error_code ignored;
    for (const char* path : {"ops-agent.yaml", "/etc/ops-agent/ops-agent.yaml"}) {
        if (std::filesystem::exists(path, ignored)) return path;
    }
    return "";
}

struct Parsed {
    Invocation invocation;
    std::map<std::string, std::string> texts;
    std::map<std::string, bool> flags;
    std::string now;
};

void add_verb(CLI::App& app, const Verb& verb, Parsed& parsed) {
    CLI::App* sub = app.add_subcommand(std::string(verb.name), std::string(verb.help));
    if (verb.hidden) sub->group("");
    sub->footer("Example:\n  " + std::string(verb.example));
    sub->add_option("-c,--config", parsed.invocation.config_file,
                    "configuration; default ./ops-agent.yaml, then /etc/ops-agent/ops-agent.yaml");
    sub->add_flag("--json", parsed.invocation.json, "JSON on standard output");
    // "2m ago" as of another moment: for old records, and for tests that compare output.
    sub->add_option("--now", parsed.now)->group("");
    if (verb.most_words > 0) {
        auto* words = sub->add_option("words", parsed.invocation.words, std::string(verb.words));
        words->expected(verb.least_words, verb.most_words)->required(verb.least_words > 0);
        words->option_text(std::string(verb.words));
    }
    for (const ops::OptionHelp& option : verb.options) {
        const std::string name(option.name);
        if (option.value.empty()) {
            sub->add_flag(name, parsed.flags[name], std::string(option.help));
        } else {
            sub->add_option(name, parsed.texts[name], std::string(option.help))
                ->option_text(std::string(option.value));
        }
    }
}

std::string nearest_verb(const std::string& word) {
    std::vector<std::string> names;
    for (const Verb& verb : ops::verbs()) names.emplace_back(verb.name);
    return ops::did_you_mean(word, names);
}

// What is wrong with the word behind the program's name, better said than by the parser; or
// nothing.
std::string wrong_first_word(int argc, const std::string& word) {
    if (word == "--version" || word == "-V") {
        return "no option '" + word + "'; there is 'ops-agent version'";
    }
    if (word.starts_with('-')) {
        if (argc <= 2 || word == "--help" || word == "-h") return "";
        return "options come after the verb: 'ops-agent VERB " + word + "'; see 'ops-agent --help'";
    }
    for (const Verb& verb : ops::verbs()) {
        if (verb.name == word) return "";
    }
    return "no verb '" + word + "'" + nearest_verb(word) + "; see 'ops-agent --help'";
}

bool has_option(const CLI::App& app, const Verb& verb, const std::string& name) {
    const CLI::App* sub = app.get_subcommand(std::string(verb.name));
    const CLI::Option* option = sub->get_option_no_throw(name);
    return option != nullptr && option->count() > 0;
}

// What a full disk or a closed pipe swallowed was not said.
int said(int code, const ops::Terminal& terminal) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    terminal.problem("not all of it could be written to standard output");
    return code == ops::kFine ? ops::kUnwell : code;
}

int run(int argc, char** argv) {
    ops::Terminal terminal = ops::Terminal::of_standard_output();
    CLI::App app(kAbout, "ops-agent");
    app.require_subcommand(1);
    app.footer(
        "Exit codes: 0 fine, 1 unhealthy or failed, 2 wrong usage or configuration, 3 no running "
        "agent.\n"
        "More: ops-agent VERB --help");
    Parsed parsed;
    for (const Verb& verb : ops::verbs()) add_verb(app, verb, parsed);
    const std::string misplaced = argc > 1 ? wrong_first_word(argc, argv[1]) : "";
    if (!misplaced.empty()) {
        terminal.problem(misplaced);
        return ops::kUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {  // --help
        return app.exit(asked);
    } catch (const CLI::ParseError& wrong) {
        std::string message = wrong.what();
        for (const Verb& verb : ops::verbs()) {
            if (argc < 2 || verb.name != argv[1] || !message.starts_with("words")) continue;
            message = std::string(verb.words) + message.substr(std::string("words").size());
        }
        if (argc < 2) {
            std::fputs(app.help().c_str(), stdout);
            return ops::kUsage;
        }
        terminal.problem(message + "; see 'ops-agent " + std::string(argc > 1 ? argv[1] : "") +
                         " --help'");
        return ops::kUsage;
    }
    Invocation& invocation = parsed.invocation;
    const auto now = parsed.now.empty() ? ops::Result<ops::Time>(ops::RealClock().now())
                                        : ops::parse_rfc3339(parsed.now);
    if (!now.ok()) {
        terminal.problem("--now: " + now.error().message);
        return ops::kUsage;
    }
    invocation.now = now.value();
    invocation.config_given = !invocation.config_file.empty();
    if (!invocation.config_given) invocation.config_file = find_config();
    for (const Verb& verb : ops::verbs()) {
        if (!app.got_subcommand(std::string(verb.name))) continue;
        for (const auto& [name, text] : parsed.texts) {
            if (!text.empty()) invocation.options[name] = text;
            if (!text.empty() || !has_option(app, verb, name)) continue;
            terminal.problem("'" + name + "' is given, but empty");  // a variable that is not set?
            return ops::kUsage;
        }
    }
    for (const auto& [name, is_set] : parsed.flags) {
        if (is_set) invocation.options[name] = "true";
    }
    for (const Verb& verb : ops::verbs()) {
        if (app.got_subcommand(std::string(verb.name)))
            return said(verb.run(invocation, terminal), terminal);
    }
    return ops::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& bug) {
        std::fprintf(stderr, "ops-agent: a bug, please report it: %s\n", bug.what());
        return ops::kBug;
    }
}
