// Digests and message authentication (OpenSSL inside).
#pragma once

#include <string>
#include <string_view>

namespace ops {

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
// Compares in a time that does not depend on where they differ.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace ops
