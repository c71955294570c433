// A JSON Web Token signed with ES256 (RFC 7515, RFC 7518 3.4): how App Store Connect knows who
// asks. The only file that knows OpenSSL's keys.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace ops {

// `pem`: a private key on the curve P-256, as Apple's .p8 files hold it. Two tokens of the same
// claims differ: a signature has chance in it. Fault::invalid when the key is none of that kind.
Result<std::string> make_es256_token(std::string_view pem, const Json& header, const Json& claims);

// Without padding, with '-' and '_' (RFC 4648, section 5).
std::string base64url(std::string_view bytes);

}  // namespace ops
