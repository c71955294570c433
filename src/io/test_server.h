// TestServer: a real server on 127.0.0.1 with a thread of its own that does to each connection what
// a test says. For tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "io/descriptor.h"

namespace ops {

class TestServer {
public:
    // Called with each accepted socket, which is closed after it; blocking.
    using Serve = std::function<void(int fd)>;

    explicit TestServer(Serve serve) : serve_(std::move(serve)) {
        listener_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ASSERT(::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 1024) == 0);
        ASSERT(::getsockname(listener_.get(), generic, &size) == 0);
        port_ = ntohs(address.sin_port);
        stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
        if (serve_) thread_ = std::thread([this] { run(); });
    }
    ~TestServer() {
        ::eventfd_write(stop_.get(), 1);
        if (thread_.joinable()) thread_.join();
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    // Sends these bytes to everyone who asked, then closes.
    static Serve say(std::string bytes) {
        return [bytes = std::move(bytes)](int fd) {
            (void)read_request(fd);
            send_all(fd, bytes);
        };
    }
    static std::string read_request(int fd) {
        std::string text;
        std::array<char, 4096> buffer{};
        while (text.find("\r\n\r\n") == std::string::npos) {
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            text.append(buffer.data(), static_cast<size_t>(got));
        }
        return text;
    }
    static void send_all(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }

    uint16_t port() const { return port_; }
    int accepted() const { return accepted_; }
    std::string url(const std::string& target = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + target;
    }

private:
    void run() {
        while (true) {
            std::array<pollfd, 2> fds = {{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
            ::poll(fds.data(), fds.size(), -1);
            if (fds[1].revents != 0) return;
            const Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ++accepted_;
            if (client.is_open()) serve_(client.get());
        }
    }

    Serve serve_;
    Descriptor listener_, stop_;
    uint16_t port_ = 0;
    std::atomic<int> accepted_ = 0;
    std::thread thread_;
};

}  // namespace ops
