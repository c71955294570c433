#include "io/jwt.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <set>

namespace ops {
namespace {

struct Pair {
    std::string pem;
    EVP_PKEY* key;
};
Pair make_key(const char* type, const char* curve) {
    EVP_PKEY* const key = curve == nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, size_t{2048})
                                           : EVP_PKEY_Q_keygen(nullptr, nullptr, type, curve);
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out, &text);
    Pair pair{std::string(text, static_cast<size_t>(length)), key};
    BIO_free(out);
    return pair;
}

std::string decode(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    uint32_t bits = 0;
    int waiting = 0;
    for (const char digit : text) {
        bits = (bits << 6) | static_cast<uint32_t>(kDigits.find(digit));
        waiting += 6;
        if (waiting >= 8) {
            waiting -= 8;
            bytes += static_cast<char>((bits >> waiting) & 255);
        }
    }
    return bytes;
}

// As the other side checks it: the two numbers made into DER again, with the public half.
bool verifies(const std::string& token, EVP_PKEY* key) {
    const size_t dot = token.rfind('.');
    const std::string raw = decode(std::string_view(token).substr(dot + 1));
    if (raw.size() != 64) return false;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(raw.data());
    ECDSA_SIG* const signature = ECDSA_SIG_new();
    ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int length = i2d_ECDSA_SIG(signature, &der);
    EVP_MD_CTX* const checking = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(checking, nullptr, EVP_sha256(), nullptr, key);
    const bool is_good =
        EVP_DigestVerify(checking, der, static_cast<size_t>(length),
                         reinterpret_cast<const unsigned char*>(token.data()), dot) == 1;
    EVP_MD_CTX_free(checking);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return is_good;
}

TEST(Jwt, WritesBytesAsUrlsTakeThem) {
    EXPECT_EQ(base64url(""), "");
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(base64url("fo"), "Zm8");
    EXPECT_EQ(base64url("foo"), "Zm9v");
    EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64url("\xff\xfe\xfb"), "__77");
}

TEST(Jwt, IsSignedSoThatTheOtherSideKnowsUs) {
    const Pair ours = make_key("EC", "P-256");
    const Pair other = make_key("EC", "P-256");
    const Json header = Json::object({{"alg", "ES256"}, {"kid", "K"}, {"typ", "JWT"}});
    const Json claims = Json::object({{"iss", "I"}, {"iat", 1}, {"exp", 2}});
    // Numbers that begin with zero bytes must keep them: one in 128 signatures has one.
    std::set<std::string> tokens;
    for (int i = 0; i < 400; ++i) {
        const auto token = make_es256_token(ours.pem, header, claims);
        ASSERT_TRUE(token.ok()) << token.error().message;
        ASSERT_TRUE(verifies(token.value(), ours.key));
        tokens.insert(token.value());
    }
    EXPECT_EQ(tokens.size(), 400U);
    const std::string& token = *tokens.begin();
    EXPECT_FALSE(verifies(token, other.key));
    EXPECT_EQ(decode(token.substr(0, token.find('.'))), header.dump());
    EVP_PKEY_free(ours.key);
    EVP_PKEY_free(other.key);
}

TEST(Jwt, AnotherKeyIsNamed) {
    const Pair rsa = make_key("RSA", nullptr);
    const Pair larger = make_key("EC", "P-384");
    for (const std::string& pem : {rsa.pem, larger.pem, std::string(), std::string("-----BEGIN")}) {
        const auto token = make_es256_token(pem, Json::object(), Json::object());
        ASSERT_FALSE(token.ok());
        EXPECT_EQ(token.error().message, "no private key of the curve P-256 in PEM form");
    }
    EVP_PKEY_free(rsa.key);
    EVP_PKEY_free(larger.key);
}

}  // namespace
}  // namespace ops
