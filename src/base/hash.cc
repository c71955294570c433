#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <limits>

#include "base/assert.h"

namespace ops {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string to_hex(const Digest& digest) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(digest.size() * 2);
    for (const unsigned char byte : digest) {
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 15];
    }
    return hex;
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    Digest digest;
    SHA256(bytes_of(bytes), bytes.size(), digest.data());
    return to_hex(digest);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    ASSERT(key.size() <= size_t{std::numeric_limits<int>::max()});
    Digest digest;
    unsigned length = 0;
    // A null key means "the key of last time" to OpenSSL, so an empty one needs an address.
    const char* const key_bytes = key.empty() ? "" : key.data();
    const auto* const done = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
                                  bytes_of(bytes), bytes.size(), digest.data(), &length);
    ASSERT(done != nullptr && length == digest.size());
    return to_hex(digest);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ops
