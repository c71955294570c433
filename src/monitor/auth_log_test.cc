#include "monitor/auth_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <ostream>
#include <set>

namespace ops {

static void PrintTo(const AuthEvent& event, std::ostream* out) {
    *out << static_cast<int>(event.kind) << " user=" << event.user << " source=" << event.source
         << " method=" << event.method << " times=" << event.times;
}

namespace {

using Kind = AuthEvent::Kind;

struct Line {
    std::string why, line;
    std::optional<AuthEvent> means;
};
void PrintTo(const Line& line, std::ostream* out) { *out << line.why; }

class AuthLines : public testing::TestWithParam<Line> {};

TEST_P(AuthLines, Mean) {
    auto event = parse_auth_line(GetParam().line);
    if (event) event->port.clear();  // for a test of its own
    EXPECT_EQ(event, GetParam().means);
}

AuthEvent failed(const std::string& user, const std::string& method = "password",
                 unsigned times = 1, const std::string& source = "203.0.113.5") {
    return {Kind::login_failed, user, source, method, times};
}

AuthEvent left(const std::string& user) { return {Kind::login_left, user, "203.0.113.5", "", 1}; }

const std::string kAt = "Nov 29 03:04:05 alien sshd[812]: ";

INSTANTIATE_TEST_SUITE_P(
    All, AuthLines,
    testing::Values(
        Line{"a key",
             kAt + "Accepted publickey for root from 203.0.113.5 port 40022 ssh2: "
                   "ED25519 SHA256:abc",
             AuthEvent{Kind::login, "root", "203.0.113.5", "publickey"}},
        Line{"a password over IPv6",
             kAt + "Accepted password for deploy from 2001:db8::7 port 40022 ssh2",
             AuthEvent{Kind::login, "deploy", "2001:db8::7", "password"}},
        Line{"systemd's journal", "sshd: Accepted publickey for a from 10.0.0.1 port 1 ssh2: RSA x",
             AuthEvent{Kind::login, "a", "10.0.0.1", "publickey"}},
        Line{"OpenSSH 9.8 has another program for it",
             "2026-11-29T03:04:05.123456+01:00 alien sshd-session[812]: Accepted password for a "
             "from 10.0.0.1 port 1 ssh2",
             AuthEvent{Kind::login, "a", "10.0.0.1", "password"}},
        Line{
            "a command as root",
            "Nov 29 03:04:05 alien sudo:     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; "
            "COMMAND=/usr/bin/systemctl restart importer",
            AuthEvent{Kind::sudo_ran, "ann", "", "", 1, "", "/usr/bin/systemctl restart importer"}},
        Line{"of a script, with a variable",
             "sudo: ann : PWD=/ ; USER=root ; ENV=A=b ; COMMAND=/bin/true x",
             AuthEvent{Kind::sudo_ran, "ann", "", "", 1, "", "/bin/true x"}},
        Line{"a method with a slash",
             kAt + "Accepted keyboard-interactive/pam for a from 10.0.0.1 port 1 ssh2",
             AuthEvent{Kind::login, "a", "10.0.0.1", "keyboard-interactive/pam"}},
        Line{"a wrong password", kAt + "Failed password for root from 203.0.113.5 port 1 ssh2",
             failed("root")},
        Line{"nobody of that name",
             kAt + "Failed password for invalid user admin from 203.0.113.5 port 1 ssh2",
             failed("admin")},
        Line{"no name at all",
             kAt + "Failed password for invalid user  from 203.0.113.5 port 1 ssh2", failed("")},
        Line{"rsyslog counts",
             kAt + "message repeated 5 times: [ Failed password for root from 203.0.113.5 port 1 "
                   "ssh2]",
             failed("root", "password", 5)},
        Line{"keys only: gone before it was in",
             kAt + "Connection closed by authenticating user root 203.0.113.5 port 1 [preauth]",
             left("root")},
        Line{"keys only, and nobody of that name",
             kAt + "Connection reset by invalid user pi 203.0.113.5 port 1 [preauth]", left("pi")},
        Line{"too many at once",
             kAt + "error: maximum authentication attempts exceeded for invalid user x from "
                   "203.0.113.5 port 1 ssh2 [preauth]",
             left("x")},
        Line{"PAM says the same again",
             kAt + "pam_unix(sshd:auth): authentication failure; logname= uid=0 rhost=203.0.113.5",
             std::nullopt},
        Line{"a session is no login", kAt + "pam_unix(sshd:session): session opened for user root",
             std::nullopt},
        Line{"a name with another message in it",
             kAt +
                 "Failed password for invalid user x from 10.9.9.9 port 1 ssh2: Accepted password "
                 "for root from 203.0.113.5 port 1 ssh2",
             failed("x from 10.9.9.9 port 1 ssh2: Accepted password for root", "password")},
        Line{"a message that begins otherwise",
             kAt + "Invalid user Accepted password for root from 203.0.113.5 port 1 ssh2",
             std::nullopt},
        Line{"another program says sshd's words",
             "Nov 29 03:04:05 alien app[1]: sshd[2]: Accepted password for root from 203.0.113.5 "
             "port 1 ssh2",
             std::nullopt},
        Line{"sudo, wrong passwords",
             "Nov 29 03:04:05 alien sudo:      bob : 3 incorrect password attempts ; TTY=pts/0 ; "
             "PWD=/home/bob ; USER=root ; COMMAND=/bin/ls",
             AuthEvent{Kind::sudo_failed, "bob", "", "", 3}},
        Line{"sudo, nobody who may",
             "Nov 29 03:04:05 alien sudo[77]:      bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; "
             "USER=root ; COMMAND=/bin/sh",
             AuthEvent{Kind::not_in_sudoers, "bob", "", ""}},
        Line{"sudo, not this",
             "sudo: bob : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
             AuthEvent{Kind::sudo_failed, "bob", "", ""}},
        Line{"sudo as usual, whatever the command says",
             "sudo: bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo incorrect password",
             AuthEvent{Kind::sudo_ran, "bob", "", "", 1, "", "/bin/echo incorrect password"}},
        Line{"as somebody else it is no repair",
             "sudo: bob : TTY=pts/0 ; PWD=/ ; USER=postgres ; COMMAND=/bin/true", std::nullopt},
        Line{"su", "Nov 29 03:04:05 alien su[5]: FAILED SU (to root) bob on pts/1",
             AuthEvent{Kind::sudo_failed, "bob", "", ""}},
        Line{"useradd",
             "Nov 29 03:04:05 alien useradd[5]: new user: name=eve, UID=1002, GID=1002, "
             "home=/home/eve, shell=/bin/bash, from=/dev/pts/0",
             AuthEvent{Kind::account_added, "eve", "", ""}},
        Line{
            "fail2ban",
            "2026-11-29 03:04:05,678 fail2ban.actions        [633]: NOTICE  [sshd] Ban 203.0.113.5",
            AuthEvent{Kind::banned, "", "203.0.113.5", "sshd"}},
        Line{"fail2ban lets go",
             "2026-11-29 03:04:05,678 fail2ban.actions [633]: NOTICE  [sshd] Unban 203.0.113.5",
             std::nullopt},
        Line{"fail2ban begins anew",
             "2026-11-29 03:04:05,678 fail2ban.actions [633]: NOTICE  [sshd] Restore Ban "
             "203.0.113.5",
             std::nullopt},
        Line{"a name that is no text",
             kAt + "Failed password for invalid user \x1b[2J\xff from 203.0.113.5 port 1 ssh2",
             failed("?")},
        Line{"nothing", "", std::nullopt}, Line{"a web server", "nginx: GET /sshd", std::nullopt}));

TEST(AuthLog, LinesOfOneConnectionHaveItsPort) {
    for (const char* const line :
         {"Failed password for invalid user a port 7 from 203.0.113.5 port 40022 ssh2",
          "Connection closed by authenticating user a 203.0.113.5 port 40022 [preauth]",
          "error: maximum authentication attempts exceeded for a from 203.0.113.5 port 40022 ssh2 "
          "[preauth]",
          "Accepted password for a from 203.0.113.5 port 40022 ssh2"}) {
        const auto event = parse_auth_line(kAt + line);
        ASSERT_TRUE(event) << line;
        EXPECT_EQ(event->port, "40022") << line;
    }
}

// 2,000 lines that a real sshd wrote; what they hold was counted with grep.
TEST(AuthLog, OfARealServerIsUnderstood) {
    std::ifstream file(std::string(OPS_SOURCE_DIR) +
                       "/../shared/data/loghub/OpenSSH/OpenSSH_2k.log");
    if (!file) GTEST_SKIP() << "the collected logs are not at hand";
    std::map<Kind, unsigned> counts;
    std::set<std::string> sources;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const auto event = parse_auth_line(line);
        if (!event) continue;
        counts[event->kind] += event->times;
        if (event->kind == Kind::login_failed) sources.insert(event->source);
        EXPECT_FALSE(event->source.empty()) << line;
    }
    EXPECT_EQ(counts[Kind::login], 1u);
    EXPECT_EQ(counts[Kind::login_failed], 532u) << "two lines stand for five more each";
    EXPECT_EQ(sources.size(), 24u);
}

}  // namespace
}  // namespace ops
