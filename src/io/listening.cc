#include "io/listening.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include "base/text.h"
#include "io/proc.h"

namespace ops {
namespace {

constexpr size_t kMostText = 4u << 20;       // some 27,000 sockets
constexpr std::string_view kListens = "0A";  // TCP_LISTEN of the kernel's tcp_states.h

std::optional<uint64_t> number(std::string_view digits, int base) {
    uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

constexpr std::string_view kLoopback6 = "00000000000000000000000001000000";

// Addresses are words of 32 bits as the machine keeps them: here the lowest byte comes first.
bool is_everything(std::string_view address) {
    return address.find_first_not_of('0') == std::string_view::npos;
}
bool is_loopback(std::string_view address) {
    if (address.size() == 8) return address.ends_with("7F");
    return address == kLoopback6 ||
           (address.starts_with("0000000000000000FFFF0000") && address.ends_with("7F"));
}

// "socket:[12345]" -> 12345.
std::optional<uint64_t> socket_of(const std::filesystem::path& descriptor) {
    std::array<char, 64> link;
    const ssize_t length = ::readlink(descriptor.c_str(), link.data(), link.size());
    std::string_view text(link.data(), length > 0 ? static_cast<size_t>(length) : 0);
    if (!text.starts_with("socket:[") || !text.ends_with("]")) return std::nullopt;
    text.remove_prefix(8);
    text.remove_suffix(1);
    return number(text, 10);
}

// Which program holds which socket, of the processes whose descriptors may be seen.
std::map<uint64_t, std::string> holders() {
    std::map<uint64_t, std::string> names;
    std::error_code error;
    for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
        if (!number(process.path().filename().string(), 10)) continue;
        const Result<std::string> name = read_proc(process.path() / "comm", 64);
        if (!name.ok()) continue;  // it ended meanwhile
        std::error_code ended;
        std::filesystem::directory_iterator open(process.path() / "fd", ended);
        // The loop would throw where a process ends half way.
        for (; !ended && open != std::filesystem::directory_iterator(); open.increment(ended)) {
            if (const auto inode = socket_of(open->path()))
                names.emplace(*inode, trim(name.value()));
        }
    }
    return names;
}

}  // namespace

std::vector<ListeningPort> parse_listening(std::string_view proc_net_tcp) {
    std::vector<ListeningPort> ports;
    for (const std::string_view line : split(proc_net_tcp, '\n')) {
        //   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 1
        //   ...
        const auto words = words_of(line);
        if (words.size() < 10 || words[3] != kListens) continue;
        const size_t colon = words[1].find(':');
        if (colon != 8 && colon != 32) continue;
        const auto port = number(words[1].substr(colon + 1), 16), inode = number(words[9], 10);
        if (!port || *port > 65535 || !inode) continue;
        const auto uid = number(words[7], 10);
        const std::string_view address = words[1].substr(0, colon);
        const bool local = is_loopback(address);
        ports.push_back({.port = static_cast<int>(*port),
                         .is_local = is_everything(address) || (local && address != kLoopback6),
                         .is_public = !local,
                         .inode = *inode,
                         .uid = uid ? static_cast<int64_t>(*uid) : -1});
    }
    return ports;
}

std::vector<ListeningPort> listening_ports() {
    std::map<int, ListeningPort> by_port;
    const auto names = holders();
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        const Result<std::string> text = read_proc(path, kMostText);
        if (!text.ok()) continue;  // a kernel without IPv6
        for (ListeningPort& found : parse_listening(text.value())) {
            if (const auto name = names.find(found.inode); name != names.end())
                found.program = name->second;
            ListeningPort& known = by_port.try_emplace(found.port, found).first->second;
            known.is_local |= found.is_local;
            known.is_public |= found.is_public;
            if (known.program.empty()) known.program = found.program;
        }
    }
    std::vector<ListeningPort> ports;
    for (auto& [port, found] : by_port) ports.push_back(std::move(found));
    return ports;
}

}  // namespace ops
