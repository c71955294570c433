#include "monitor/endpoint.h"

#include "io/socket_address.h"
#include "monitor/check_url.h"

namespace ops {
namespace {

Endpoint endpoint(std::string host, uint16_t port, bool tls) {
    const bool is_name = !SocketAddress::literal(host, port).has_value();
    return {std::move(host), port, tls, is_name};
}

}  // namespace

std::optional<Endpoint> endpoint_of(const Question& question) {
    if (const auto* const tcp = std::get_if<TcpAsk>(&question)) {
        return endpoint(tcp->host, tcp->port, false);
    }
    const auto* const http = std::get_if<HttpAsk>(&question);
    if (http == nullptr) return std::nullopt;
    const Result<CheckUrl> url = parse_check_url(http->url);
    if (!url.ok() || url.value().scheme == "unix") return std::nullopt;
    return endpoint(url.value().host, url.value().port, url.value().scheme == "https");
}

}  // namespace ops
