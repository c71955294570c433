// Auth log: what sshd, sudo, su, useradd and fail2ban write about who came in and who tried to.
//
// Pure; the lines are hostile: a name that somebody tries to log in with may hold anything, also
// the words of another message. So a message is read from its first word, and the address from its
// end. Who may write to the log as `sshd` (with logger, any user) can make up lines: that raises a
// false alarm and hides nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ops {

struct AuthEvent {
    enum class Kind {
        login_failed,    // sshd: a password or key was refused
        login_left,      // sshd: a connection ended before anybody was let in, whatever came before
        login,           // sshd: somebody is in
        sudo_failed,     // sudo or su: wrong passwords, or a command that is not allowed
        sudo_ran,        // sudo: a command was run as root
        not_in_sudoers,  // sudo: a user who may do nothing with it
        account_added,   // useradd
        banned,          // fail2ban: `method` is the jail
    };
    Kind kind = Kind::login_failed;
    std::string user;    // printable, at most 64 bytes; of a failed login whatever was tried
    std::string source;  // the address it came from, as sshd writes it; "" where there is none
    std::string method;  // "publickey", "password"
    unsigned times = 1;
    std::string port{};     // of a source, as sshd writes it: one connection
    std::string command{};  // of sudo_ran: one printable line, at most 500 bytes

    bool operator==(const AuthEvent&) const = default;
};

// One line of /var/log/auth.log, /var/log/secure, /var/log/fail2ban.log or the journal
// ("sshd: message"). Nothing for every other line.
std::optional<AuthEvent> parse_auth_line(std::string_view line);

}  // namespace ops
