// base64 of RFC 4648, with its padding: for mails and for HTTP's Basic scheme.
#pragma once

#include <string>
#include <string_view>

namespace ops {

std::string base64(std::string_view bytes);

}  // namespace ops
