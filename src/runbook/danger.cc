#include "runbook/danger.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "runbook/danger_words.h"
#include "runbook/words.h"

namespace ops {
namespace {

constexpr Danger kHarmless{Effect::read, Risk::low, Effect::read};
constexpr Danger kNobodyKnows{Effect::once, Risk::medium, Effect::read};
// As nobody knows a program, but what it does stands there, for a person to read.
constexpr Danger kUnread{Effect::once, Risk::high, Effect::read};
constexpr Danger kWorst{Effect::once, Risk::destructive, Effect::once};

bool is_shell(std::string_view program) {
    return is_one_of("sh bash dash zsh ksh ash rbash fish", program);
}

std::string protected_unit(std::string_view word) {
    std::string_view unit = word;
    if (unit.ends_with(".service") || unit.ends_with(".socket"))
        unit = unit.substr(0, unit.rfind('.'));
    if (unit == "ssh" || unit == "sshd") return "sshd";
    if (unit == "ops-agent" || unit.starts_with("ops-agent-") || unit.starts_with("ops-agent@")) {
        return "ops-agent";
    }
    if (is_one_of("networking systemd-networkd NetworkManager network network-online.target "
                  "network.target",
                  unit)) {
        return "networking";
    }
    return "";
}

// Of one command that changes something.
std::string protected_by(std::string_view program, Words arguments, bool in_container) {
    const bool acts_on_units = is_one_of(
        "systemctl service rc-service invoke-rc.d supervisorctl pkill killall initctl", program);
    for (const std::string& argument : arguments) {
        const bool is_first = program == "kill" ? argument == "1" || argument == "-1"
                                                : is_one_of("pkill killall", program) &&
                                                      is_one_of("systemd init", argument);
        if (is_first && !in_container) return "pid 1";
        if (!acts_on_units) continue;
        if (std::string found = protected_unit(argument); !found.empty()) return found;
    }
    if (is_one_of("ip ifdown ifup nmcli iptables ip6tables nft ufw ifconfig route netplan "
                  "networkctl wg-quick",
                  program)) {
        return "networking";
    }
    return "";
}

// What a shell says before the command of a part.
bool comes_before_command(std::string_view word) {
    if (is_one_of("then else elif if while until do ! { } fi done esac", word)) return true;
    const size_t equals = word.find('=');
    const auto is_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return equals != std::string_view::npos && equals > 0 &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals), is_name);
}

// shutdown behind a program that nobody knows is mostly what that one calls its own end, as it is
// to supervisorctl, unless it goes on as shutdown(8) does: -h now, +5, 23:00.
bool may_end_itself(Words words) {
    if (words[0] != "shutdown" && words[0] != "halt") return false;
    return std::none_of(words.begin() + 1, words.end(), [](const std::string& word) {
        return word == "now" || word.find(':') != std::string::npos ||
               (!word.empty() && word.find_first_not_of("+0123456789") == std::string::npos) ||
               (word.size() > 1 && word[0] == '-' &&
                (is_one_of("--halt --poweroff --reboot --force", word) ||
                 (word[1] != '-' &&
                  word.find_first_not_of("hHPprRkfFnc", 1) == std::string::npos)));
    });
}

// Is what runs known only when it runs? A folder may stand in a variable: $HOME/bin/fix.
bool is_named_by_variable(std::string_view program) {
    if (base_name(program).find('$') != std::string_view::npos) return true;
    const size_t dollar = program.find('$');
    return dollar != std::string_view::npos && dollar > 0 && program[dollar - 1] != '/';
}

bool may_be_script(std::string_view word) {
    return word.find_first_of(" \t\n|&;()`") != std::string_view::npos;
}

// cat /dev/zero > /dev/sda
bool writes_to_device(std::string_view script) {
    for (size_t at = script.find('>'); at != std::string_view::npos;
         at = script.find('>', at + 1)) {
        const std::string_view rest = trim(script.substr(at + 1));
        const std::string_view where = rest.substr(0, rest.find_first_of(" \t\n|&;()<>`"));
        if (!where.starts_with("/dev/")) continue;
        const std::string_view device = where.substr(5);
        if (!is_one_of("null stderr stdout tty", device) && !device.starts_with("fd/") &&
            !device.starts_with("shm/")) {
            return true;
        }
    }
    return false;
}

// Looks at every command that some words may run, through sudo and scripts, and keeps the worst.
class Reader {
public:
    Danger danger = kHarmless;
    std::string protects;

    // How much is read into words that no table understands.
    enum class Doubt {
        any_word,   // a command may begin at each of them
        first_word  // they stand in a text, which may be prose
    };

    void read(Words words, Doubt doubt = Doubt::any_word) {
        if (words.empty()) return note(kNobodyKnows);
        // Nobody reads what is nested so deep.
        if (left_ == 0 || depth_ == kDepth) return note(kWorst);
        --left_;
        ++depth_;
        read_command(words, doubt);
        --depth_;
    }

private:
    static constexpr int kCommands = 500;
    static constexpr int kDepth = 24;
    static constexpr size_t kWords = 1000;

    void note(const Danger& found) { danger = worse(danger, found); }

