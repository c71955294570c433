// PreparedQuestion: a Question checked and taken apart once, to be asked many times. Ten thousand
// stay in memory.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "io/probes.h"
#include "io/socket_address.h"
#include "io/url.h"

namespace ops {

struct PreparedHttp {
    HttpAsk ask;  // without its url
    Url url;
    std::optional<SocketAddress> literal;  // when the host is no name
};
struct PreparedTcp {
    TcpAsk ask;
    std::optional<SocketAddress> literal;
};
// An Error is the answer to the question each time it is asked.
using PreparedQuestion = std::variant<Error, PreparedHttp, PreparedTcp, CommandAsk, LocalAsk>;

std::shared_ptr<const PreparedQuestion> prepare(Question question);

}  // namespace ops
