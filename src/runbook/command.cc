#include "runbook/command.h"

#include <algorithm>

#include "base/text.h"
#include "runbook/words.h"

namespace ops {
namespace {

bool is_ssh(std::string_view word) { return word == "ssh" || word.ends_with("/ssh"); }

const Host* find_destination(const Inventory& inventory, std::string_view word) {
    if (const Host* const host = inventory.find_host(word)) return host;
    for (const Host& host : inventory.hosts) {
        if (!host.ssh.empty() && host.ssh == word) return &host;
    }
    return nullptr;
}

class CommandReader {
public:
    CommandReader(std::string_view text, const Inventory* inventory,
                  std::vector<CommandIssue>& issues)
        : text_(text), inventory_(inventory), issues_(issues) {}

    CommandText read(Shell shell) {
        CommandText command;
        command.text = std::string(trim(text_));
        command.shell = shell == Shell::yes;
        if (command.text.empty()) {
            issue(0, "the command is empty");
            return command;
        }
        PlacedWords split = split_placed_words(text_);
        const bool remote = !split.words.empty() && is_ssh(split.words[0].text);
        if (command.shell) return read_script(std::move(command), split, remote);
        for (const WordProblem& problem : split.problems) issue(problem.offset, problem.message);
        if (remote) {
            read_ssh(command, split.words);
        } else {
            if (!split.words.empty()) check_program(split.words[0]);
            for (Word& word : split.words) add_word(command, word);
        }
        if (command.words.empty() && issues_.empty()) issue(0, "the command is empty");
        return command;
    }

private:
    void issue(size_t offset, std::string message, bool is_warning = false) {
        issues_.push_back({offset, std::move(message), is_warning});
    }

    CommandText read_script(CommandText command, const PlacedWords& split, bool remote) {
        std::string script = command.text;
        if (remote && split.words.size() == 3 && split.problems.empty()) {
            take_host(command, split.words[1]);
            script = split.words[2].text;
        }
        for (const Placeholder& placeholder : find_placeholders(text_)) {
            // Braces have a meaning of their own in a script: only a near miss is a mistake.
            const std::string hint = did_you_mean(placeholder.name, placeholder_names());
            if (!is_known(placeholder.name) && !hint.empty()) {
                issue(placeholder.offset,
                      "unknown placeholder '{" + std::string(placeholder.name) + "}'" + hint);
            }
        }
        command.words = {"/bin/sh", "-c", std::move(script)};
        return command;
    }

    static bool is_known(std::string_view name) {
        const std::vector<std::string>& known = placeholder_names();
        return std::find(known.begin(), known.end(), name) != known.end();
    }

    // "{name" is no word that anybody wants to hand to a program.
    void check_open_placeholders(const Word& word) {
        const std::string& text = word.text;
        for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
            size_t end = at + 1;
            while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) {
                ++end;
            }
            const std::string name = text.substr(at + 1, end - at - 1);
            if (!is_known(name) || (end < text.size() && text[end] == '}')) continue;
            issue(word.offset_of(at), "the placeholder '{" + name + "' is never closed");
        }
    }

    void check_placeholders(const Word& word) {
        check_open_placeholders(word);
        for (const Placeholder& placeholder : find_placeholders(word.text)) {
            if (is_known(placeholder.name)) continue;
            std::string hint = did_you_mean(placeholder.name, placeholder_names());
            if (hint.empty()) {
                hint =
                    "; known are {name}, {service}, {host}, {group} and {n}; put a space inside "
                    "the "
                    "braces if they are meant as they stand";
            }
            issue(word.offset_of(placeholder.offset),
                  "unknown placeholder '{" + std::string(placeholder.name) + "}'" + hint);
        }
    }

    // Whoever runs it has no folder of ours as the current one.
    void check_program(const Word& word) {
        const size_t slash = word.text.find('/');
        if (slash == std::string::npos || slash == 0 || word.text.starts_with('{')) return;
        issue(word.start, "'" + word.text +
                              "' is a relative path: write the whole path of the "
                              "program, or a name that is found on the fixed PATH");
    }

    void add_word(CommandText& command, Word& word) {
        check_placeholders(word);
        command.words.push_back(std::move(word.text));
    }

    void take_host(CommandText& command, const Word& word) {
        command.host = word.text;
        if (word.text == "{host}") return;
        if (word.text.find('{') != std::string::npos) {
            issue(word.start,
                  "the host of an ssh command may be a name or {host}, not '" + word.text + "'");
            return;
        }
        if (inventory_ == nullptr) return;
        if (const Host* const host = find_destination(*inventory_, word.text)) {
            command.host = host->name;
            return;
        }
        std::vector<std::string> known;
        for (const Host& host : inventory_->hosts) known.push_back(host.name);
        issue(word.start,
              "the host '" + word.text + "' is not in 'hosts'" + did_you_mean(word.text, known),
              true);
    }

    void read_ssh(CommandText& command, std::vector<Word>& words) {
        if (words.size() > 1 && words[1].text.starts_with('-')) {
            issue(words[1].start,
                  "ssh options are not taken from a command: put them into ~/.ssh/config, "
                  "or set 'ssh' of the host");
            return;
        }
        if (words.size() < 3) {
            issue(words[0].start, "an ssh command is written ssh HOST 'COMMAND'");
            return;
        }
        take_host(command, words[1]);
        // The other side's shell splits again what ssh hands over, so the same rules hold inside.
        for (size_t i = 2; i < words.size(); ++i) {
            PlacedWords inner = split_placed_words(words[i].text);
            for (const WordProblem& problem : inner.problems) {
                issue(words[i].offset_of(problem.offset), problem.message);
            }
            for (Word& word : inner.words) {
                for (size_t& offset : word.offsets) offset = words[i].offset_of(offset);
                word.start = words[i].offset_of(word.start);
                add_word(command, word);
            }
        }
        if (command.words.empty() && issues_.empty())
            issue(words[2].start, "the command for the host is empty");
    }

    std::string_view text_;
    const Inventory* inventory_;
    std::vector<CommandIssue>& issues_;
};

}  // namespace

CommandText parse_command(std::string_view text, Shell shell, const Inventory* inventory,
                          std::vector<CommandIssue>& issues) {
    return CommandReader(text, inventory, issues).read(shell);
}

CommandText parse_command(const Node& node, Shell shell, const Settings& settings,
                          Problems& problems) {
    std::vector<CommandIssue> issues;
    CommandText command = parse_command(node.text, shell, &settings.inventory, issues);
    for (CommandIssue& issue : issues) {
        const Place place = node.place_of(issue.offset);
        if (issue.is_warning) {
            problems.warning(place, std::move(issue.message));
        } else {
            problems.error(place, std::move(issue.message));
        }
    }
    return command;
}

CommandText restart_command(const Service& service) {
    std::vector<CommandIssue> ignored;  // the configuration's command was checked when it was read
    CommandText command = parse_command(service.restart, Shell::no, nullptr, ignored);
    Inventory alone;
    alone.services.push_back(service);
    alone.index();
    const auto fill = [&](std::string& text) {
        // What cannot be filled stays, and is refused when the command is made.
        Result<std::string> filled = fill_in_text(text, service.name, alone);
        if (filled.ok()) text = std::move(filled).value();
    };
    for (std::string& word : command.words) fill(word);
    fill(command.text);
    if (command.host == "{host}") command.host = service.host;
    return command;
}

}  // namespace ops
