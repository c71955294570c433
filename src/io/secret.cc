#include "io/secret.h"

#include "base/text.h"

namespace ops {

Result<std::string> read_secret(Files& files, const std::string& path) {
    if (path.empty()) return std::string();
    const Result<std::string> text = files.read(path);
    if (text.ok()) return std::string(trim(text.value()));
    // Without a colon behind it: "db.password': no" would look like a secret, and be taken for one.
    const std::string& said = text.error().message;
    const size_t reason = said.rfind("': ");
    return Error{text.error().fault,
                 "secret file '" + path + "' cannot be read (" +
                     (reason == std::string::npos ? said : said.substr(reason + 3)) + ")"};
}

}  // namespace ops
