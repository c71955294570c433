#include "base/hash.h"

#include <sha2.h>

#include <array>

namespace ops {
namespace {

// Why libmd: OpenSSL's libcrypto, linked for this alone, held 3.8 MB of each of our processes.
using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

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

Digest sha256(std::string_view first, std::string_view second) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes_of(first), first.size());
    SHA256Update(&context, bytes_of(second), second.size());
    Digest digest;
    SHA256Final(digest.data(), &context);
    return digest;
}

}  // namespace

struct Sha256::State {
    SHA2_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256Init(&state_->context); }
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
    SHA256Update(&state_->context, bytes_of(bytes), bytes.size());
}

std::string Sha256::hex() {
    Digest digest;
    SHA256Final(digest.data(), &state_->context);
    return to_hex(digest);
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes, "")); }

// RFC 2104: H(key ^ outer, H(key ^ inner, bytes)).
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    Digest short_key;
    if (key.size() > SHA256_BLOCK_LENGTH) {
        short_key = sha256(key, "");
        key = text_of(short_key);
    }
    std::string inner(SHA256_BLOCK_LENGTH, '\x36'), outer(SHA256_BLOCK_LENGTH, '\x5c');
    for (size_t i = 0; i < key.size(); ++i) {
        inner[i] = static_cast<char>(inner[i] ^ key[i]);
        outer[i] = static_cast<char>(outer[i] ^ key[i]);
    }
    const Digest within = sha256(inner, bytes);
    return to_hex(sha256(outer, text_of(within)));
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    volatile unsigned char differs = 0;  // volatile: so that no compiler ends the loop early
    for (size_t i = 0; i < a.size(); ++i) {
        differs = static_cast<unsigned char>(differs | (bytes_of(a)[i] ^ bytes_of(b)[i]));
    }
    return differs == 0;
}

}  // namespace ops
