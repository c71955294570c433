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

#include "io/late_library.h"

namespace ops {
namespace {

// OpenSSL, loaded when the first token is made (as in tls_stream.cc).
struct Crypto : LateLibrary {
    Crypto() : LateLibrary("libcrypto.so.3") {}

    Late<decltype(::BIO_free)> BIO_free{*this, "BIO_free"};
    Late<decltype(::BIO_new_mem_buf)> BIO_new_mem_buf{*this, "BIO_new_mem_buf"};
    Late<decltype(::BN_bn2binpad)> BN_bn2binpad{*this, "BN_bn2binpad"};
    Late<decltype(::ECDSA_SIG_free)> ECDSA_SIG_free{*this, "ECDSA_SIG_free"};
    Late<decltype(::ECDSA_SIG_get0_r)> ECDSA_SIG_get0_r{*this, "ECDSA_SIG_get0_r"};
    Late<decltype(::ECDSA_SIG_get0_s)> ECDSA_SIG_get0_s{*this, "ECDSA_SIG_get0_s"};
    Late<decltype(::EVP_DigestSign)> EVP_DigestSign{*this, "EVP_DigestSign"};
    Late<decltype(::EVP_DigestSignInit)> EVP_DigestSignInit{*this, "EVP_DigestSignInit"};
    Late<decltype(::EVP_MD_CTX_free)> EVP_MD_CTX_free{*this, "EVP_MD_CTX_free"};
    Late<decltype(::EVP_MD_CTX_new)> EVP_MD_CTX_new{*this, "EVP_MD_CTX_new"};
    Late<decltype(::EVP_PKEY_free)> EVP_PKEY_free{*this, "EVP_PKEY_free"};
    Late<decltype(::EVP_PKEY_get_base_id)> EVP_PKEY_get_base_id{*this, "EVP_PKEY_get_base_id"};
    Late<decltype(::EVP_PKEY_get_group_name)> EVP_PKEY_get_group_name{*this,
                                                                      "EVP_PKEY_get_group_name"};
    Late<decltype(::EVP_sha256)> EVP_sha256{*this, "EVP_sha256"};
    Late<decltype(::PEM_read_bio_PrivateKey)> PEM_read_bio_PrivateKey{*this,
                                                                      "PEM_read_bio_PrivateKey"};
    Late<decltype(::d2i_ECDSA_SIG)> d2i_ECDSA_SIG{*this, "d2i_ECDSA_SIG"};
};

const Crypto& crypto() { return late_library<Crypto>(); }

struct Freed {
    void operator()(BIO* bio) const { crypto().BIO_free(bio); }
    void operator()(EVP_PKEY* key) const { crypto().EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { crypto().EVP_MD_CTX_free(context); }
    void operator()(ECDSA_SIG* signature) const { crypto().ECDSA_SIG_free(signature); }
};
using Bio = std::unique_ptr<BIO, Freed>;
using Key = std::unique_ptr<EVP_PKEY, Freed>;
using Signing = std::unique_ptr<EVP_MD_CTX, Freed>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed>;

constexpr int kHalf = 32;  // bytes of r, and of s

Result<Key> read_key(std::string_view pem) {
    const Error wrong{Fault::invalid, "no private key of the curve P-256 in PEM form"};
    if (pem.size() > size_t{std::numeric_limits<int>::max()}) return wrong;
    const Bio text(crypto().BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // A key with a password would be asked for at the terminal: there is none to ask.
    const auto no_password = [](char*, int, int, void*) { return 0; };
    Key key(crypto().PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
    if (!key || crypto().EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) return wrong;
    std::array<char, 64> curve{};
    size_t length = 0;
    if (crypto().EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), &length) != 1)
        return wrong;
    if (std::string_view(curve.data(), length) != "prime256v1") return wrong;
    return key;
}

// OpenSSL's DER as the two numbers that a token wants.
Result<std::string> raw_signature(const std::vector<unsigned char>& der) {
    const unsigned char* at = der.data();
    const Signature signature(crypto().d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::array<unsigned char, 2 * kHalf> raw{};
    const bool is_done = signature &&
                         crypto().BN_bn2binpad(crypto().ECDSA_SIG_get0_r(signature.get()),
                                               raw.data(), kHalf) == kHalf &&
                         crypto().BN_bn2binpad(crypto().ECDSA_SIG_get0_s(signature.get()),
                                               raw.data() + kHalf, kHalf) == kHalf;
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
    TRY(crypto().is_loaded());
    const Key key = TRY(read_key(pem));
    const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
    const Signing signing(crypto().EVP_MD_CTX_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t length = 0;
    bool is_done =
        signing &&
        crypto().EVP_DigestSignInit(signing.get(), nullptr, crypto().EVP_sha256(), nullptr,
                                    key.get()) == 1 &&
        crypto().EVP_DigestSign(signing.get(), nullptr, &length, bytes, text.size()) == 1;
    std::vector<unsigned char> der(length);
    is_done = is_done &&
              crypto().EVP_DigestSign(signing.get(), der.data(), &length, bytes, text.size()) == 1;
    if (!is_done) return Error{Fault::invalid, "the signature could not be made"};
    der.resize(length);
    return text + "." + base64url(TRY(raw_signature(der)));
}

}  // namespace ops
