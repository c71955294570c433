#include "agent/security_book.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ops {
namespace {

using Kind = AuthEvent::Kind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kStart = Time(seconds(1'790'000'000));
const LogRow kRow{.name = "auth", .target = "alien"};

AuthEvent failed(const std::string& source, unsigned times = 1, const std::string& user = "root") {
    return {Kind::login_failed, user, source, "password", times};
}
AuthEvent let_in(const std::string& source, const std::string& user = "bob") {
    return {Kind::login, user, source, "publickey"};
}

class Security : public testing::Test {
protected:
    void see(const std::vector<AuthEvent>& events) { book_.observe(kRow, events, now_); }
    void look(const AccessSeen& seen) { book_.observe("access", seen, now_); }
    void pass(Duration span) { now_ += span; }
    // The titles of what is to be told now; told.
    std::vector<std::string> found() {
        std::vector<std::string> titles;
        while (const SecurityNews* news = book_.next()) {
            titles.push_back(news->title);
            last_ = *news;
            book_.told(news->id);
        }
        return titles;
    }
    using Titles = std::vector<std::string>;

    SecurityBook book_;
    Time now_ = kStart;
    SecurityNews last_;
};

TEST_F(Security, GuessedPasswordsAloneAreNothing) {
    for (int i = 0; i < 5000; ++i) {
        see({failed("203.0.113." + std::to_string(i % 250), 3)});
        pass(seconds(10));
    }
    EXPECT_EQ(found(), Titles{});
}

// Three wrong passwords and a hung up connection, three times: what somebody does who forgot it.
TEST_F(Security, WhoLeavesAfterWrongPasswordsFailedNoOftener) {
    for (const char* const port : {"1", "2", "3"}) {
        AuthEvent wrong = failed("10.0.0.1", 3);
        AuthEvent left{AuthEvent::Kind::login_left, "root", "10.0.0.1", "", 1};
        wrong.port = left.port = port;
        see({wrong, left, left});
        pass(seconds(10));
    }
    see({let_in("10.0.0.1")});
    EXPECT_EQ(found(), Titles{}) << "nine";
    // Of a server that takes keys only nothing else is seen.
    for (int i = 0; i < 10; ++i) {
        AuthEvent left{AuthEvent::Kind::login_left, "root", "10.0.0.2", "", 1};
        left.port = std::to_string(40000 + i);
        see({left});
    }
    see({let_in("10.0.0.2")});
    EXPECT_EQ(found(), Titles{"Login as bob after 10 failures"});
}

TEST_F(Security, OneLetInAfterManyFailuresIsToldOnce) {
    see({failed("203.0.113.5", 9)});
    pass(minutes(5));
    see({failed("203.0.113.5"), let_in("203.0.113.5")});
    EXPECT_EQ(found(), Titles{"Login as bob after 10 failures"});
    EXPECT_NE(last_.text.find("from 203.0.113.5 after 10 failed logins"), std::string::npos);
    EXPECT_NE(last_.text.find("10 are too many"), std::string::npos);
    see({let_in("203.0.113.5")});
    EXPECT_EQ(found(), Titles{});
}

TEST_F(Security, NearMissesOfABruteForceTellNobody) {
    see({failed("203.0.113.5", 9), let_in("203.0.113.5")});   // one too few
    see({failed("203.0.113.6", 50), let_in("203.0.113.7")});  // from elsewhere
    see({failed("203.0.113.8", 50)});
    pass(hours(1) + seconds(1));
    see({let_in("203.0.113.8")});  // long ago
    EXPECT_EQ(found(), Titles{});
}

TEST_F(Security, WhatFail2banBannedCounts) {
    see({AuthEvent{Kind::banned, "", "203.0.113.5", "sshd"}});
    see({let_in("203.0.113.5")});
    EXPECT_EQ(found(), Titles{"Login as bob after 10 failures"});
}

TEST_F(Security, WhereRootComesFromIsLearnedFirst) {
    see({let_in("10.0.0.1", "root")});
    pass(hours(71));
    see({let_in("10.0.0.2", "root")});
    EXPECT_EQ(found(), Titles{});
    pass(hours(2));
    see({let_in("10.0.0.1", "root"), let_in("10.9.9.9", "bob")});
    EXPECT_EQ(found(), Titles{});
    see({let_in("203.0.113.5", "root")});
    EXPECT_EQ(found(), Titles{"Root logged in from an address never seen"});
    EXPECT_NE(last_.text.find("root came from 10.0.0.1, 10.0.0.2"), std::string::npos)
        << last_.text;
    see({let_in("203.0.113.5", "root")});
    EXPECT_EQ(found(), Titles{}) << "what was told once is known";
}

TEST_F(Security, SudoFailuresOfOneUserAreToldOnceASeries) {
    const AuthEvent one{Kind::sudo_failed, "bob", "", "", 1};
    see({one, one});
    EXPECT_EQ(found(), Titles{});
    see({one});
    EXPECT_EQ(found(), Titles{"bob failed at sudo"});
    see({one, one, one});
    EXPECT_EQ(found(), Titles{});
    pass(hours(3));
    see({one, one});
    EXPECT_EQ(found(), Titles{});
    see({one});
    EXPECT_EQ(found(), Titles{"bob failed at sudo"});
}

TEST_F(Security, WhoMayNotUseSudoIsToldAtOnce) {
    see({AuthEvent{Kind::not_in_sudoers, "eve", "", ""}});
    EXPECT_EQ(found(), Titles{"eve tried sudo, and may not"});
}

AccessSeen usual() {
    AccessSeen seen;
    seen.ports = {{.port = 22, .is_public = true, .program = "sshd"},
                  {.port = 80, .is_public = true, .program = "nginx"}};
    seen.accounts = {{.name = "root", .home = "/root", .uid = 0, .can_log_in = true}};
    seen.keys = {{.account = "root", .type = "ssh-rsa", .comment = "bob@x", .key = "AAAAB3Nza1"}};
    return seen;
}

TEST_F(Security, TheFirstLookIsWhatIsNormal) {
    look(usual());
    pass(minutes(1));
    look(usual());
    EXPECT_EQ(found(), Titles{});
}

TEST_F(Security, NewAccountsAndKeysAreToldAtOnceAndOnce) {
    look(usual());
    AccessSeen seen = usual();
    seen.accounts.push_back({.name = "eve", .home = "/home/eve", .uid = 1001, .can_log_in = true});
    seen.keys.push_back(
        {.account = "root", .type = "ssh-rsa", .comment = "eve@y", .key = "AAAAB3NzaEVE"});
    look(seen);
    EXPECT_EQ(found(), Titles{"New account eve and 1 more"});
    EXPECT_NE(last_.text.find("account eve (user id 1001, may log in)"), std::string::npos);
    EXPECT_NE(last_.text.find("key ssh-rsa AAAAB3NzaEVE eve@y of root"), std::string::npos)
        << last_.text;
    look(usual());
    look(seen);
    EXPECT_EQ(found(), Titles{});
}

TEST_F(Security, AnAccountWithRootsIdIsSaid) {
    look(usual());
    AccessSeen seen = usual();
    seen.accounts.push_back({.name = "toor", .home = "/", .uid = 0, .can_log_in = true});
    look(seen);
    EXPECT_EQ(found(), Titles{"New account toor and 1 more"});
    EXPECT_NE(last_.text.find("account toor has user id 0"), std::string::npos);
}

TEST_F(Security, AnAccountIsToldByWhoeverSeesItFirst) {
    look(usual());
    see({AuthEvent{Kind::account_added, "eve", "", ""}});
    EXPECT_EQ(found(), Titles{"New account eve"});
    AccessSeen seen = usual();
    seen.accounts.push_back({.name = "eve", .home = "/home/eve", .uid = 1001, .can_log_in = true});
    look(seen);
    EXPECT_EQ(found(), Titles{});
}

TEST_F(Security, APortMustStay) {
    look(usual());
    AccessSeen seen = usual();
    seen.ports.push_back({.port = 4444, .is_public = true, .program = "nc"});
    look(seen);
    look(usual());
    EXPECT_EQ(found(), Titles{}) << "it came and went";
    look(seen);
    look(seen);
    EXPECT_EQ(found(), Titles{"New listening port 4444 of nc"});
}

TEST_F(Security, HighPortsAreKnownByTheirProgram) {
    AccessSeen seen = usual();
    seen.ports.push_back({.port = 40001, .is_public = true, .program = "rpc.statd"});
    look(seen);
    seen.ports.back().port = 51234;  // after a restart the kernel gave it another one
    look(seen);
    look(seen);
    EXPECT_EQ(found(), Titles{});
    seen.ports.back().program = "implant";
    look(seen);
    look(seen);
    EXPECT_EQ(found(), Titles{"New listening port 51234 of implant"});
}

// As for a core that is no superuser, and so for the service of the Debian package.
TEST_F(Security, WhereTheProgramMayNotBeSeenItsUserIsTold) {
    AccessSeen seen = usual();
    seen.accounts.push_back({.name = "statd", .home = "/", .uid = 108});
    seen.ports.push_back({.port = 40001, .is_public = true, .uid = 108});
    look(seen);
    seen.ports.back().port = 51234;  // after a restart the kernel gave it another one
    look(seen);
    look(seen);
    EXPECT_EQ(found(), Titles{}) << "a critical alert at each restart of rpc.statd";
    seen.ports.back() = {.port = 51234, .is_public = true, .uid = 4711};
    look(seen);
    look(seen);
    ASSERT_NE(book_.next(), nullptr);
    EXPECT_NE(book_.next()->text.find("of user id 4711 (its program may not be seen"),
              std::string::npos)
        << book_.next()->text;
    EXPECT_EQ(found(), Titles{"New listening port 51234 of user id 4711"});
    seen.ports.push_back({.port = 4444, .is_public = true, .uid = 108});
    look(seen);
    look(seen);
    EXPECT_EQ(found(), Titles{"New listening port 4444 of user statd"});
}

TEST_F(Security, WhatIsKnownSurvivesARestart) {
    look(usual());
    see({failed("203.0.113.5", 12)});
    AccessSeen seen = usual();
    seen.accounts.push_back({.name = "eve", .home = "/", .uid = 7});
    const Result<SecurityBook> again = SecurityBook::from_json(book_.to_json());
    ASSERT_TRUE(again.ok()) << again.error().message;
    book_ = again.value();
    see({let_in("203.0.113.5")});
    look(seen);
    EXPECT_EQ(found(), (Titles{"Login as bob after 12 failures", "New account eve"}));
}

TEST_F(Security, WhatWaitsToBeToldSurvivesToo) {
    see({AuthEvent{Kind::not_in_sudoers, "eve", "", ""}});
    const Result<SecurityBook> again = SecurityBook::from_json(book_.to_json());
    ASSERT_TRUE(again.ok());
    book_ = again.value();
    EXPECT_EQ(found().size(), 1u);
}

TEST_F(Security, ADamagedStateIsRefused) {
    for (const char* text :
         {"null", "{}", "[]", R"({"known":{"a":"b"},"since":{},"failures":{},"pending":[]})",
          R"({"known":{},"since":{},"failures":{},"pending":[{}]})"}) {
        EXPECT_FALSE(SecurityBook::from_json(Json::parse(text).value()).ok()) << text;
    }
}

// Whatever an attacker writes, the book stays bounded and what it saves can be read again.
RC_GTEST_PROP(SecurityProperty, IsBoundedAndReadsWhatItWrote, ()) {
    SecurityBook book;
    const int count = *rc::gen::inRange(0, 300);
    Time now = kStart;
    for (int i = 0; i < count; ++i) {
        now += seconds(*rc::gen::inRange(0, 2000));
        AuthEvent event;
        event.kind = static_cast<Kind>(*rc::gen::inRange(0, 6));
        event.user = *rc::gen::element<std::string>("root", "bob", "", "x\"y");
        event.source = *rc::gen::element<std::string>("10.0.0.1", "10.0.0.2", "::1", "");
        event.times = static_cast<unsigned>(*rc::gen::inRange(1, 50));
        book.observe(kRow, {event}, now);
    }
    RC_ASSERT(book.pending().size() <= 100u);
    const auto again = SecurityBook::from_json(book.to_json());
    RC_ASSERT(again.ok());
    RC_ASSERT(again.value().to_json() == book.to_json());
}

}  // namespace
}  // namespace ops
