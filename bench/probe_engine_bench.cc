// What a check costs: the probe engine against a local server in another process.
//
//     probe_engine_bench [TARGETS [INTERVAL_SECONDS [SECONDS [HANGING]]]]     default: 10000 10 30
//     0
//
// Prints CPU seconds (user and system) of this process per 1,000 checks, how late checks start,
// memory, and how many replies were good. The server answers each request and closes; HANGING of
// the targets never answer.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "io/inbox.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n"
    "Connection: close\r\n\r\n{\"status\":\"ok\"}";

int listen_on(uint16_t& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4096) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("listen");
        std::exit(1);
    }
    port = ntohs(address.sin_port);
    return fd;
}

// Answers every connection once and closes it, until it is killed.
[[noreturn]] void serve(const std::vector<int>& listeners) {
    const int epoll = ::epoll_create1(0);
    for (const int listener : listeners) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = listener;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    }
    std::array<epoll_event, 256> events;
    std::array<char, 4096> buffer;
    const auto answer = [&](int fd) {
        if (::recv(fd, buffer.data(), buffer.size(), 0) < 0 && errno == EAGAIN) return false;
        (void)!::send(fd, kReply.data(), kReply.size(), MSG_NOSIGNAL);
        ::close(fd);
        return true;
    };
    const auto accept_all = [&](int listener) {
        int client = -1;
        while ((client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
            if (answer(client)) continue;
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.fd = client;
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
        }
    };
    while (true) {
        const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<size_t>(i)].data.fd;
            if (std::find(listeners.begin(), listeners.end(), fd) != listeners.end()) {
                accept_all(fd);
            } else {
                answer(fd);
            }
        }
    }
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double user_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

double rss_mb() {
    std::ifstream status("/proc/self/statm");
    long size = 0;
    long resident = 0;
    status >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

long number(int argc, char** argv, int at, long otherwise) {
    return argc > at ? std::atol(argv[at]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    const long targets = number(argc, argv, 1, 10'000);
    const long interval_ms = number(argc, argv, 2, 10) * 1000;
    const long seconds = number(argc, argv, 3, 30);
    const long hanging = number(argc, argv, 4, 0);
    std::array<uint16_t, 8> ports{};
    std::vector<int> listeners;
    for (uint16_t& port : ports) listeners.push_back(listen_on(port));
    const pid_t server = ::fork();
    if (server == 0) serve(listeners);
    for (const int listener : listeners) ::close(listener);
    uint16_t silent_port = 0;
    const int silent = listen_on(silent_port);  // the kernel connects, nobody answers

    ops::RealClock clock;
    ops::PosixProcesses processes;
    ops::Inbox<ops::ProbeEvent> inbox(100'000);
    const double rss_before = rss_mb();
    auto engine = ops::ProbeEngine::start(
        clock, processes,
        [&](std::vector<ops::ProbeEvent> batch) { (void)inbox.push_batch(std::move(batch)); });
    if (!engine.ok()) return 1;
    {
        std::vector<ops::Scheduled> all;
        for (long i = 0; i < targets; ++i) {
            const uint16_t port =
                i < hanging ? silent_port : ports[static_cast<size_t>(i) % ports.size()];
            ops::HttpAsk ask;
            ask.url = "http://127.0.0.1:" + std::to_string(port) + "/service/" + std::to_string(i) +
                      "/health";
            ops::Scheduled one;
            one.ask.check = static_cast<uint32_t>(i);
            one.ask.question = std::move(ask);
            one.interval = ops::Duration(interval_ms);
            one.phase = ops::Duration(i * interval_ms / targets);
            all.push_back(std::move(one));
        }
        engine.value()->schedule(std::move(all));
    }
    // The first round warms up: names, buffers, the allocator.
    const auto begin = clock.steady() + ops::Duration(interval_ms);
    const auto end = begin + ops::Duration(seconds * 1000);
    double cpu = 0;
    double user = 0;
    long good = 0;
    long bad = 0;
    long skipped = 0;
    bool measures = false;
    std::vector<long> late;
    std::string failure;
    while (clock.steady() < end) {
        if (!measures && clock.steady() >= begin) {
            measures = true;
            cpu = cpu_seconds();
            user = user_seconds();
        }
        for (const ops::ProbeEvent& event : inbox.take_all(100ms)) {
            const auto* reply = std::get_if<ops::Reply>(&event);
            if (!measures || reply == nullptr) continue;
            if (reply->answer.ok()) {
                ++good;
            } else {
                ++bad;
                failure = reply->answer.error().message;
            }
            skipped += reply->skipped_rounds;
            late.push_back(reply->late.count());
        }
    }
    cpu = cpu_seconds() - cpu;
    user = user_seconds() - user;
    const double rss = rss_mb();
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    ::close(silent);
    std::sort(late.begin(), late.end());
    const auto at = [&](double part) {
        return late.empty()
                   ? 0L
                   : late[static_cast<size_t>(part * static_cast<double>(late.size() - 1))];
    };
    const double checks = static_cast<double>(good + bad);
    std::printf("targets %ld every %ld s, %ld s: %.0f checks/s, good %ld, bad %ld, skipped %ld\n",
                targets, interval_ms / 1000, seconds, checks / static_cast<double>(seconds), good,
                bad, skipped);
    std::printf("cpu %.4f s per 1,000 checks (user %.4f, system %.4f)\n", cpu / checks * 1000,
                user / checks * 1000, (cpu - user) / checks * 1000);
    std::printf("late ms: p50 %ld, p99 %ld, max %ld\n", at(0.5), at(0.99), at(1));
    std::printf("resident %.1f MB (%.1f MB before the engine)\n", rss, rss_before);
    if (bad > 0) std::printf("a failure: %s\n", failure.c_str());
    return 0;
}
