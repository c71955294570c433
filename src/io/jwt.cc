#include "io/jwt.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <limits>
#include <memory>
#include <vector>

namespace ops {
namespace {

template <auto kFree>
struct Freed {
    template <class T>
    void operator()(T* thing) const {
        kFree(thing);
    }
};
void free_bio(BIO* bio) { BIO_free(bio); }
using Bio = std::unique_ptr<BIO, Freed<free_bio>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Signing = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr int kHalf = 32;  // bytes of r, and of s

Result<Key> read_key(std::string_view pem) {
    const Error wrong{Fault::invalid, "no private key of the curve P-256 in PEM form"};
    if (pem.size() > size_t{std::numeric_limits<int>::max()}) return wrong;
    const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // A key with a password would be asked for at the terminal: there is none to ask.
    const auto no_password = [](char*, int, int, void*) { return 0; };
    Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) return wrong;
    std::array<char, 64> curve{};
    size_t length = 0;
    if (EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), &length) != 1) return wrong;
    if (std::string_view(curve.data(), length) != "prime256v1") return wrong;
    return key;
}

// OpenSSL's DER as the two numbers that a token wants.
Result<std::string> raw_signature(const std::vector<unsigned char>& der) {
    const unsigned char* at = der.data();
    const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::array<unsigned char, 2 * kHalf> raw{};
    const bool is_done =
        signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kHalf) == kHalf &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kHalf, kHalf) == kHalf;
    if (!is_done) return Error{Fault::invalid, "the signature could not be made"};
    return std::string(raw.begin(), raw.end());
}

}  // namespace

std::string base64url(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    uint32_t bits = 0;
    int waiting = 0;
    for (const char byte : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(byte);
        for (waiting += 8; waiting >= 6; waiting -= 6)
            text += kDigits[(bits >> (waiting - 6)) & 63];
    }
    if (waiting > 0) text += kDigits[(bits << (6 - waiting)) & 63];
    return text;
}

Result<std::string> make_es256_token(std::string_view pem, const Json& header, const Json& claims) {
    const Key key = TRY(read_key(pem));
    const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
    const Signing signing(EVP_MD_CTX_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t length = 0;
    bool is_done =
        signing &&
        EVP_DigestSignInit(signing.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestSign(signing.get(), nullptr, &length, bytes, text.size()) == 1;
    std::vector<unsigned char> der(length);
    is_done =
        is_done && EVP_DigestSign(signing.get(), der.data(), &length, bytes, text.size()) == 1;
    if (!is_done) return Error{Fault::invalid, "the signature could not be made"};
    der.resize(length);
    return text + "." + base64url(TRY(raw_signature(der)));
}

}  // namespace ops
