#include "config/program_place.h"

#include <filesystem>

namespace ops {

std::string program_beside(const std::string& config_file, const std::string& program) {
    if (program.starts_with('/') || program.find('/') == std::string::npos) return program;
    std::error_code none;  // without a current folder the program is not found, and that is told
    const auto file = std::filesystem::absolute(config_file.empty() ? "." : config_file, none);
    const auto folder = config_file.empty() ? file : file.parent_path();
    return (folder / program).lexically_normal().string();
}

}  // namespace ops
