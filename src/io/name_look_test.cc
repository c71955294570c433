#include "io/name_look.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using namespace std::chrono_literals;

TEST(NameLook, ReadsWhoIsAsked) {
    EXPECT_EQ(order_in("passwd: files\nhosts:\tfiles  mdns4 dns # as usual\n"), "files mdns4 dns");
    EXPECT_EQ(order_in("#hosts: files\n"), "");
    EXPECT_EQ(name_servers_in("search x\nnameserver 10.0.0.2\r\nnameserver\n nameserver ::1 # v6"),
              (std::vector<std::string>{"10.0.0.2", "::1"}));
    std::string many;
    for (int i = 0; i < 100; ++i) many += "nameserver 10.0.0.1\n";
    EXPECT_EQ(name_servers_in(many).size(), 8U) << "bounded";
    EXPECT_EQ(name_servers_in("nameserver \x1b[31mred\n")[0].find('\x1b'), std::string::npos);
    EXPECT_TRUE(is_in_hosts_file("127.0.0.1\tlocalhost Api.Example\n", "api.example"));
    EXPECT_FALSE(is_in_hosts_file("127.0.0.1 localhost # api.example\n", "api.example"));
    EXPECT_FALSE(is_in_hosts_file("api.example other\n", "api.example")) << "no address of its own";
}

TEST(NameLook, OfARealName) {
    const NameSeen seen = look_up_name("localhost", 5s);
    EXPECT_EQ(seen.error, "");
    ASSERT_FALSE(seen.addresses.empty());
    EXPECT_TRUE(seen.addresses[0] == "127.0.0.1" || seen.addresses[0] == "::1");
    EXPECT_LT(seen.took, 5s);
}

// .invalid never resolves (RFC 6761). Without a name server it is another error, but one.
TEST(NameLook, OfANameThatIsNone) {
    const NameSeen seen = look_up_name("api.invalid", 5s);
    EXPECT_TRUE(seen.addresses.empty());
    EXPECT_NE(seen.error, "");
    EXPECT_LT(seen.took, 6s);
}

TEST(NameLook, ComesBackInTime) {
    const NameSeen seen = look_up_name("api.invalid", 0ms);
    const bool in_time = !seen.error.starts_with("no answer");
    if (!in_time) EXPECT_EQ(seen.error, "no answer within 0s");
}

}  // namespace
}  // namespace ops
