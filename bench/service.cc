// A service that starts within a few milliseconds, to break and have repaired.
//
//     bench_service start FOLDER NAME PORT     ends one that runs, starts it, waits until it
//     listens bench_service stop FOLDER NAME PORT
//
// Its process id stands in FOLDER/NAME.pid. It answers every request on 127.0.0.1:PORT with 200;
// POST /break/500 makes it answer 500, POST /break/hang makes it accept and never answer.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

enum class Mood { well, failing, hanging };

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

std::string pid_file(char** words) { return std::string(words[2]) + "/" + words[3] + ".pid"; }

// Ends the one of the pid file and waits until it is gone.
void stop(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return;
    int pid = 0;
    const bool is_known = std::fscanf(file, "%d", &pid) == 1 && pid > 1;
    std::fclose(file);
    if (!is_known) return;
    const int held = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (held < 0) return;
    ::kill(pid, SIGKILL);
    pollfd ended{held, POLLIN, 0};
    (void)::poll(&ended, 1, 2000);
    ::close(held);
}

int listen_on(uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 64) != 0) {
        fail("listen");
    }
    return fd;
}

void write_pid(const std::string& path) {
    const std::string next = path + ".new";
    FILE* file = std::fopen(next.c_str(), "w");
    if (file == nullptr || std::fprintf(file, "%d\n", ::getpid()) < 0 || std::fclose(file) != 0 ||
        std::rename(next.c_str(), path.c_str()) != 0) {
        fail(path.c_str());
    }
}

[[noreturn]] void serve(int listener) {
    Mood mood = Mood::well;
    std::array<char, 2048> buffer;
    while (true) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        const timeval patience{1, 0};
        ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const ssize_t got = ::recv(client, buffer.data(), buffer.size(), 0);
        const std::string_view request(buffer.data(), got > 0 ? static_cast<size_t>(got) : 0);
        const bool is_order = request.starts_with("POST /break/");
        if (!is_order && mood == Mood::hanging) continue;  // the connection stays open, unanswered
        const bool is_well = is_order || mood == Mood::well;
        const std::string_view reply =
            is_well ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
                    : "HTTP/1.1 500 Broken\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
        (void)!::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
        ::close(client);
        if (is_order) mood = request.starts_with("POST /break/500") ? Mood::failing : Mood::hanging;
    }
}

int start(const std::string& path, uint16_t port) {
    stop(path);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    const pid_t child = ::fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        ::setsid();
        const int nothing = ::open("/dev/null", O_RDWR);
        for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
        const int listener = listen_on(port);
        write_pid(path);
        (void)!::write(ends[1], "y", 1);
        ::close(ends[1]);
        serve(listener);
    }
    ::close(ends[1]);
    char ready = 0;
    return ::read(ends[0], &ready, 1) == 1 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc == 5 ? argv[1] : "";
    if (word == "start") return start(pid_file(argv), static_cast<uint16_t>(std::atoi(argv[4])));
    if (word == "stop") {
        stop(pid_file(argv));
        return 0;
    }
    std::fprintf(stderr, "usage: bench_service start|stop FOLDER NAME PORT\n");
    return 2;
}
