#include "io/late_library.h"

#include <dlfcn.h>

#include <string>

namespace ops {

LateLibrary::LateLibrary(const char* file)
    : file_(file), handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
        is_loaded_ = Error{Fault::unavailable, std::string("load ") + ::dlerror()};
    }
}

void* LateLibrary::find(const char* name) {
    if (handle_ == nullptr) return nullptr;
    void* const function = ::dlsym(handle_, name);
    if (function == nullptr) {
        is_loaded_ = Error{Fault::unavailable, std::string("load ") + file_ + ": it lacks " + name};
    }
    return function;
}

}  // namespace ops
