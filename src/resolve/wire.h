// Wire: lines of JSON over a UNIX socket, between the core and its executor
// (docs/formats/executor.md).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/descriptor.h"

namespace ops {

// Room for 64 KiB of output in which every byte has to be escaped, and the rest of a reply.
inline constexpr size_t kFrameLimit = 1024 * 1024;

// A socket that listens at `path`, mode 0600; an old one there is replaced.
Result<Descriptor> listen_at(const std::string& path);
// Fault::unavailable when nobody listens.
Result<Descriptor> connect_to(const std::string& path);

// One line without its end. Fault::timeout when it is not there by `until` (steady), unavailable
// when the other side ends before it, invalid when it is over the limit.
Result<std::string> read_line(int fd, Clock& clock, Duration until);
// Fault::unavailable when not all of it could be sent: then the other side has no whole line.
Result<> write_line(int fd, std::string line, Clock& clock, Duration until);

Json error_to_json(const Error& error);
Error error_from_json(const Json& json);

}  // namespace ops
