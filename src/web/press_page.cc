#include "web/press_page.h"

#include "base/text.h"

namespace ops {
namespace {

std::string safe(std::string_view text) {
    std::string out;
    for (const char c : printable(text, Lines::flatten)) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

// One file, nothing fetched, no script; readable on a phone, by day and by night.
WebReply page(int status, const std::string& heading, const std::string& body) {
    return {status, "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"referrer\" content=\"no-referrer\">"
            "<meta name=\"robots\" content=\"noindex\">\n<title>" +
                safe(heading) +
                "</title>\n<style>\n"
                ":root { color-scheme: light dark; }\n"
                "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; "
                "padding: 1.5rem; }\n"
                "h1 { font-size: 1.4rem; } pre { white-space: pre-wrap; overflow-wrap: anywhere; "
                "padding: .8rem; border: 1px solid #8888; border-radius: .4rem; }\n"
                "button { font: inherit; font-weight: 600; width: 100%; padding: .9rem; "
                "border: 0; border-radius: .4rem; background: #0b57d0; color: #fff; }\n"
                "</style></head><body>\n<main>\n<h1>" +
                safe(heading) + "</h1>\n" + body + "</main>\n</body></html>\n"};
}

}  // namespace

WebReply press_page(const Json& press) {
    std::string body = "<p>" + safe(press["seen"].as_string()) + "</p>\n";
    const auto plan = press["plan"].strings();
    if (!plan.empty()) {
        body += "<p>This would run:</p>\n<pre>";
        for (const std::string& command : plan) body += safe(command) + "\n";
        body += "</pre>\n";
    }
    const bool is_old = press["is_old"].as_bool();
    if (is_old)
        body += "<p>This link is more than ten minutes old, and does nothing any more.</p>\n";
    body += "<form method=\"post\"><button>" +
            (is_old ? "Send me new links" : safe(press["label"].as_string())) +
            "</button></form>\n";
    return page(200, press["title"].as_string(), body);
}

WebReply press_done(const std::string& said) {
    return page(200, "Done", "<p>" + safe(said) + "</p>\n");
}

WebReply press_refused(int status, const std::string& why) {
    return page(status, "Not done", "<p>" + safe(why) + "</p>\n");
}

}  // namespace ops
