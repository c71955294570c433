#include "io/name_look.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.h"
#include "base/units.h"
#include "io/name_cache.h"
#include "io/posix_files.h"
#include "io/real_clock.h"

namespace ops {
namespace {

constexpr size_t kMostServers = 8;
constexpr size_t kMostWord = 100;  // of a file that an administrator may have filled with anything

std::string text_of(const std::string& path) {
    PosixFiles files;
    const Result<std::string> text = files.read(path);
    return text.ok() ? text.value() : "";
}

// The words of each line, without comments.
template <class Use>
void for_each_line(std::string_view text, Use use) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::vector<std::string_view> words =
            words_of(line.substr(0, line.find('#')), " \t\r");
        if (!words.empty()) use(words);
    }
}

// What the thread that asks and the one that waits have in common; the last of them lets it go.
struct Answer {
    std::mutex mutex;
    std::condition_variable is_there;
    std::optional<Addresses> addresses;
};

}  // namespace

std::string order_in(std::string_view nsswitch) {
    std::string order;
    for_each_line(nsswitch, [&](const std::vector<std::string_view>& words) {
        if (words[0] != "hosts:") return;
        order.clear();
        for (size_t i = 1; i < words.size(); ++i) {
            order += (order.empty() ? "" : " ") + std::string(words[i]);
        }
    });
    return printable(clip_end(order, kMostWord), Lines::flatten);
}

std::vector<std::string> name_servers_in(std::string_view resolv_conf) {
    std::vector<std::string> servers;
    for_each_line(resolv_conf, [&](const std::vector<std::string_view>& words) {
        if (words[0] != "nameserver" || words.size() < 2 || servers.size() >= kMostServers) return;
        servers.push_back(printable(clip_end(words[1], kMostWord), Lines::flatten));
    });
    return servers;
}

bool is_in_hosts_file(std::string_view hosts, std::string_view name) {
    bool found = false;
    for_each_line(hosts, [&](const std::vector<std::string_view>& words) {
        for (size_t i = 1; i < words.size(); ++i) {
            found = found || to_lower(words[i]) == to_lower(name);
        }
    });
    return found;
}

NameSeen look_up_name(const std::string& name, Duration patience) {
    NameSeen seen;
    seen.name = name;
    seen.in_hosts_file = is_in_hosts_file(text_of("/etc/hosts"), name);
    seen.order = order_in(text_of("/etc/nsswitch.conf"));
    seen.name_servers = name_servers_in(text_of("/etc/resolv.conf"));
    RealClock clock;
    const Duration began = clock.steady();
    // getaddrinfo has no time limit of its own, and none may be made to end.
    auto answer = std::make_shared<Answer>();
    std::thread([answer, name] {
        Addresses addresses = look_up_now(name);
        const std::lock_guard lock(answer->mutex);
        answer->addresses = std::move(addresses);
        answer->is_there.notify_one();
    }).detach();
    std::unique_lock lock(answer->mutex);
    answer->is_there.wait_for(lock, patience, [&] { return answer->addresses.has_value(); });
    seen.took = clock.steady() - began;
    if (!answer->addresses) {
        seen.error = "no answer within " + format_duration_short(patience);
    } else if (!answer->addresses->ok()) {
        // "look up 'x': no such name": what was done is known here.
        const std::string& words = answer->addresses->error().message;
        const size_t colon = words.rfind(": ");
        seen.error = colon == std::string::npos ? words : words.substr(colon + 2);
    } else {
        for (const SocketAddress& address : answer->addresses->value()) {
            seen.addresses.push_back(address.print_host());
        }
    }
    return seen;
}

}  // namespace ops
