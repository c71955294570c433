// Wire: lines of JSON over a UNIX socket, between the core and the processes that run programs for
// it (docs/formats/executor.md, docs/formats/prober.md).
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

// A socket that listens at `path`, mode 0600; an old one there is replaced. Paths are at most 107
// bytes long.
Result<Descriptor> listen_at(const std::string& path);
// Fault::unavailable when nobody listens.
Result<Descriptor> connect_to(const std::string& path);

// One line without its end. Fault::timeout when it is not there by `until` (steady), unavailable
// when the other side ends before it, invalid when it is over the limit (in bytes).
Result<std::string> read_line(int fd, Clock& clock, Duration until, size_t limit = kFrameLimit);
// Fault::unavailable when not all of it could be sent: then the other side has no whole line.
Result<> write_line(int fd, std::string line, Clock& clock, Duration until);

Json error_to_json(const Error& error);
// What makes no sense is Fault::timeout: it may have been done.
Error error_from_json(const Json& json);

// One request and its answer: `{"ok": ...}` or `{"error": ...}`. Fault::unavailable: it was not
// wholly sent, so nothing happened. Anything wrong after that is Fault::timeout.
Result<Json> exchange(int fd, const Json& request, Duration answer_within,
                      size_t answer_limit = kFrameLimit);

}  // namespace ops
