// What the kernel alone takes for the load of the checks: the same connections as the agent makes
// (its sockets used again, io/spare_sockets.h), evenly spread in the same small bursts, by a
// program that asks, reads what comes and keeps nothing. It judges nothing, so it is no watcher but
// the floor under it.
//
//   bench_connections ADDRESSES PORT COUNT INTERVAL_SECONDS       until it is ended
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

// Nanoseconds, as the agent's grid for this load (io/check_schedule.inc.h).
constexpr long kBurstEvery = 100'000'000;

struct Load {
    long addresses, port, count, interval;
};

std::vector<int> spare;

int unconnected() {
    if (!spare.empty()) {
        const int one = spare.back();
        spare.pop_back();
        return one;
    }
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made >= 0) return made;
    std::perror("socket");
    std::exit(1);
}

int begin(const Load& load, long number) {
    const int made = unconnected();
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(load.port));
    to.sin_addr.s_addr = htonl(0x7f000101U + static_cast<uint32_t>(number % load.addresses));
    (void)::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to);  // in progress
    const std::string ask = "GET /s/" + std::to_string(number) +
                            " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    (void)!::send(made, ask.data(), ask.size(), MSG_NOSIGNAL);
    return made;
}

void end(int connection) {
    std::array<char, 4096> reply;
    if (::recv(connection, reply.data(), reply.size(), 0) < 0) {
        pollfd wait{connection, POLLIN, 0};
        (void)::poll(&wait, 1, 1000);
        (void)!::recv(connection, reply.data(), reply.size(), 0);
    }
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    const bool other_side_closed = ::recv(connection, reply.data(), 1, 0) == 0;
    if (other_side_closed && ::connect(connection, &nowhere, sizeof nowhere) == 0) {
        spare.push_back(connection);
    } else {
        ::close(connection);
    }
}

// Every address once in each interval, so many at a time that the bursts are evenly spread.
[[noreturn]] void go_round(const Load& load) {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    const long bursts = load.interval * 1'000'000'000 / kBurstEvery;
    std::vector<int> open;
    for (long burst = 0;; burst = (burst + 1) % bursts) {
        for (long number = burst * load.count / bursts; number < (burst + 1) * load.count / bursts;
             ++number) {
            open.push_back(begin(load, number));
        }
        for (const int connection : open) end(connection);
        open.clear();
        at.tv_nsec += kBurstEvery;
        at.tv_sec += at.tv_nsec / 1'000'000'000;
        at.tv_nsec %= 1'000'000'000;
        (void)::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    }
}

}  // namespace

int main(int count, char** words) {
    Load load{};
    if (count == 5)
        load = {std::atol(words[1]), std::atol(words[2]), std::atol(words[3]), std::atol(words[4])};
    if (load.addresses < 1 || load.port < 1 || load.count < 1 || load.interval < 1) {
        std::fputs("usage: bench_connections ADDRESSES PORT COUNT INTERVAL_SECONDS\n", stderr);
        return 2;
    }
    go_round(load);
}
