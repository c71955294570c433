#include "cli/secrets.h"

#include <filesystem>

namespace ops {
namespace {

// "0644"
std::string octal(unsigned mode) {
    std::string text = "0";
    for (const unsigned shift : {6U, 3U, 0U})
        text += static_cast<char>('0' + ((mode >> shift) & 7));
    return text;
}

}  // namespace

std::vector<OpenSecret> open_secrets(const Loaded& loaded) {
    std::vector<Loaded::SecretFile> files = loaded.secret_files;
    files.push_back({loaded.data_dir + "/api.token", {loaded.settings.file, 0, 0}});
    std::vector<OpenSecret> open;
    for (const Loaded::SecretFile& file : files) {
        std::error_code failed;
        const auto status = std::filesystem::status(file.path, failed);
        if (failed || !std::filesystem::is_regular_file(status)) continue;
        const auto mode = static_cast<unsigned>(status.permissions());
        if ((mode & 077) == 0) continue;
        open.push_back(
            {file.place,
             "secret file '" + file.path + "' is open to others (mode " + octal(mode) + ")",
             "chmod 600 " + file.path});
    }
    return open;
}

std::vector<MissingSecret> missing_secrets(const Loaded& loaded) {
    std::vector<MissingSecret> missing;
    for (const Loaded::SecretFile& file : loaded.secret_files) {
        std::error_code failed;
        const auto status = std::filesystem::status(file.path, failed);
        if (status.type() == std::filesystem::file_type::not_found) {
            missing.push_back({file.place, file.path});
        }
    }
    return missing;
}

}  // namespace ops
