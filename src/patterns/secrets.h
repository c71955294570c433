// Secrets in text: found by their form or by the name before them, and replaced by "<secret:kind>".
//
// Forms: keys and tokens of the services in kSecretKinds, private keys, JSON web tokens, cards and
// accounts whose check digits are right. Names: password, secret, token, api_key and their like in
// environments, queries, JSON (escaped, too), YAML, command lines; the headers Authorization and
// Cookie; the password in a URL. What is named is redacted whatever it looks like.
//
// It rather takes too much than too little: after a name, all up to where the value surely ends.
// What has neither a form nor a name is not found. Text must have been made printable before, or
// invisible characters hide a name. Linear in the text; doing it twice changes nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace ops {

constexpr auto kSecretKinds = std::to_array<std::string_view>({
    "api-key", "authorization", "aws-key",     "aws-secret",   "anthropic", "bearer",
    "card",    "cookie",        "credential",  "digitalocean", "github",    "github-fine",
    "gitlab",  "google",        "huggingface", "iban",         "jwt",       "npm",
    "openai",  "password",      "private-key", "pypi",         "secret",    "sendgrid",
    "shopify", "slack",         "slack-hook",  "stripe",       "telegram",  "token",
    "twilio",  "url-password",  "vault",
});

struct Redaction {
    std::string text;
    size_t secrets = 0;
};

Redaction redact_secrets(std::string_view text);

// Whether `name` ("DB_PASSWORD", "x-api-key") says that what is assigned to it is a secret: the
// kind or "".
std::string_view secret_kind_named(std::string_view name);

// "<secret:kind>" of a known kind at the front of `text`: its length, else 0.
size_t secret_placeholder_length(std::string_view text);

}  // namespace ops
