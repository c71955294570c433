#include "io/mount_looks.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "base/units.h"

namespace ops {

// What a look that never ends holds on to, also when MountLooks is gone.
struct MountLooks::Shared {
    struct Asked {
        std::optional<DiskSeen> seen;
    };
    LookAt look_at;
    std::mutex mutex;
    std::condition_variable ended;
    std::map<std::string, std::shared_ptr<Asked>> under_way;  // by name, with those that hang
};

MountLooks::MountLooks(LookAt look_at)
    : shared_(std::make_shared<Shared>()), pool_(kMostHanging, 1000) {
    shared_->look_at = std::move(look_at);
}

MountLooks::~MountLooks() { pool_.abandon_after(std::chrono::milliseconds(10)); }

std::vector<DiskSeen> MountLooks::look(const std::vector<std::string>& names, Duration patience) {
    std::vector<DiskSeen> all(names.size());
    std::vector<std::shared_ptr<Shared::Asked>> asked(
        names.size());  // nothing: its trouble is known
    std::unique_lock<std::mutex> lock(shared_->mutex);
    for (size_t i = 0; i < names.size(); ++i) {
        const std::string& name = names[i];
        all[i].mount = name;
        all[i].trouble = "the look before this one still hangs";
        if (shared_->under_way.contains(name)) continue;
        const auto look = std::make_shared<Shared::Asked>();
        const bool taken = pool_.submit([shared = shared_, look, name] {
            DiskSeen seen = shared->look_at(name);
            const std::lock_guard<std::mutex> end(shared->mutex);
            look->seen = std::move(seen);
            shared->under_way.erase(name);
            shared->ended.notify_all();
        });
        if (!taken) continue;
        asked[i] = shared_->under_way[name] = look;
    }
    const auto are_all_seen = [&asked] {
        return std::all_of(asked.begin(), asked.end(),
                           [](const auto& look) { return !look || look->seen; });
    };
    (void)shared_->ended.wait_for(lock, patience, are_all_seen);  // late ones are told below
    for (size_t i = 0; i < names.size(); ++i) {
        if (!asked[i]) continue;
        if (asked[i]->seen) {
            all[i] = *asked[i]->seen;
        } else {
            all[i].trouble = "no answer in " + format_duration(patience);
        }
    }
    return all;
}

}  // namespace ops
