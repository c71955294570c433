// The HTTP API of product.md 6: finds the route, checks who asks, and puts the request to Control.
//
// Pure but for Control. Who may: reading from loopback is free while no password is set; whatever
// changes something needs the bearer token of the data folder's `api.token` (the command line reads
// it; mode 0600); heartbeats, facts and outside events need the push token, or, while none is set,
// come from loopback. Host and Origin must name this server, so that no web page in a browser on
// this machine can speak to it.
//
// Who a person is cannot be known here: whoever bears the token is trusted. So a Deed says both who
// is claimed (`by`), which unix user's process asked (`user`, from the command line), and what was
// shown (`via`); the journal keeps all three.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/control.h"
#include "web/messages.h"

namespace ops {

struct WebAccess {
    std::string api_token;  // never empty
    // None: pushes from loopback need none, reading from loopback is free. Empty: nobody bears it.
    std::optional<std::string> push_token, password;
    std::vector<std::string>
        host_names;  // that a Host header may carry, without port; loopback's are built in
};

// `GET /api/v1/proof?nonce=...` answers with what only who has the api token can make of the nonce:
// so the command line knows, before it says anything, that no stranger took the port.
inline constexpr std::string_view kProofPath = "/api/v1/proof";
std::string proof_of(std::string_view api_token, std::string_view nonce);

WebReply answer(WebRequest request, const WebAccess& access, Control& control);

}  // namespace ops
