#include "cli/inspect.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

const Time kNow = parse_rfc3339("2026-03-01T12:00:00Z").value();

TEST(InspectWords, OfAName) {
    NameSeen seen{"api.example.com", {"10.0.0.1", "::1"}, "", milliseconds(3), true,
                  "files dns",       {"127.0.0.53"}};
    const Inspected good = name_words(seen);
    EXPECT_TRUE(good.well);
    EXPECT_EQ(good.text,
              "name api.example.com: resolves to 10.0.0.1, ::1 (3ms)\n"
              "  it stands in /etc/hosts\n"
              "  looked up in this order: files dns\n"
              "  name servers: 127.0.0.53\n");
    seen = {};
    seen.name = "api.invalid";
    seen.error = "no such name";
    const Inspected bad = name_words(seen);
    EXPECT_FALSE(bad.well);
    EXPECT_EQ(bad.text,
              "name api.invalid: does not resolve: no such name (under 1ms)\n"
              "  looked up in this order: not said in nsswitch.conf\n"
              "  name servers: none in resolv.conf\n");
}

TlsSeen shown(Duration begun_ago, Duration ends_in) {
    TlsSeen seen;
    seen.host = "api";
    seen.port = 443;
    seen.address = "10.0.0.1:443";
    seen.protocol = "TLSv1.3";
    seen.cipher = "TLS_AES_256_GCM_SHA384";
    seen.chain.push_back(
        {"CN = api", "CN = R3, O = LE", {"api", "www.api"}, kNow - begun_ago, kNow + ends_in});
    return seen;
}

TEST(InspectWords, OfACertificate) {
    TlsSeen seen = shown(hours(24), hours(48));
    EXPECT_TRUE(tls_words(seen, kNow).well);
    EXPECT_EQ(tls_words(seen, kNow).text,
              "tls api port 443: the certificate is trusted and for this name\n"
              "  TLSv1.3 with TLS_AES_256_GCM_SHA384 at 10.0.0.1:443, connected in under 1ms, "
              "handshake in under 1ms\n"
              "  certificate of the server: CN = api\n"
              "    issued by: CN = R3, O = LE\n"
              "    for: api, www.api\n"
              "    valid from 2026-02-28 to 2026-03-03: ends in 2d\n");
    seen.distrust = "the certificate of 'api' is not trusted: self-signed certificate";
    seen.chain.push_back({"CN = R3", "CN = R3", {}, kNow - hours(72), kNow - hours(1)});
    const Inspected bad = tls_words(seen, kNow);
    EXPECT_FALSE(bad.well);
    EXPECT_EQ(bad.text.find("tls api port 443: the certificate of 'api' is not trusted"), 0U);
    EXPECT_NE(
        bad.text.find("sent with it: CN = R3\n    issued by: CN = R3 (itself)\n    valid from "
                      "2026-02-26 to 2026-03-01: expired 1h ago\n"),
        std::string::npos)
        << bad.text;
    const Inspected early = tls_words(shown(-hours(2), hours(48)), kNow);
    EXPECT_NE(early.text.find("not valid for another 2h"), std::string::npos) << early.text;
}

TEST(InspectWords, OfNoHandshake) {
    TlsSeen seen;
    seen.host = "api";
    seen.port = 443;
    seen.error = "connect to 10.0.0.1:443: connection refused";
    EXPECT_FALSE(tls_words(seen, kNow).well);
    EXPECT_EQ(tls_words(seen, kNow).text, "tls api port 443: " + seen.error + "\n");
}

}  // namespace
}  // namespace ops
