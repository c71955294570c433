// webhook: the alert as JSON by POST. With a secret the body's HMAC-SHA256 is in X-Ops-Signature,
// so that the other side can tell our messages from anybody's.
#include "base/hash.h"
#include "config/fields.h"
#include "escalate/channel_kinds.h"
#include "io/secret.h"

namespace ops {
void read_webhook(const Node& node, ChannelSettings& channel, Problems& problems) {
    Fields fields(node, "'webhook'", problems);
    channel.url = fields.required_text("url");
    const bool is_http = channel.url.starts_with("http://") || channel.url.starts_with("https://");
    if (!channel.url.empty() && !is_http) {
        problems.error(fields.place_of("url"), "a webhook's url begins with http:// or https://");
    }
    channel.secret_file = fields.text("secret_file");
    fields.done();
}

DeliveryResult deliver_webhook(const Outgoing& out) {
    const Result<std::string> secret = read_secret(out.ports.files, out.channel.secret_file);
    if (!secret.ok()) return not_delivered(secret.error());
    Json body = out.delivery.alert.to_json(out.delivery.time_zone);
    body.set("agent", out.delivery.agent);
    HttpRequest request;
    request.method = "POST";
    request.url = out.channel.url;
    request.body = body.dump();
    request.time_limit = out.channel.timeout;
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "ops-agent"}};
    if (!secret.value().empty()) {
        request.headers.emplace_back("X-Ops-Signature",
                                     "sha256=" + hmac_sha256_hex(secret.value(), request.body));
    }
    const Result<HttpReply> sent = out.ports.http.send(request);
    if (!sent.ok()) return not_delivered(sent.error());
    const HttpReply& reply = sent.value();
    const std::string answer = "HTTP " + std::to_string(reply.status);
    if (reply.status >= 200 && reply.status < 300) return delivered(answer);
    const bool later = reply.status == 408 || reply.status == 429 || reply.status >= 500;
    DeliveryResult result = not_delivered({later ? Fault::unavailable : Fault::denied, answer});
    const RetryAfter asked = retry_after(reply);
    result.failed->wait = asked.wait;
    result.failed->wait_until = asked.until;
    return result;
}

}  // namespace ops
