#include "io/prepared_question.h"

#include <utility>

#include "io/http_exchange.h"

namespace ops {

static PreparedQuestion prepare_http(HttpAsk ask, std::shared_ptr<const HttpAsk>& before) {
    Result<> good = check_request(ask);
    if (!good.ok()) return std::move(good).error();
    Result<Url> url = Url::parse(ask.url);
    if (!url.ok()) return std::move(url).error();
    ask.url = std::string();
    if (before == nullptr || *before != ask)
        before = std::make_shared<const HttpAsk>(std::move(ask));
    PreparedHttp http{before, std::move(url).value(), std::nullopt};
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
    return PreparedTcp{std::make_shared<const TcpAsk>(std::move(ask)), literal};
}

std::shared_ptr<const PreparedQuestion> prepare(Question question) {
    std::shared_ptr<const HttpAsk> none;
    return prepare(std::move(question), none);
}

std::shared_ptr<const PreparedQuestion> prepare(Question question,
                                                std::shared_ptr<const HttpAsk>& before) {
    PreparedQuestion prepared = Error{};
    if (auto* http = std::get_if<HttpAsk>(&question)) {
        prepared = prepare_http(std::move(*http), before);
    } else if (auto* tcp = std::get_if<TcpAsk>(&question)) {
        prepared = prepare_tcp(std::move(*tcp));
    } else if (auto* command = std::get_if<CommandAsk>(&question)) {
        prepared = std::make_shared<const CommandAsk>(std::move(*command));
    } else {
        prepared = std::move(std::get<LocalAsk>(question));
    }
    return std::make_shared<const PreparedQuestion>(std::move(prepared));
}

}  // namespace ops
