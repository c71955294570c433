// `ai:` of the configuration: which language models may be asked, how, and for how much. Every key
// is described in docs/configuration.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace ops {

// Money in billionths of a US dollar, so that a token's price and sums of them are exact.
using NanoDollars = int64_t;

// How the other side knows us; which one it wants depends on its version (docs/models.md).
enum class AuthScheme { bearer, x_api_key, none };

struct ModelSettings {
    std::string name;      // for people: "glm-4.7 at 127.0.0.1:4001"
    std::string provider;  // "anthropic", "openai"
    std::string base_url;
    std::string model;
    std::string key, key_file;  // as written: relative to the configuration
    AuthScheme auth = AuthScheme::bearer;
    std::string version;                       // of Anthropic's API, sent as anthropic-version
    int max_tokens = 2048;                     // of one answer
    std::optional<double> temperature, top_p;  // not sent unless set
    bool stream = true;
    Duration timeout = std::chrono::seconds(60);
    Duration stall = std::chrono::seconds(30);  // of a streamed answer: nothing came for so long
    NanoDollars input_price = 3'000;            // a token: 3 dollars a million
    NanoDollars output_price = 15'000;
    bool price_given = false;
};

struct AiSettings {
    std::vector<ModelSettings> models;  // in the order in which they are asked; empty: none
    NanoDollars per_incident = 500'000'000;
    NanoDollars per_day = 5'000'000'000;
    int calls = 8;        // an incident
    int tokens = 20'000;  // an incident, input and output
};
}  // namespace ops
