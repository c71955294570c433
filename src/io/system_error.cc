#include "io/system_error.h"

#include <cctype>
#include <cerrno>
#include <cstring>

namespace ops {

std::string system_words(int number) {
    const char* words = strerrordesc_np(number);
    if (words == nullptr) return "error " + std::to_string(number);
    std::string text = words;
    // "Input/output error" -> "input/output error", but "RPC ..." stays.
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

static Fault fault_of(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
        case ESRCH:
        case ENXIO:
        case ENODEV: return Fault::not_found;
        case EACCES:
        case EPERM:
        case EROFS:
        case EEXIST: return Fault::denied;
        case ETIMEDOUT: return Fault::timeout;
        case EINVAL:
        case ENAMETOOLONG:
        case EISDIR:
        case ENOEXEC:
        case E2BIG: return Fault::invalid;
        case EIO:
        case EUCLEAN: return Fault::corrupt;
        default: return Fault::unavailable;
    }
}

Error system_error(std::string_view doing, int number) {
    return {fault_of(number), std::string(doing) + ": " + system_words(number)};
}

}  // namespace ops
