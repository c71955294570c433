// Any bytes are either refused, or a value that is written and read back the same.
#include "base/json.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto json = ops::Json::parse(text);
    if (!json.ok()) {
        ASSERT(json.error().message.size() < 300);
        return 0;
    }
    const auto again = ops::Json::parse(json.value().dump());
    ASSERT(again.ok() && again.value() == json.value());
    const auto pretty = ops::Json::parse(json.value().dump_pretty());
    ASSERT(pretty.ok() && pretty.value() == json.value());
    return 0;
}
