#include "io/prepared_question.h"

#include <utility>

#include "io/http_exchange.h"

namespace ops {

static PreparedQuestion prepare_http(HttpAsk ask) {
    Result<> good = check_request(ask);
    if (!good.ok()) return std::move(good).error();
    Result<Url> url = Url::parse(ask.url);
    if (!url.ok()) return std::move(url).error();
    ask.url = std::string();
    PreparedHttp http{std::move(ask), std::move(url).value(), std::nullopt};
    if (http.url.scheme() != Url::Scheme::unix_socket) {
        http.literal = SocketAddress::literal(http.url.host(), http.url.port());
    }
    return http;
}

static PreparedQuestion prepare_tcp(TcpAsk ask) {
    if (ask.host.empty() || ask.port == 0) {
        return Error{Fault::invalid, "tcp check: a host and a port from 1 to 65535 are needed"};
    }
    const auto literal = SocketAddress::literal(ask.host, ask.port);
    return PreparedTcp{std::move(ask), literal};
}

std::shared_ptr<const PreparedQuestion> prepare(Question question) {
    PreparedQuestion prepared = Error{};
    if (auto* http = std::get_if<HttpAsk>(&question)) {
        prepared = prepare_http(std::move(*http));
    } else if (auto* tcp = std::get_if<TcpAsk>(&question)) {
        prepared = prepare_tcp(std::move(*tcp));
    } else if (auto* command = std::get_if<CommandAsk>(&question)) {
        prepared = std::move(*command);
    } else {
        prepared = std::move(std::get<LocalAsk>(question));
    }
    return std::make_shared<const PreparedQuestion>(std::move(prepared));
}

}  // namespace ops
