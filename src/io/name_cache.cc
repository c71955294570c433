#include "io/name_cache.h"

#include <netdb.h>

#include <memory>
#include <utility>

#include "io/system_error.h"

namespace ops {

static constexpr int64_t kSecond = 1'000'000'000;
static constexpr size_t kMaxNames = 4096;

static Error name_error(const std::string& name, int code) {
    const std::string doing = "look up '" + name + "': ";
    switch (code) {
        case EAI_NONAME:
        case EAI_NODATA: return {Fault::not_found, doing + "no such name"};
        case EAI_AGAIN: return {Fault::denied, doing + "no name server answers"};
        case EAI_SYSTEM: return {Fault::denied, doing + system_words(errno)};
        default: return {Fault::denied, doing + ::gai_strerror(code)};
    }
}

Addresses look_up_now(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
    if (code == EAI_NONAME || code == EAI_ADDRFAMILY) {
        // AI_ADDRCONFIG does not count the loopback: on a machine without network it hides
        // 'localhost'.
        hints.ai_flags = 0;
        code = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
    }
    if (code != 0) return name_error(name, code);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* one = list; one != nullptr && addresses.size() < 8; one = one->ai_next) {
        if (auto address = SocketAddress::of(*one->ai_addr, 0)) addresses.push_back(*address);
    }
    if (addresses.empty()) return name_error(name, EAI_NONAME);
    return addresses;
}

NameCache::NameCache(std::function<void(Found)> post) : post_(std::move(post)), threads_(4, 1000) {}

void NameCache::make_room(int64_t now) {
    if (names_.size() < kMaxNames) return;
    std::erase_if(names_, [&](const auto& one) {
        return !one.second.is_asked && one.second.good_until <= now;
    });
    if (names_.size() < kMaxNames) return;
    std::erase_if(names_, [](const auto& one) { return !one.second.is_asked; });
}

const Addresses* NameCache::find(const std::string& name, uint64_t waiter, int64_t now) {
    const auto known = names_.find(name);
    if (known == names_.end()) make_room(now);
    Name& entry = known == names_.end() ? names_[name] : known->second;
    if (!entry.is_asked && entry.good_until > now) return &entry.addresses;
    if (!entry.is_asked) {
        const bool taken = threads_.submit([post = post_, name] {
            post({name, look_up_now(name)});
        });
        if (!taken) {
            entry.addresses =
                Error{Fault::denied, "look up '" + name +
                                         "': 4 lookups are under way and 1000 wait, which is the "
                                         "limit"};
            entry.good_until = now;
            return &entry.addresses;
        }
        entry.is_asked = true;
    }
    entry.waiting.push_back(waiter);
    return nullptr;
}

std::vector<uint64_t> NameCache::take_in(Found found, int64_t now) {
    Name& entry = names_[found.name];
    entry.good_until = now + (found.addresses.ok() ? 30 : 2) * kSecond;
    entry.addresses = std::move(found.addresses);
    entry.is_asked = false;
    return std::exchange(entry.waiting, {});
}

void NameCache::forget(const std::string& name) {
    const auto known = names_.find(name);
    if (known != names_.end()) known->second.good_until = 0;
}

}  // namespace ops
