#include "cli/inspect.h"

#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

std::string span_of(Duration span) {
    return span < std::chrono::milliseconds(1) ? "under 1ms" : format_duration_short(span);
}

std::string date_of(Time at) { return format_rfc3339(at).substr(0, 10); }

std::string left_of(const CertificateSeen& certificate, Time now) {
    if (certificate.ends <= now) {
        return "expired " + format_duration_short(now - certificate.ends) + " ago";
    }
    if (certificate.begins > now) {
        return "not valid for another " + format_duration_short(certificate.begins - now);
    }
    return "ends in " + format_duration_short(certificate.ends - now);
}

std::string certificate_words(const CertificateSeen& certificate, size_t place, Time now) {
    std::string text = place == 0 ? "  certificate of the server: " : "  sent with it: ";
    text += certificate.subject + "\n    issued by: " + certificate.issuer +
            (certificate.issuer == certificate.subject ? " (itself)" : "") + "\n";
    if (!certificate.names.empty()) text += "    for: " + join(certificate.names, ", ") + "\n";
    if (place == 0 && certificate.names.empty()) text += "    for: no name at all\n";
    return text + "    valid from " + date_of(certificate.begins) + " to " +
           date_of(certificate.ends) + ": " + left_of(certificate, now) + "\n";
}

}  // namespace

Inspected name_words(const NameSeen& seen) {
    Inspected words;
    words.well = seen.error.empty() && !seen.addresses.empty();
    words.text = "name " + seen.name + ": ";
    words.text += words.well ? "resolves to " + join(seen.addresses, ", ")
                             : "does not resolve: " + seen.error;
    words.text += " (" + span_of(seen.took) + ")\n";
    words.text += seen.in_hosts_file ? "  it stands in /etc/hosts\n" : "";
    words.text += "  looked up in this order: " +
                  (seen.order.empty() ? "not said in nsswitch.conf" : seen.order) + "\n";
    words.text +=
        "  name servers: " +
        (seen.name_servers.empty() ? "none in resolv.conf" : join(seen.name_servers, ", ")) + "\n";
    return words;
}

Inspected tls_words(const TlsSeen& seen, Time now) {
    Inspected words;
    const std::string who = "tls " + seen.host + " port " + std::to_string(seen.port) + ": ";
    if (!seen.error.empty()) return {false, who + seen.error + "\n"};
    words.well = seen.distrust.empty();
    words.text =
        who + (words.well ? "the certificate is trusted and for this name" : seen.distrust);
    words.text += "\n  " + seen.protocol + " with " + seen.cipher + " at " + seen.address +
                  ", connected in " + span_of(seen.connect) + ", handshake in " +
                  span_of(seen.handshake) + "\n";
    for (size_t i = 0; i < seen.chain.size(); ++i) {
        words.text += certificate_words(seen.chain[i], i, now);
    }
    if (seen.chain.empty()) words.text += "  no certificate was sent\n";
    return words;
}

}  // namespace ops
