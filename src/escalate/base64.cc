#include "escalate/base64.h"

namespace ops {

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](size_t at) {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned all = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        text += kDigits[all >> 18U & 63U];
        text += kDigits[all >> 12U & 63U];
        text += i + 1 < bytes.size() ? kDigits[all >> 6U & 63U] : '=';
        text += i + 2 < bytes.size() ? kDigits[all & 63U] : '=';
    }
    return text;
}

}  // namespace ops
