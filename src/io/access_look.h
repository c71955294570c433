// Who could come into this machine: ports that listen, accounts, keys that are let in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/probes.h"

namespace ops {

// The accounts of an /etc/passwd; lines that cannot be read are left out.
std::vector<AccountSeen> parse_accounts(std::string_view passwd);

// The keys of an authorized_keys file, as sshd(8) reads it: options, type, key, comment.
std::vector<KeySeen> parse_authorized_keys(std::string_view text);

// Ports as listening_ports(); keys of every account with a home, as far as we may read them.
Result<AccessSeen> look_at_access(const std::string& passwd_file = "/etc/passwd");

}  // namespace ops
