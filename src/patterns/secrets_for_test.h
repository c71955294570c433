// Secrets of every kind that is known, in a text as it may come, and near misses: for the tests of
// the redactor and of all that must show none.
#pragma once

#include <string>
#include <vector>

namespace ops {

// Made up while the test runs, so that no scanner takes this file for a leak.
inline std::string many(const std::string& of, size_t length) {
    std::string text;
    while (text.size() < length) text += of;
    return text.substr(0, length);
}
inline std::string mixed(size_t length) { return many("aB3dE5gH7jK9mN1pQ2sT4vX6", length); }

struct SecretRow {
    std::string kind;
    std::string text;
    std::string secret;  // in the text, and gone afterwards; "" in a near miss: nothing goes
};

inline std::vector<SecretRow> secret_rows() {
    std::vector<SecretRow> rows;
    const auto form = [&rows](const std::string& kind, const std::string& secret,
                              const std::string& near_miss) {
        rows.push_back({kind, "got " + secret + " there", secret});
        rows.push_back({kind, "[" + secret + "]", secret});
        rows.push_back({kind, "got " + near_miss + " there", ""});
    };
    const auto named = [&rows](const std::string& kind, const std::string& before,
                               const std::string& secret, const std::string& near_miss) {
        rows.push_back({kind, "x " + before + secret, secret});
        rows.push_back({kind, near_miss, ""});
    };
    form("aws-key", "AKIA" + many("ABCD2345", 16), "AKIA" + many("ABCD2345", 15));
    form("aws-key", "ASIA" + many("ABCD2345", 16), "ASIAN");
    form("aws-secret", many("wJalrXUtnFEMI/K7MDENG+bPxRfiCY", 40), many("0123456789abcdef", 40));
    named("aws-secret", "aws_secret_access_key = ", mixed(40), "aws_secret_access_keys = 3");
    form("github", "ghp_" + mixed(36), "ghp_" + mixed(12));
    form("github", "ghs_" + mixed(36), "ghs_x");
    form("github-fine", "github_pat_" + mixed(22) + "_" + mixed(59), "github_pat_" + mixed(9));
    form("gitlab", "glpat-" + mixed(20), "glpat-" + mixed(8));
    form("slack", "xoxb-123456789012-" + mixed(24), "xoxb-1");
    form("slack-hook", "hooks.slack.com/services/T000/B000/" + mixed(24), "hooks.slack.com");
    form("stripe", "sk_live_" + mixed(24), "sk_live_" + mixed(4));
    form("stripe", "sk_test_" + mixed(24), "sk_testing");
    form("stripe", "rk_live_" + mixed(24), "rk_" + mixed(4));
    form("google", "AIza" + mixed(35), "AIza" + mixed(20));
    form("openai", "sk-proj-" + mixed(40), "task-" + mixed(40).substr(0, 12));
    form("anthropic", "sk-ant-api03-" + mixed(80), "sk-ant");
    form("telegram", "123456789:AA" + mixed(33), "123456789:" + mixed(10));
    form("npm", "npm_" + mixed(36), "npm_config");
    form("pypi", "pypi-AgEIcHlwaS5vcmc" + mixed(50), "pypi-server");
    form("sendgrid", "SG." + mixed(22) + "." + mixed(43), "SG." + mixed(10));
    form("twilio", "AC" + many("0123456789abcdef", 32), "AC" + many("0123456789abcdef", 31));
    form("twilio", "SK" + many("0123456789abcdef", 32), "SKIPPED");
    form("digitalocean", "dop_v1_" + many("0123456789abcdef", 64), "dop_v1");
    form("huggingface", "hf_" + mixed(34), "hf_hub");
    form("vault", "hvs." + mixed(24), "hvs.x");
    form("shopify", "shpat_" + many("0123456789abcdef", 32), "shpat_x");
    form("jwt", "eyJ" + mixed(20) + ".eyJ" + mixed(30) + "." + mixed(43), "eyJ" + mixed(20));
    form("card", "4111 1111 1111 1111", "4111 1111 1111 1112");
    form("card", "5500-0000-0000-0004", "5500-0000-0000-0005");
    form("card", "378282246310005", "378282246310006");
    form("iban", "DE89370400440532013000", "DE88370400440532013000");
    form("iban", "GB82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32");
    form("private-key",
         "-----BEGIN RSA PRIVATE KEY-----\n" + mixed(64) + "\n-----END RSA PRIVATE KEY-----",
         "-----BEGIN CERTIFICATE-----");
    rows.push_back({"private-key", "-----BEGIN PRIVATE KEY-----\\n" + mixed(64), mixed(64)});
    rows.push_back({"url-password", "x https://bob:hunter2@a.b/c", "hunter2"});
    rows.push_back({"url-password", "http://bob.example.com:80/a@b", ""});
    rows.push_back({"url-password", "at postgres://u:p/ss@w@db:5432/x", "p/ss@w"});
    rows.push_back({"url-password", "redis://:s3cret@cache:6379", "s3cret"});
    rows.push_back({"url-password", "git https://" + mixed(20) + "@example.com/x", mixed(20)});
    named("authorization", "Authorization: Basic ", "dXNlcjpwYXNz", "Authorization required");
    rows.push_back({"authorization", "-H \"Authorization: Bearer abc def\" http://a", "abc def"});
    rows.push_back({"authorization", R"({"authorization":"token abc"})", "abc"});
    named("bearer", "sent bearer ", mixed(20), "bearer of bad news");
    named("cookie", "Cookie: ", "a=b; sid=\"c\"; d=e", "cookies: 3");
    rows.push_back({"cookie", "Set-Cookie: id=7; Path=/\nnext", "id=7; Path=/"});
    named("password", "password=", "hunter2", "Failed password for root from 1.2.3.4");
    rows.push_back({"password", "DB_PASSWORD='hunt er2'", "hunt er2"});
    rows.push_back({"password", R"({"password": "a\"b c", "n":1})", R"(a\"b c)"});
    rows.push_back({"password", R"(body="{\"passwd\":\"hunter2\"}")", "hunter2"});
    rows.push_back({"password", "  password: correct horse\nhost: a", "correct horse"});
    rows.push_back({"password", "mysql --password hunter2 -h a", "hunter2"});
    rows.push_back({"password", "?user=a&pass=hunter2&x=1", "hunter2"});
    rows.push_back({"password", "password=a,b;c!d host=x", "a,b;c!d"});
    rows.push_back({"password", "{:password=>\"hunter2\"}", "hunter2"});
    rows.push_back({"password", "password=<secret:hunter2", "hunter2"});
    rows.push_back({"password", "password=<secret:token>hunter2", "hunter2"});
    named("secret", "client_secret=", "zqabc", "secretary=bob");
    named("token", "accessToken: ", "zqabc", "tokens=300 max_tokens: 20 token_count=5");
    named("api-key", "X-Api-Key: ", "zqabc", "key=value");
    named("credential", "credentials=", "zqabc", "bypass=1 compass=2 design=3 author=bob");
    rows.push_back({"none", "password=null token: none secret=*** pwd=", ""});
    return rows;
}

}  // namespace ops
