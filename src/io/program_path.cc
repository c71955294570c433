#include "io/program_path.h"

#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace ops {

Result<std::string> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (name[0] != '/') {
            return Error{Fault::invalid, "run '" + name +
                                             "': the program must be an absolute path or be found "
                                             "on the fixed PATH"};
        }
        return name;
    }
    for (const std::string_view folder : split(kProgramPath, ':')) {
        const std::string path = std::string(folder) + "/" + name;
        if (::access(path.c_str(), X_OK) == 0) return path;
    }
    return Error{Fault::not_found, "run '" + name + "': no such program in " + kProgramPath};
}

Result<std::string> find_runnable(const std::string& name) {
    const std::string path = TRY(find_program(name));
    if (::access(path.c_str(), X_OK) == 0) return path;
    if (errno == ENOENT || errno == ENOTDIR) {
        return Error{Fault::not_found, "run '" + path + "': no such program"};
    }
    return Error{Fault::denied, "run '" + path + "': it may not be run by this user"};
}

}  // namespace ops
