#include "io/drop_rights.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "io/system_error.h"

namespace ops {

static constexpr unsigned kNobody = 65534;  // of Debian and of the kernel's overflowuid

Result<> drop_rights() {
    if (::geteuid() != 0) return {};
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
        ::setresuid(kNobody, kNobody, kNobody) != 0) {
        return system_error("become 'nobody'", errno);
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return system_error("give up all privileges", errno);
    }
    return {};
}

}  // namespace ops
