// look_at_tls: the certificate and the protocol that a server shows at this moment, for somebody
// who wants to know why a check of it fails. Connects, shakes hands, sends nothing and leaves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace ops {

struct CertificateSeen {
    std::string subject, issuer;     // "CN = api.example.com, O = Example"
    std::vector<std::string> names;  // whom it is for: names and addresses, at most 20
    Time begins{}, ends{};
};
struct TlsSeen {
    std::string host;
    uint16_t port = 0;
    std::string address;  // that was connected to
    std::string error;    // in words: why there was no handshake; empty: there was one
    // Of the certificate: why it is not to be trusted for this host; empty: it is.
    std::string distrust;
    std::string protocol, cipher;        // "TLSv1.3"
    std::vector<CertificateSeen> chain;  // as sent, the server's own first, at most 6
    Duration connect{}, handshake{};
};

// Returns after `patience` at the latest. `now` is for what has expired.
TlsSeen look_at_tls(const std::string& host, uint16_t port, Duration patience, Time now);

}  // namespace ops
