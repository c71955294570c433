// NameCache: addresses of names, looked up with getaddrinfo on a few threads, kept for 30 s
// (failures 2 s).
//
// Belongs to one thread; answers of the threads come back through `post`, which may be called from
// any. A name asked for while it is being looked up waits for that answer. At most 4,096 names are
// kept and 1,000 lookups wait.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/socket_address.h"
#include "io/worker_pool.h"

namespace ops {

using Addresses = Result<std::vector<SocketAddress>>;
// At most 8, as they are to be tried. Blocks for as long as the system likes.
Addresses look_up_now(const std::string& name);

class NameCache {
public:
    struct Found {
        std::string name;
        Addresses addresses;
    };
    explicit NameCache(std::function<void(Found)> post);

    // The addresses if they are known. Otherwise null: `waiter` is among those that take_in()
    // returns later.
    const Addresses* find(const std::string& name, uint64_t waiter, int64_t now);
    // What `post` was given. Returns who waited for it.
    std::vector<uint64_t> take_in(Found found, int64_t now);
    const Addresses& get(const std::string& name) const { return names_.at(name).addresses; }
    // None of the addresses answered: the next ask looks the name up again.
    void forget(const std::string& name);
    void stop(Duration patience) { threads_.abandon_after(patience); }

private:
    struct Name {
        Addresses addresses = std::vector<SocketAddress>{};
        int64_t good_until = 0;
        bool is_asked = false;
        std::vector<uint64_t> waiting;
    };
    void make_room(int64_t now);

    std::unordered_map<std::string, Name> names_;
    std::function<void(Found)> post_;
    WorkerPool threads_;
};

}  // namespace ops
