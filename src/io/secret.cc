#include "io/secret.h"

#include "base/text.h"

namespace ops {

Result<std::string> read_secret(Files& files, const std::string& path) {
    if (path.empty()) return std::string();
    const std::string text = TRY(files.read(path).during("read secret file '" + path + "'"));
    return std::string(trim(text));
}

}  // namespace ops
