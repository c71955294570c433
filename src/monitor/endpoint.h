// Endpoint: where a check goes on the network, found in the question it asks when somebody wants to
// know, not kept: of ten thousand checks it would be much, and few are ever looked at closer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/probes.h"

namespace ops {

struct Endpoint {
    std::string host;
    uint16_t port = 0;
    bool tls = false;
    bool is_name = false;  // it must be looked up: no address

    bool operator==(const Endpoint&) const = default;
};
// Nothing of what is not asked over the network: a command, a UNIX socket.
std::optional<Endpoint> endpoint_of(const Question& question);

}  // namespace ops
