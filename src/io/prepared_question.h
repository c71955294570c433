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
    std::shared_ptr<const HttpAsk> ask;  // without its url; those that are alike share it
    Url url;
    std::optional<SocketAddress> literal;  // when the host is no name
};
struct PreparedTcp {
    std::shared_ptr<const TcpAsk> ask;
    std::optional<SocketAddress> literal;
};
using PreparedCommand = std::shared_ptr<const CommandAsk>;
// An Error is the answer to the question each time it is asked.
using PreparedQuestion = std::variant<Error, PreparedHttp, PreparedTcp, PreparedCommand, LocalAsk>;

std::shared_ptr<const PreparedQuestion> prepare(Question question);
// `before` may be shared, and becomes this question's own when it is another.
std::shared_ptr<const PreparedQuestion> prepare(Question question,
                                                std::shared_ptr<const HttpAsk>& before);

}  // namespace ops
