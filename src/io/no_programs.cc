#include "io/no_programs.h"

#include <seccomp.h>

#include <cerrno>
#include <memory>

#include "io/system_error.h"

namespace ops {

Result<> forbid_programs() {
    const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                   &seccomp_release);
    const auto check = [](int result) -> Result<> {
        if (result == 0) return {};
        return Error{Fault::unavailable, system_error("forbid to start programs", -result).message};
    };
    if (!filter) return check(-ENOMEM);
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    TRY(check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1)));  // all threads
    TRY(check(seccomp_rule_add(filter.get(), refuse, SCMP_SYS(execve), 0)));
    TRY(check(seccomp_rule_add(filter.get(), refuse, SCMP_SYS(execveat), 0)));
    return check(seccomp_load(filter.get()));
}

}  // namespace ops
