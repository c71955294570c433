// webhook: the alert as JSON by POST. With a secret the body's HMAC-SHA256 is in X-Ops-Signature,
// so that the other side can tell our messages from anybody's.
#include <array>

#include "base/hash.h"
#include "escalate/channel_kinds.h"

namespace ops {

std::span<const ChannelSetting> webhook_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "url", .help = "where to", .form = url, .required = true},
        {.name = "secret", .help = "signs the body", .form = secret},
    });
    return kSettings;
}

DeliveryResult deliver_webhook(const Outgoing& out) {
    const Result<std::string> secret = out.secret("secret");
    if (!secret.ok()) return not_delivered(secret.error());
    Json body = out.delivery.alert.to_json(out.delivery.time_zone);
    body.set("agent", out.delivery.agent);
    HttpRequest request = json_request(out, "POST", out.channel.text("url"), body);
    if (!secret.value().empty()) {
        request.headers.emplace_back("X-Ops-Signature",
                                     "sha256=" + hmac_sha256_hex(secret.value(), request.body));
    }
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    return delivered("HTTP " + std::to_string(answer.reply.status));
}

}  // namespace ops
