// Words of `inspect`: what was seen of a name or a server, line by line, the verdict first. Pure.
#pragma once

#include <string>

#include "io/name_look.h"
#include "io/tls_look.h"

namespace ops {

struct Inspected {
    bool well = true;
    std::string text;  // lines, each ended
};
Inspected name_words(const NameSeen& seen);
Inspected tls_words(const TlsSeen& seen, Time now);

}  // namespace ops
