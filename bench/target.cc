// The service that is asked in the load tests: answers every request once and closes, and writes
// down when it came.
//
//     bench_target ADDRESSES PORT     listens on PORT of 127.0.1.1, 127.0.1.2 ... (ADDRESSES many)
//
// A request for /s/NUMBER is answered with 200 and noted under its number; one for /hang/NUMBER is
// noted and never answered. A line on standard input:
//
//     take FILE     writes what was noted since to FILE and forgets it; says "taken COUNT"
//
// FILE holds records of 16 bytes: nanoseconds of CLOCK_MONOTONIC, then the number (both int64,
// native order); numbers of /hang/ are negative, -1 - NUMBER. Ends when standard input does, so it
// never outlives who started it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n"
    "Connection: close\r\n\r\n{\"status\":\"ok\"}";
constexpr size_t kMostRequest = 4096;
// What epoll hands back: a connection's descriptor, or one of these marks above all descriptors.
constexpr uint64_t kListenerMark = uint64_t{1} << 32U;
constexpr uint64_t kInputMark = uint64_t{1} << 33U;

struct Arrival {
    int64_t at_ns;
    int64_t number;
};

int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

int listen_on(uint32_t address_number, uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(0x7f000100U + address_number);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 4096) != 0) {
        fail("listen");
    }
    return fd;
}

// The number behind `prefix` at the start of the path, or nothing (-1).
int64_t number_after(std::string_view request, std::string_view prefix) {
    const size_t path = request.find(' ');
    if (path == std::string_view::npos || !request.substr(path + 1).starts_with(prefix)) return -1;
    int64_t number = 0;
    for (const char letter : request.substr(path + 1 + prefix.size())) {
        if (letter < '0' || letter > '9') break;
        number = number * 10 + (letter - '0');
    }
    return number;
}

class Target {
public:
    Target(uint32_t addresses, uint16_t port) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (uint32_t i = 1; i <= addresses; ++i) {
            const int listener = listen_on(i, port);
            watch(listener, kListenerMark | static_cast<uint32_t>(listener));
        }
        watch(STDIN_FILENO, kInputMark);
        arrivals_.reserve(1 << 16U);
    }

    int run() {
        std::array<epoll_event, 256> events;
        while (!ended_) {
            const int count =
                ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
                if (tag == kInputMark) {
                    read_input();
                } else if ((tag & kListenerMark) != 0) {
                    accept_all(static_cast<int>(tag & 0xffffffffU));
                } else {
                    (void)serve(static_cast<int>(tag));
                }
            }
        }
        return 0;
    }

private:
    void watch(int fd, uint64_t tag) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = tag;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    }

    void accept_all(int listener) {
        int client = -1;
        while ((client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
               0) {
            if (serve(client)) watch(client, static_cast<uint32_t>(client));
        }
    }

    // True when there is more to wait for on this connection. A request comes in one piece here.
    bool serve(int client) {
        std::array<char, kMostRequest> buffer;
        const ssize_t got = ::recv(client, buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
        if (got <= 0) {
            ::close(client);
            return false;
        }
        const std::string_view request(buffer.data(), static_cast<size_t>(got));
        const int64_t hanging = number_after(request, "/hang/");
        if (hanging >= 0) {
            arrivals_.push_back({now_ns(), -1 - hanging});
            return true;
        }
        const int64_t number = number_after(request, "/s/");
        if (number >= 0) arrivals_.push_back({now_ns(), number});
        (void)!::send(client, kReply.data(), kReply.size(), MSG_NOSIGNAL);
        ::close(client);
        return false;
    }

    void read_input() {
        std::array<char, 1024> buffer;
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got <= 0) {
            ended_ = true;
            return;
        }
        input_.append(buffer.data(), static_cast<size_t>(got));
        size_t end = 0;
        while ((end = input_.find('\n')) != std::string::npos) {
            const std::string line = input_.substr(0, end);
            input_.erase(0, end + 1);
            if (line.starts_with("take ")) take(line.substr(5));
        }
    }

    void take(const std::string& path) {
        FILE* file = std::fopen(path.c_str(), "wb");
        if (file == nullptr) fail(path.c_str());
        const bool written = std::fwrite(arrivals_.data(), sizeof(Arrival), arrivals_.size(),
                                         file) == arrivals_.size();
        if (std::fclose(file) != 0 || !written) fail(path.c_str());
        std::printf("taken %zu\n", arrivals_.size());
        std::fflush(stdout);
        arrivals_.clear();
    }

    int epoll_;
    bool ended_ = false;
    std::string input_;
    std::vector<Arrival> arrivals_;
};

void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: bench_target ADDRESSES PORT\n");
        return 2;
    }
    raise_file_limit();
    Target target(static_cast<uint32_t>(std::atoi(argv[1])),
                  static_cast<uint16_t>(std::atoi(argv[2])));
    std::printf("ready\n");
    std::fflush(stdout);
    return target.run();
}
