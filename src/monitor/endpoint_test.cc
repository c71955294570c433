#include "monitor/endpoint.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

HttpAsk http(const std::string& url) {
    HttpAsk ask;
    ask.url = url;
    return ask;
}

TEST(Endpoint, IsFoundInTheQuestion) {
    struct Row {
        Question question;
        std::optional<Endpoint> endpoint;
        const char* why;
    };
    const Row rows[] = {
        {http("https://api.example.com/health"), Endpoint{"api.example.com", 443, true, true},
         "the port of https"},
        {http("http://api.example.com:8080/"), Endpoint{"api.example.com", 8080, false, true},
         "no certificate to look at"},
        {http("https://127.0.0.1:8443/"), Endpoint{"127.0.0.1", 8443, true, false},
         "an address is no name"},
        {http("https://[::1]/"), Endpoint{"::1", 443, true, false}, "of IPv6, too"},
        {http("http://localhost/"), Endpoint{"localhost", 80, false, true},
         "localhost is a name like others"},
        {http("unix:///run/s.sock:/RPC2"), std::nullopt, "no network"},
        {http("nonsense"), std::nullopt, "nothing to go to"},
        {TcpAsk{"db", 5432, "", 0}, Endpoint{"db", 5432, false, true}, "a port"},
        {LocalAsk{}, std::nullopt, "this machine"},
        {CommandAsk{}, std::nullopt, "a program"},
    };
    for (const Row& row : rows) EXPECT_EQ(endpoint_of(row.question), row.endpoint) << row.why;
}

}  // namespace
}  // namespace ops
