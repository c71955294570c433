#include "monitor/auth_log.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <vector>

#include "base/text.h"

namespace ops {
namespace {

using re2::RE2;
using Kind = AuthEvent::Kind;
constexpr size_t kMostName = 64;
constexpr size_t kMostCommand = 500;
constexpr unsigned kMostTimes = 100'000;

// Which program wrote the line, and what. Before the program stand at most five words (time, host),
// none of which ends with a colon as a program's name would.
const RE2& header() {
    static const RE2 expression(
        R"(^(?:\S*[^\s:]\s+){0,5}(sshd|sshd-session|sudo|su|useradd|fail2ban\.actions)\s*)"
        R"((?:\[\d+\])?:\s+(.*)$)",
        RE2::Latin1);
    return expression;
}

struct Form {
    std::string_view program;
    Kind kind;
    // Groups by name: user, source, method, times, command.
    std::string expression;
};

// What sshd writes after a user's name; the name itself may hold the same words, so it is as long
// as can be.
const std::string kFrom =
    R"((?P<user>.*) from (?P<source>[0-9A-Fa-f.:%a-z]+) port (?P<port>\d{1,5}))";
const std::string kGone =
    R"((?P<user>.*) (?P<source>[0-9A-Fa-f.:%a-z]+) port (?P<port>\d{1,5})(?: \[preauth\])?)";

const std::vector<Form>& forms() {
    static const std::vector<Form> table{
        {"sshd", Kind::login, "Accepted (?P<method>[a-z/-]+) for " + kFrom + " ssh2(?:: .*)?"},
        {"sshd", Kind::login_failed,
         "Failed (?P<method>[a-z/-]+) for (?:invalid user )?" + kFrom + " ssh2(?:: .*)?"},
        {"sshd", Kind::login_left,
         "(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?" + kFrom +
             " ssh2(?: \\[preauth\\])?"},
        // Of a server that takes keys only, this is all that is seen of a guess.
        {"sshd", Kind::login_left,
         "Connection (?:closed|reset) by (?:authenticating|invalid) user " + kGone},
        {"sudo", Kind::not_in_sudoers, R"((?P<user>\S+) : user NOT in sudoers ; .*)"},
        {"sudo", Kind::sudo_failed,
         R"((?P<user>\S+) : (?P<times>\d+) incorrect password attempts? ; .*)"},
        {"sudo", Kind::sudo_failed, R"((?P<user>\S+) : command not allowed ; .*)"},
        {"sudo", Kind::sudo_ran,
         R"((?P<user>\S+) : (?:TTY=\S+ ; )?PWD=[^;]* ; USER=root ; (?:GROUP=\S+ ; )?)"
         R"((?:ENV=[^;]* ; )?COMMAND=(?P<command>.+))"},
        {"su", Kind::sudo_failed, R"(FAILED SU \(to \S+\) (?P<user>\S+) on .*)"},
        {"useradd", Kind::account_added, R"(new user: name=(?P<user>[^,]+), .*)"},
        {"fail2ban.actions", Kind::banned,
         R"((?:NOTICE|WARNING)\s+\[(?P<method>[^\]]+)\] Ban (?P<source>[0-9A-Fa-f.:]+))"},
    };
    return table;
}

struct Compiled {
    const Form* form;
    RE2 expression;
    // Bytes, not letters: what somebody logs in with need be no text.
    explicit Compiled(const Form& of) : form(&of), expression(of.expression, RE2::Latin1) {}
};

const std::vector<std::unique_ptr<Compiled>>& compiled() {
    static const auto all = [] {
        std::vector<std::unique_ptr<Compiled>> list;
        for (const Form& form : forms()) list.push_back(std::make_unique<Compiled>(form));
        return list;
    }();
    return all;
}

std::string name_in(std::string_view text) {
    return clip_end(printable(trim(text), Lines::flatten), kMostName);
}

std::optional<AuthEvent> read(const Compiled& one, std::string_view message) {
    const int groups = one.expression.NumberOfCapturingGroups();
    std::array<re2::StringPiece, 6> pieces;
    if (!one.expression.Match(re2::StringPiece(message.data(), message.size()), 0, message.size(),
                              RE2::ANCHOR_BOTH, pieces.data(), groups + 1)) {
        return std::nullopt;
    }
    AuthEvent event{.kind = one.form->kind, .user = {}, .source = {}, .method = {}};
    for (const auto& [name, group] : one.expression.NamedCapturingGroups()) {
        const re2::StringPiece& piece = pieces[static_cast<size_t>(group)];
        const std::string_view text(piece.data(), piece.size());
        if (name == "user") event.user = name_in(text);
        if (name == "source") event.source = std::string(text);
        if (name == "port") event.port = std::string(text);
        if (name == "method") event.method = name_in(text);
        if (name == "command") {
            event.command = clip_end(printable(trim(text), Lines::flatten), kMostCommand);
        }
        if (name == "times") {
            (void)std::from_chars(text.data(), text.data() + text.size(), event.times);
            event.times = std::clamp(event.times, 1u, kMostTimes);
        }
    }
    return event;
}

}  // namespace

std::optional<AuthEvent> parse_auth_line(std::string_view line) {
    // Most lines of a journal are of other programs.
    static constexpr auto kPrograms =
        std::to_array<std::string_view>({"sshd", "su", "useradd", "fail2ban"});
    if (std::none_of(kPrograms.begin(), kPrograms.end(), [line](std::string_view name) {
            return line.find(name) != std::string_view::npos;
        })) {
        return std::nullopt;
    }
    std::string program, message;
    if (!RE2::FullMatch(re2::StringPiece(line.data(), line.size()), header(), &program, &message))
        return std::nullopt;
    if (program == "sshd-session") program = "sshd";  // since OpenSSH 9.8
    unsigned repeated = 1;
    std::string inner;
    // rsyslog's way to say the same line several times.
    if (RE2::FullMatch(message, R"(message repeated (\d{1,5}) times: \[ (.*)\])", &repeated,
                       &inner)) {
        message = inner;
    }
    for (const auto& one : compiled()) {
        if (one->form->program != program) continue;
        if (std::optional<AuthEvent> event = read(*one, message)) {
            event->times = std::min(event->times * std::max(repeated, 1u), kMostTimes);
            return event;
        }
    }
    return std::nullopt;
}

}  // namespace ops