    void read_command(Words words, Doubt doubt) {
        const std::string_view program = base_name(words[0]);
        const Words arguments = words.subspan(1);
        if (is_shell(program)) return read_shell(arguments);
        if (const std::optional<Wrapped> wrapped = unwrap(words)) return read_wrapped(*wrapped);
        const std::optional<TableAnswer> found = danger_in_table(program, arguments);
        const Danger own = found ? found->danger : kNobodyKnows;
        note(own);
        if (own.effect != Effect::read && protects.empty()) {
            protects = protected_by(program, arguments, in_container_);
        }
        if (found && found->is_certain) return;
        const bool is_unread = doubt == Doubt::any_word && is_named_by_variable(words[0]);
        if (is_unread || runs_unread_code(program, arguments)) note(kUnread);
        read_texts(words, Doubt::first_word);
        if (doubt == Doubt::any_word) read_anywhere(arguments, Doubt::first_word, Behind::program);
    }

    void read_wrapped(const Wrapped& wrapped) {
        note(wrapped.least);
        if (!wrapped.is_certain) {
            note(kNobodyKnows);
            return read_anywhere(wrapped.inner, Doubt::any_word, Behind::wrapper);
        }
        const bool before = std::exchange(in_container_, in_container_ || wrapped.in_container);
        read(wrapped.inner);
        in_container_ = before;
        // xargs rm, find -exec rm: as much as find -delete.
        if (wrapped.many && !wrapped.inner.empty() &&
            is_one_of("rm unlink rmdir", base_name(wrapped.inner[0]))) {
            note(kWorst);
        }
    }

    // What may run a command, or may be told one of its own.
    enum class Behind { wrapper, program };

    // sh [OPTIONS] -c [OPTIONS] SCRIPT [NAME [ARGUMENT...]]
    void read_shell(Words arguments) {
        bool is_script = false, is_input = false;
        while (!arguments.empty() && arguments[0].size() > 1 &&
               (arguments[0][0] == '-' || arguments[0][0] == '+')) {
            const std::string& word = arguments[0];
            arguments = arguments.subspan(1);
            if (word == "--") break;
            const bool cluster = word[1] != '-';
            is_script = is_script || (cluster && word.find('c') != std::string::npos);
            is_input = is_input || (cluster && word.find('s') != std::string::npos);
            const bool valued = word == "--rcfile" || word == "--init-file" ||
                                (cluster && (word.back() == 'o' || word.back() == 'O'));
            if (valued && !arguments.empty()) arguments = arguments.subspan(1);
        }
        if (!is_script || arguments.empty()) {
            note(is_input || arguments.empty() ? kUnread : kNobodyKnows);
            return read_anywhere(arguments, Doubt::any_word, Behind::program);
        }
        read_script(arguments[0], Doubt::any_word);
        // "$@" in the script.
        if (arguments.size() > 1) {
            read_anywhere(arguments.subspan(1), Doubt::any_word, Behind::wrapper);
        }
    }

    // Each word may begin a command. Those that are no program of the tables add nothing.
    void read_anywhere(Words words, Doubt texts, Behind behind) {
        if (words.size() > kWords) return note(kWorst);
        for (size_t i = 0; i < words.size(); ++i) {
            const Words from = words.subspan(i);
            if (behind == Behind::program && may_end_itself(from)) {
                note(kUnread);
                continue;
            }
            const std::string_view program = base_name(from[0]);
            if (is_shell(program) || unwrap(from) || danger_in_table(program, from.subspan(1))) {
                read(from, Doubt::first_word);
            }
        }
        read_texts(words, texts);
    }

    void read_texts(Words words, Doubt doubt) {
        for (const std::string& word : words) {
            if (!may_be_script(word)) continue;
            read_script(word, doubt);
            // su --command='rm -rf x'
            if (!word.starts_with("--")) continue;
            const size_t value = std::min(word.find('='), word.size() - 1) + 1;
            read_script(std::string_view(word).substr(value), doubt);
        }
    }

    // Each command of a script, cut at what separates them, whether quoted or not.
    void read_script(std::string_view script, Doubt doubt) {
        note(kNobodyKnows);
        if (writes_to_device(script)) note(kWorst);
        size_t start = 0;
        // What a shell takes for the blank between two words: rm${IFS}-rf${IFS}/x.
        const std::string spaced =
            replace_all(replace_all(std::string(script), "${IFS}", " "), "$IFS", " ");
        script = spaced;
        while (start <= script.size()) {
            const size_t end = std::min(script.find_first_of("|&;\n()`", start), script.size());
            const SplitWords part = split_words(trim(script.substr(start, end - start)));
            read_part(part.words, script, doubt);
            start = end + 1;
        }
    }

    void read_part(Words words, std::string_view script, Doubt doubt) {
        while (!words.empty() && comes_before_command(words[0])) words = words.subspan(1);
        if (words.empty() || words[0].starts_with('#')) return;
        const std::string_view program = base_name(words[0]);
        if (is_one_of("for select case function", program)) return;
        // echo 'drop table x' | psql, echo 'rm -rf x' | sh
        note(danger_of_input(program, script));
        if ((is_shell(program) || is_one_of("ssh su at batch xargs", program)) && !piped_) {
            piped_ = true;
            read_texts(split_words(script).words, Doubt::any_word);
            piped_ = false;
        }
        read(words, doubt);
    }

    int left_ = kCommands;
    int depth_ = 0;
    bool in_container_ = false;
    bool piped_ = false;  // the texts of a script are being read already
};

Reader read(const CommandText& command) {
    Reader reader;
    reader.read(command.words);
    return reader;
}

}  // namespace

Danger danger_of(const CommandText& command) { return read(command).danger; }

std::string protected_thing(const CommandText& command) { return read(command).protects; }

}  // namespace ops
