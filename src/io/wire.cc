#include "io/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "io/real_clock.h"
#include "io/system_error.h"

namespace ops {
namespace {

constexpr std::array<std::string_view, 6> kFaults{"invalid", "not_found",   "denied",
                                                  "timeout", "unavailable", "corrupt"};

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return Error{Fault::invalid, "socket '" + path + "': the path is over 107 bytes"};
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

// The sockets interface wants every address under one type.
const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

Descriptor new_socket() {
    return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// False when the time is over first.
bool wait_for(int fd, short what, Clock& clock, Duration until) {
    while (true) {
        const Duration left = until - clock.steady();
        if (left <= Duration::zero()) return false;
        pollfd one{fd, what, 0};
        constexpr Duration kMost = std::chrono::minutes(1);
        const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, kMost).count()) + 1);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

}  // namespace

Result<Descriptor> listen_at(const std::string& path) {
    const std::string doing = "listen at '" + path + "'";
    const sockaddr_un address = TRY(address_of(path));
    Descriptor fd = new_socket();
    if (!fd.is_open()) return system_error(doing, errno);
    ::unlink(path.c_str());
    // Nobody can connect before listen(), so the mode is right before anybody could use it.
    if (::bind(fd.get(), generic(address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 64) != 0) {
        return system_error(doing, errno);
    }
    return fd;
}

Result<Descriptor> connect_to(const std::string& path) {
    const sockaddr_un address = TRY(address_of(path));
    Descriptor fd = new_socket();
    if (!fd.is_open() || ::connect(fd.get(), generic(address), sizeof address) != 0) {
        // EAGAIN: more wait than the backlog holds. Either way nothing was sent.
        return Error{Fault::unavailable, system_error("connect to '" + path + "'", errno).message};
    }
    return fd;
}

Result<std::string> read_line(int fd, Clock& clock, Duration until, size_t limit) {
    std::string line;
    std::array<char, 64 * 1024> buffer;
    while (true) {
        if (!wait_for(fd, POLLIN, clock, until)) {
            return Error{Fault::timeout, "no whole line in time"};
        }
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return Error{Fault::unavailable, "the other side ended the connection"};
        line.append(buffer.data(), static_cast<size_t>(got));
        const size_t end = line.find('\n');
        if (end != std::string::npos) {
            line.resize(end);
            return line;
        }
        if (line.size() > limit) {
            return Error{Fault::invalid, "a line over " + std::to_string(limit) + " bytes"};
        }
    }
}

Result<> write_line(int fd, std::string line, Clock& clock, Duration until) {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            rest.remove_prefix(static_cast<size_t>(sent));
            continue;
        }
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN && wait_for(fd, POLLOUT, clock, until)) continue;
        return Error{Fault::unavailable, "the other side did not take the whole line"};
    }
    return {};
}

Json error_to_json(const Error& error) {
    return Json::object(
        {{"fault", kFaults.at(static_cast<size_t>(error.fault))}, {"message", error.message}});
}

Error error_from_json(const Json& json) {
    const auto found = std::find(kFaults.begin(), kFaults.end(), json["fault"].as_string());
    // What is not understood may have been done.
    if (found == kFaults.end()) return {Fault::timeout, "the answer makes no sense"};
    return {static_cast<Fault>(found - kFaults.begin()), json["message"].as_string()};
}

Result<Json> exchange(int fd, const Json& request, Duration answer_within, size_t answer_limit) {
    constexpr Duration kSendTime = std::chrono::seconds(10);
    RealClock clock;
    TRY(write_line(fd, request.dump(), clock, clock.steady() + kSendTime));
    const Result<std::string> line =
        read_line(fd, clock, clock.steady() + answer_within, answer_limit);
    if (!line.ok()) return Error{Fault::timeout, "no answer: " + line.error().message};
    const Result<Json> reply = Json::parse(line.value());
    if (!reply.ok()) return Error{Fault::timeout, "the answer is not JSON"};
    if (reply.value().has("ok")) return reply.value()["ok"];
    return error_from_json(reply.value()["error"]);
}

}  // namespace ops
