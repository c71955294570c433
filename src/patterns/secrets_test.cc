#include "patterns/secrets.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "patterns/secrets_for_test.h"

namespace ops {
namespace {

using Row = SecretRow;

TEST(Secrets, OfEveryKindGoAndWhatIsNearlyOneStays) {
    std::set<std::string> kinds;
    for (const Row& row : secret_rows()) {
        const Redaction redaction = redact_secrets(row.text);
        if (row.secret.empty()) {
            EXPECT_EQ(redaction.text, row.text) << row.kind << ": a near miss";
            EXPECT_EQ(redaction.secrets, 0U);
            continue;
        }
        kinds.insert(row.kind);
        EXPECT_EQ(redaction.text.find(row.secret), std::string::npos)
            << row.kind << ": " << redaction.text;
        EXPECT_NE(redaction.text.find("<secret:" + row.kind + ">"), std::string::npos)
            << row.kind << ": " << redaction.text;
        EXPECT_EQ(redaction.secrets, 1U) << redaction.text;
        EXPECT_EQ(redact_secrets(redaction.text).text, redaction.text) << row.kind;
    }
    for (const std::string_view kind : kSecretKinds)
        EXPECT_TRUE(kinds.contains(std::string(kind))) << "no row for " << kind;
}

TEST(Secrets, LeaveWhatStandsAround) {
    EXPECT_EQ(redact_secrets("a=1 password=x, host=b").text,
              "a=1 password=<secret:password>, host=b");
    EXPECT_EQ(redact_secrets("postgres://u:p@db/x").text,
              "postgres://u:<secret:url-password>@db/x");
    EXPECT_EQ(redact_secrets("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\nup").text,
              "<secret:private-key>\nup");
    const std::string url = redact_secrets("://password://@x").text;
    EXPECT_EQ(url, "://password:<secret:url-password>@x");
    EXPECT_EQ(redact_secrets(url).text, url) << "doing it twice changes nothing";
    const std::string bearer = redact_secrets("Bearer password=a").text;
    EXPECT_EQ(bearer, "Bearer password=<secret:password>");
    EXPECT_EQ(redact_secrets(bearer).text, bearer);
    EXPECT_EQ(redact_secrets("x Authorization: Bearer a\nnext").text,
              "x Authorization: Bearer <secret:authorization>\nnext");
}

RC_GTEST_PROP(SecretsProperty, NeverComeThroughWhateverStandsAround, ()) {
    static const std::vector<Row> all = secret_rows();
    const auto noise = rc::gen::element<std::string>(
        "", " ", "\n", "a", "=", ":", "\"", "'", "\\", "{", "}", ",", "&", "user=bob ", "password",
        "token: ", "://", "@", "<secret:", "-----BEGIN ", "eyJ", "--", "Cookie");
    std::string text;
    std::vector<std::string> secrets;
    for (int i = 0; i < 4; ++i) {
        for (const std::string& part : *rc::gen::container<std::vector<std::string>>(noise))
            text += part;
        const Row& row = all[*rc::gen::inRange<size_t>(0, all.size())];
        if (row.secret.size() < 12 || row.kind == "cookie" || row.kind == "aws-secret") continue;
        text += "\n" + row.text + "\n";
        secrets.push_back(row.secret);
    }
    const Redaction redaction = redact_secrets(text);
    for (const std::string& secret : secrets)
        RC_ASSERT(redaction.text.find(secret) == std::string::npos);
}

RC_GTEST_PROP(SecretsProperty, DoingItTwiceChangesNothing, ()) {
    const auto part = rc::gen::element<std::string>(
        "password", "=", ":", " ", "\"", "'", "\\", "\n", "a", "://", "@", "<secret:token>",
        "token", ",", ";", "--secret", "Bearer ", "Authorization: ", "cookie", "b=c", ">", "{", "}",
        "&", "/", "x1y2z3w4");
    std::string text;
    for (const std::string& one : *rc::gen::container<std::vector<std::string>>(part)) text += one;
    const std::string once = redact_secrets(text).text;
    RC_ASSERT(redact_secrets(once).text == once);
}

}  // namespace
}  // namespace ops
