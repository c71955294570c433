#include "io/signals.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "io/descriptor.h"

namespace ops {
namespace {

using std::chrono::milliseconds;

// A service manager that listens as systemd does.
class NotifySocket {
public:
    NotifySocket() : name_("/tmp/ops-notify-" + std::to_string(::getpid())) {
        ::unlink(name_.c_str());
        socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    }
    ~NotifySocket() {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
            ::unsetenv(name);
        ::unlink(name_.c_str());
    }
    std::string heard() {
        std::string all;
        std::array<char, 256> text;
        for (ssize_t got = 0; (got = ::recv(socket_.get(), text.data(), text.size(), 0)) > 0;)
            all.append(text.data(), static_cast<size_t>(got)).append(";");
        return all;
    }

private:
    std::string name_;
    Descriptor socket_;
};

TEST(ServiceWatchdog, SaysThreeTimesAPeriodThatItIsAlive) {
    NotifySocket manager;
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    ServiceWatchdog watchdog;
    for (int at = 0; at < 3000; at += 100) watchdog.alive(milliseconds(at));
    EXPECT_EQ(manager.heard(), "WATCHDOG=1;WATCHDOG=1;WATCHDOG=1;");
}

TEST(ServiceWatchdog, SaysNothingWhereNobodyWatchesOrAnotherIsMeant) {
    NotifySocket manager;
    ServiceWatchdog none;
    none.alive(milliseconds(0));
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    ServiceWatchdog of_another;
    of_another.alive(milliseconds(0));
    ::setenv("WATCHDOG_USEC", "soon", 1);
    ::unsetenv("WATCHDOG_PID");
    ServiceWatchdog rubbish;
    rubbish.alive(milliseconds(0));
    EXPECT_EQ(manager.heard(), "");
    notify_service_manager("READY=1");
    EXPECT_EQ(manager.heard(), "READY=1;");
}

}  // namespace
}  // namespace ops
