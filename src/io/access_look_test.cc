#include "io/access_look.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ops {
namespace {

TEST(Accounts, AreReadLineByLine) {
    const auto accounts = parse_accounts(
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
        "sync:x:4:65534:sync:/bin:/bin/sync\n"
        "bob:x:1000:1000:Bob,,,:/home/bob:\n"  // no shell: the system's own
        "short:x:1\n:x:5:5:::\nodd:x:five:5:::/bin/sh\n# note:x:1:1:::\n");
    ASSERT_EQ(accounts.size(), 4u);
    EXPECT_EQ(accounts[0].name, "root");
    EXPECT_EQ(accounts[0].uid, 0);
    EXPECT_TRUE(accounts[0].can_log_in);
    EXPECT_FALSE(accounts[1].can_log_in);
    EXPECT_FALSE(accounts[2].can_log_in);
    EXPECT_EQ(accounts[3].home, "/home/bob");
    EXPECT_TRUE(accounts[3].can_log_in);
}

TEST(AuthorizedKeys, AreReadAsSshdDoes) {
    const auto keys = parse_authorized_keys(
        "# mine\n\n"
        "ssh-ed25519 AAAAC3Nza bob@laptop\n"
        "  from=\"10.0.0.*\",command=\"/bin/echo ssh-rsa AAAA\" ssh-rsa AAAAB3Nza two words\r\n"
        "command=\"say \\\"x y\\\"\" sk-ssh-ed25519@openssh.com AAAAGnNr\n"
        "ssh-ed25519\n"
        "no key at all ssh-rsa AAAA\n"
        "ecdsa-sha2-nistp256 AAAAE2Vj \x1b[31mred\n");
    ASSERT_EQ(keys.size(), 4u);
    EXPECT_EQ(keys[0].type, "ssh-ed25519");
    EXPECT_EQ(keys[0].key, "AAAAC3Nza");
    EXPECT_EQ(keys[0].comment, "bob@laptop");
    EXPECT_EQ(keys[1].key, "AAAAB3Nza") << "what an option holds is no key";
    EXPECT_EQ(keys[1].comment, "two words");
    EXPECT_EQ(keys[2].key, "AAAAGnNr");
    EXPECT_EQ(keys[3].comment.find('\x1b'), std::string::npos);
}

class Homes : public testing::Test {
protected:
    void SetUp() override {
        std::string name = "/tmp/ops-access-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((folder_ / path).parent_path());
        std::ofstream(folder_ / path) << text;
    }
    std::string passwd(const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names)
            text += name + ":x:1000:1000::" + (folder_ / name).string() + ":/bin/sh\n";
        write("passwd", text);
        return folder_ / "passwd";
    }
    std::filesystem::path folder_;
};

TEST_F(Homes, KeysOfEveryAccountAreFound) {
    write("bob/.ssh/authorized_keys", "ssh-rsa AAA1 one\n");
    write("bob/.ssh/authorized_keys2", "ssh-rsa AAA2 two\n");
    write("eve/.ssh/authorized_keys", "ssh-rsa AAA3\n");
    const auto seen = look_at_access(passwd({"bob", "eve", "none"}));
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    ASSERT_EQ(seen.value().keys.size(), 3u);
    EXPECT_EQ(seen.value().keys[1].key, "AAA2");
    EXPECT_EQ(seen.value().keys[2].account, "eve");
    EXPECT_EQ(seen.value().accounts.size(), 3u);
    EXPECT_TRUE(seen.value().unread.empty());
}

// Whoever owns a home decides what is there.
TEST_F(Homes, APipeInsteadOfAFileHoldsNobodyUp) {
    write("eve/.ssh/x", "");
    ASSERT_EQ(::mkfifo((folder_ / "eve/.ssh/authorized_keys").c_str(), 0600), 0);
    std::filesystem::create_directories(folder_ / "bob/.ssh/authorized_keys");
    const auto seen = look_at_access(passwd({"eve", "bob"}));
    ASSERT_TRUE(seen.ok());
    EXPECT_TRUE(seen.value().keys.empty());
}

TEST_F(Homes, NoListOfAccountsIsAnError) {
    const auto seen = look_at_access(folder_ / "missing");
    ASSERT_FALSE(seen.ok());
    EXPECT_NE(seen.error().message.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace ops
