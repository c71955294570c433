#include "sim/sim_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "base/assert.h"
#include "sim/sector_file.h"

namespace ops::sim {
namespace {

constexpr int kShmLocks = SQLITE_SHM_NLOCK;

// Who holds what of the shared-memory locks: any number share one, or one has it alone.
struct ShmLock {
    int sharers = 0;
    bool alone = false;
};

struct Inode {
    SectorFile file;
    // Locks of the database file: SQLite's five levels.
    int sharers = 0;
    const void* reserved = nullptr;
    const void* exclusive = nullptr;
    bool pending = false;
    std::vector<std::unique_ptr<std::array<char, 32768>>> shm;
    std::array<ShmLock, kShmLocks> shm_locks{};

    void forget_connections() {
        sharers = 0;
        reserved = exclusive = nullptr;
        pending = false;
        shm.clear();
        shm_locks = {};
    }
};

using Folder = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

// One open file. SQLite gives raw memory for `Handle`, so what needs a constructor is apart.
struct OpenFile {
    SimDisk* disk = nullptr;
    std::shared_ptr<Inode> inode;
    std::string path;
    uint64_t generation = 0;
    int lock = SQLITE_LOCK_NONE;
    bool read_only = false;
    bool temporary = false;
    bool syncs_folder = false;  // with its first sync, as the real VFS does where it may create
    bool delete_on_close = false;
    std::array<bool, kShmLocks> shm_shared{};
    std::array<bool, kShmLocks> shm_alone{};
};

struct Handle {
    sqlite3_file base;
    OpenFile* open;
};

OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->open; }

}  // namespace

struct SimDisk::State {
    State(std::string its_name, uint64_t seed) : name(std::move(its_name)), dice(seed) {}

    std::string name;
    Dice dice;
    sqlite3_vfs vfs{};
    Folder folder;
    Folder certain_folder;
    uint64_t generation = 1;
    bool lost_power = false;
    bool read_only = false;
    std::optional<uint64_t> capacity_bytes;
    int open_files = 0;

    std::array<uint64_t, 4> counts{};
    uint64_t fail_nth = 0;  // counts down
    DiskFault fault = DiskFault::io_error;
    DiskOperation fault_of = DiskOperation::change;
    bool has_failed = false;

    uint64_t used_bytes() const {
        uint64_t sum = 0;
        for (const auto& [path, inode] : folder) sum += inode->file.bytes().size();
        return sum;
    }
};

// The functions that SQLite calls. All are static, none throws.
struct SimVfs {
    using State = SimDisk::State;
    static State& state_of(SimDisk& disk) { return *disk.state_; }
    static State& state_of(sqlite3_vfs* vfs) {
        return *static_cast<SimDisk*>(vfs->pAppData)->state_;
    }
    static bool is_dead(const OpenFile& open) {
        const State& state = *open.disk->state_;
        return state.lost_power || open.generation != state.generation;
    }

    // Counts an operation, and says whether the planned fault strikes it.
    static std::optional<DiskFault> strike(State& state, DiskOperation operation) {
        const bool is_change = operation != DiskOperation::read;
        ++state.counts[static_cast<size_t>(operation)];
        if (is_change && operation != DiskOperation::change) {
            ++state.counts[static_cast<size_t>(DiskOperation::change)];
        }
        const bool counts =
            state.fault_of == operation || (state.fault_of == DiskOperation::change && is_change);
        if (!counts || state.fail_nth == 0 || --state.fail_nth > 0) return std::nullopt;
        state.has_failed = true;
        const bool after = state.fault == DiskFault::power_cut_after;
        if (after || state.fault == DiskFault::power_cut) state.lost_power = true;
        if (after && operation != DiskOperation::sync) return DiskFault::power_cut;
        return state.fault;
    }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                    int* out_flags) noexcept;
    static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) noexcept;
    static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) noexcept;
    static int full_path(sqlite3_vfs*, const char* path, int size, char* out) noexcept;
    static int randomness(sqlite3_vfs* vfs, int size, char* out) noexcept;
    static int pause(sqlite3_vfs*, int microseconds) noexcept { return microseconds; }
    static int now(sqlite3_vfs*, double* days) noexcept;
    static int now_ms(sqlite3_vfs*, sqlite3_int64* julian_ms) noexcept;
    static int last_error(sqlite3_vfs* vfs, int, char*) noexcept {
        return state_of(vfs).read_only ? EROFS : 0;
    }

    static int close(sqlite3_file* file) noexcept;
    static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) noexcept;
    static int write(sqlite3_file* file, const void* bytes, int size,
                     sqlite3_int64 offset) noexcept;
    static int truncate(sqlite3_file* file, sqlite3_int64 size) noexcept;
    static int sync(sqlite3_file* file, int flags) noexcept;
    static int size(sqlite3_file* file, sqlite3_int64* out) noexcept;
    static int lock(sqlite3_file* file, int level) noexcept;
    static int unlock(sqlite3_file* file, int level) noexcept;
    static int check_reserved(sqlite3_file* file, int* out) noexcept;
    static int control(sqlite3_file*, int, void*) noexcept { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) noexcept { return 4096; }
    static int traits(sqlite3_file*) noexcept { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
    static int shm_map(sqlite3_file* file, int region, int size, int extend,
                       void volatile** out) noexcept;
    static int shm_lock(sqlite3_file* file, int first, int count, int flags) noexcept;
    static void shm_barrier(sqlite3_file*) noexcept {}
    static int shm_unmap(sqlite3_file* file, int delete_it) noexcept;

    static const sqlite3_io_methods methods;
};

const sqlite3_io_methods SimVfs::methods = {
    2,
    SimVfs::close,
    SimVfs::read,
    SimVfs::write,
    SimVfs::truncate,
    SimVfs::sync,
    SimVfs::size,
    SimVfs::lock,
    SimVfs::unlock,
    SimVfs::check_reserved,
    SimVfs::control,
    SimVfs::sector_size,
    SimVfs::traits,
    SimVfs::shm_map,
    SimVfs::shm_lock,
    SimVfs::shm_barrier,
    SimVfs::shm_unmap,
    nullptr,
    nullptr,
};

// --- the folder ---

int SimVfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                 int* out_flags) noexcept {
    file->pMethods = nullptr;
    State& state = state_of(vfs);
    if (state.lost_power) return SQLITE_IOERR;
    auto open = std::make_unique<OpenFile>();
    open->disk = static_cast<SimDisk*>(vfs->pAppData);
    open->generation = state.generation;
    open->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    if (path == nullptr) {
        open->temporary = true;
        open->inode = std::make_shared<Inode>();
    } else {
        open->path = path;
        auto found = state.folder.find(open->path);
        if (found == state.folder.end()) {
            if ((flags & SQLITE_OPEN_CREATE) == 0 || state.read_only) return SQLITE_CANTOPEN;
            const auto struck = strike(state, DiskOperation::change);
            if (struck && *struck != DiskFault::power_cut) return SQLITE_CANTOPEN;
            found = state.folder.emplace(open->path, std::make_shared<Inode>()).first;
            if (struck) return SQLITE_CANTOPEN;  // made or not: the cut decides
        }
        open->inode = found->second;
        open->syncs_folder =
            (flags & SQLITE_OPEN_CREATE) != 0 &&
            (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    }
    open->read_only = (flags & SQLITE_OPEN_READONLY) != 0 || state.read_only;
    if (out_flags != nullptr) {
        *out_flags = open->read_only ? (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
                                           SQLITE_OPEN_READONLY
                                     : flags;
    }
    ++state.open_files;
    file->pMethods = &methods;
    reinterpret_cast<Handle*>(file)->open = open.release();
    return SQLITE_OK;
}

int SimVfs::remove(sqlite3_vfs* vfs, const char* path, int sync_folder) noexcept {
    State& state = state_of(vfs);
    if (state.lost_power) return SQLITE_IOERR_DELETE;
    const auto found = state.folder.find(std::string_view(path));
    if (found == state.folder.end()) return SQLITE_IOERR_DELETE_NOENT;
    if (state.read_only) return SQLITE_IOERR_DELETE;
    const auto struck = strike(state, DiskOperation::change);
    if (struck && *struck != DiskFault::power_cut) return SQLITE_IOERR_DELETE;
    state.folder.erase(found);
    if (struck) return SQLITE_IOERR_DELETE;
    if (sync_folder != 0) state.certain_folder = state.folder;
    return SQLITE_OK;
}

int SimVfs::access(sqlite3_vfs* vfs, const char* path, int flags, int* out) noexcept {
    State& state = state_of(vfs);
    if (state.lost_power) return SQLITE_IOERR_ACCESS;
    const auto found = state.folder.find(std::string_view(path));
    // As the real VFS: an empty file does not "exist".
    const bool is_there = found != state.folder.end() && !found->second->file.bytes().empty();
    *out = flags == SQLITE_ACCESS_READWRITE ? (is_there && !state.read_only) : is_there;
    return SQLITE_OK;
}

int SimVfs::full_path(sqlite3_vfs*, const char* path, int size, char* out) noexcept {
    const size_t length = std::strlen(path);
    if (length + 1 > static_cast<size_t>(size)) return SQLITE_CANTOPEN;
    std::memcpy(out, path, length + 1);
    return SQLITE_OK;
}

int SimVfs::randomness(sqlite3_vfs* vfs, int size, char* out) noexcept {
    State& state = state_of(vfs);
    for (int i = 0; i < size; ++i) out[i] = static_cast<char>(state.dice.next());
    return size;
}

int SimVfs::now_ms(sqlite3_vfs*, sqlite3_int64* julian_ms) noexcept {
    *julian_ms = 212'000'000'000'000;  // some day: nothing of ours asks SQLite for the time
    return SQLITE_OK;
}

int SimVfs::now(sqlite3_vfs* vfs, double* days) noexcept {
    sqlite3_int64 julian_ms = 0;
    now_ms(vfs, &julian_ms);
    *days = static_cast<double>(julian_ms) / 86'400'000.0;
    return SQLITE_OK;
}

// --- one file ---

int SimVfs::close(sqlite3_file* file) noexcept {
    const std::unique_ptr<OpenFile> open(reinterpret_cast<Handle*>(file)->open);
    reinterpret_cast<Handle*>(file)->open = nullptr;
    State& state = state_of(*open->disk);
    --state.open_files;
    if (!is_dead(*open)) {
        reinterpret_cast<Handle*>(file)->open = open.get();
        unlock(file, SQLITE_LOCK_NONE);
        if (open->delete_on_close && !open->temporary) state.folder.erase(open->path);
        reinterpret_cast<Handle*>(file)->open = nullptr;
    }
    return SQLITE_OK;
}

int SimVfs::read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) noexcept {
    const OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_READ;
    if (!open.temporary && strike(state_of(*open.disk), DiskOperation::read)) {
        return SQLITE_IOERR_READ;
    }
    const std::string& bytes = open.inode->file.bytes();
    const auto wanted = static_cast<size_t>(size);
    const auto begin = static_cast<size_t>(offset);
    const size_t there = begin < bytes.size() ? std::min(wanted, bytes.size() - begin) : 0;
    if (there > 0) std::memcpy(out, bytes.data() + begin, there);
    if (there == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
}

int SimVfs::write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open) || open.read_only) return SQLITE_IOERR_WRITE;
    State& state = state_of(*open.disk);
    const std::string_view content(static_cast<const char*>(bytes), static_cast<size_t>(size));
    const auto begin = static_cast<uint64_t>(offset);
    if (open.temporary) {
        open.inode->file.write(begin, content);
        return SQLITE_OK;
    }
    if (state.read_only) return SQLITE_IOERR_WRITE;
    const auto struck = strike(state, DiskOperation::write);
    const uint64_t old_size = open.inode->file.bytes().size();
    const uint64_t growth = std::max(old_size, begin + content.size()) - old_size;
    const bool full =
        (struck && *struck == DiskFault::full) ||
        (state.capacity_bytes && growth > 0 && state.used_bytes() + growth > *state.capacity_bytes);
    if (full) return SQLITE_FULL;
    if (struck && *struck == DiskFault::io_error) {
        // An error may strike in the middle.
        open.inode->file.write(begin, content.substr(0, state.dice.below(content.size() + 1)));
        return SQLITE_IOERR_WRITE;
    }
    open.inode->file.write(begin, content);
    return struck ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int SimVfs::truncate(sqlite3_file* file, sqlite3_int64 size) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open) || open.read_only) return SQLITE_IOERR_TRUNCATE;
    State& state = state_of(*open.disk);
    if (!open.temporary) {
        if (state.read_only) return SQLITE_IOERR_TRUNCATE;
        const auto struck = strike(state, DiskOperation::change);
        if (struck && *struck != DiskFault::power_cut) return SQLITE_IOERR_TRUNCATE;
        open.inode->file.truncate(static_cast<uint64_t>(size));
        return struck ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
    }
    open.inode->file.truncate(static_cast<uint64_t>(size));
    return SQLITE_OK;
}

int SimVfs::sync(sqlite3_file* file, int) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_FSYNC;
    if (open.temporary) return SQLITE_OK;
    State& state = state_of(*open.disk);
    const auto struck = strike(state, DiskOperation::sync);
    if (struck == DiskFault::power_cut) return SQLITE_IOERR_FSYNC;
    if (struck && struck != DiskFault::power_cut_after) {
        open.inode->file.fail_sync();
        return SQLITE_IOERR_FSYNC;
    }
    open.inode->file.sync();
    if (open.syncs_folder) {
        state.certain_folder = state.folder;
        open.syncs_folder = false;
    }
    return SQLITE_OK;
}

int SimVfs::size(sqlite3_file* file, sqlite3_int64* out) noexcept {
    const OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>(open.inode->file.bytes().size());
    return SQLITE_OK;
}

// --- locks ---

int SimVfs::lock(sqlite3_file* file, int level) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_LOCK;
    Inode& inode = *open.inode;
    if (level <= open.lock) return SQLITE_OK;
    if (inode.exclusive != nullptr && inode.exclusive != &open) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
        if (inode.pending) return SQLITE_BUSY;
        ++inode.sharers;
        open.lock = SQLITE_LOCK_SHARED;
        return SQLITE_OK;
    }
    if (inode.reserved != nullptr && inode.reserved != &open) return SQLITE_BUSY;
    inode.reserved = &open;
    open.lock = std::max(open.lock, SQLITE_LOCK_RESERVED);
    if (level == SQLITE_LOCK_RESERVED) return SQLITE_OK;
    inode.pending = true;
    open.lock = SQLITE_LOCK_PENDING;
    if (inode.sharers > 1) return SQLITE_BUSY;
    inode.exclusive = &open;
    open.lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

int SimVfs::unlock(sqlite3_file* file, int level) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_UNLOCK;
    Inode& inode = *open.inode;
    if (level >= open.lock) return SQLITE_OK;
    if (inode.reserved == &open) {
        inode.reserved = nullptr;
        inode.pending = false;
    }
    if (inode.exclusive == &open) inode.exclusive = nullptr;
    if (level == SQLITE_LOCK_NONE) --inode.sharers;
    open.lock = level;
    return SQLITE_OK;
}

int SimVfs::check_reserved(sqlite3_file* file, int* out) noexcept {
    const OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *out = open.inode->reserved != nullptr;
    return SQLITE_OK;
}

// --- the index of the write-ahead log, shared by connections ---

int SimVfs::shm_map(sqlite3_file* file, int region, int size, int extend,
                    void volatile** out) noexcept {
    OpenFile& open = of(file);
    *out = nullptr;
    if (is_dead(open)) return SQLITE_IOERR_SHMMAP;
    auto& regions = open.inode->shm;
    const auto index = static_cast<size_t>(region);
    ASSERT(static_cast<size_t>(size) == sizeof(*regions[0]));
    if (regions.size() <= index) {
        if (extend == 0) return SQLITE_OK;
        while (regions.size() <= index) {
            regions.push_back(std::make_unique<std::array<char, 32768>>());
        }
    }
    *out = regions[index]->data();
    return SQLITE_OK;
}

int SimVfs::shm_lock(sqlite3_file* file, int first, int count, int flags) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_IOERR_SHMLOCK;
    auto& locks = open.inode->shm_locks;
    const auto begin = static_cast<size_t>(first);
    const auto end = static_cast<size_t>(first + count);
    const bool take = (flags & SQLITE_SHM_LOCK) != 0;
    const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (size_t i = begin; take && i < end; ++i) {
        const int others = locks[i].sharers - (open.shm_shared[i] ? 1 : 0);
        const bool taken = locks[i].alone && !open.shm_alone[i];
        if (taken || (alone && others > 0)) return SQLITE_BUSY;
    }
    for (size_t i = begin; i < end; ++i) {
        bool& mine = alone ? open.shm_alone[i] : open.shm_shared[i];
        if (mine == take) continue;
        mine = take;
        if (alone) {
            locks[i].alone = take;
        } else {
            locks[i].sharers += take ? 1 : -1;
        }
    }
    return SQLITE_OK;
}

int SimVfs::shm_unmap(sqlite3_file* file, int delete_it) noexcept {
    OpenFile& open = of(file);
    if (is_dead(open)) return SQLITE_OK;
    for (int i = 0; i < kShmLocks; ++i) {
        shm_lock(file, i, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
        shm_lock(file, i, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
    }
    if (delete_it != 0) open.inode->shm.clear();
    return SQLITE_OK;
}

// --- what tests and the simulated world call ---

SimDisk::SimDisk(std::string name, uint64_t seed)
    : state_(std::make_unique<State>(std::move(name), seed)) {
    sqlite3_vfs& vfs = state_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(Handle);
    vfs.mxPathname = 512;
    vfs.zName = state_->name.c_str();
    vfs.pAppData = this;
    vfs.xOpen = SimVfs::open;
    vfs.xDelete = SimVfs::remove;
    vfs.xAccess = SimVfs::access;
    vfs.xFullPathname = SimVfs::full_path;
    vfs.xRandomness = SimVfs::randomness;
    vfs.xSleep = SimVfs::pause;
    vfs.xCurrentTime = SimVfs::now;
    vfs.xCurrentTimeInt64 = SimVfs::now_ms;
    vfs.xGetLastError = SimVfs::last_error;
    ASSERT(sqlite3_vfs_find(vfs.zName) == nullptr);
    ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

SimDisk::~SimDisk() {
    ASSERT(state_->open_files == 0);
    sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& SimDisk::name() const { return state_->name; }

void SimDisk::fail_at(uint64_t nth, DiskFault fault, DiskOperation operation) {
    state_->fail_nth = nth;
    state_->fault = fault;
    state_->fault_of = operation;
    state_->has_failed = false;
}

bool SimDisk::has_failed() const { return state_->has_failed; }
void SimDisk::cut_power() { state_->lost_power = true; }
bool SimDisk::lost_power() const { return state_->lost_power; }

void SimDisk::restore_power() {
    State& state = *state_;
    ++state.generation;
    state.fail_nth = 0;
    if (state.lost_power) {
        Folder left;
        const auto consider = [&](const std::string& path) {
            const auto before = state.certain_folder.find(path);
            const auto after = state.folder.find(path);
            const bool same = before != state.certain_folder.end() && after != state.folder.end() &&
                              before->second == after->second;
            const bool keep_new = same || state.dice.below(2) == 0;
            if (keep_new && after != state.folder.end()) left[path] = after->second;
            if (!keep_new && before != state.certain_folder.end()) left[path] = before->second;
        };
        for (const auto& [path, inode] : state.certain_folder) consider(path);
        for (const auto& [path, inode] : state.folder) {
            if (!state.certain_folder.contains(path)) consider(path);
        }
        for (const auto& [path, inode] : left) inode->file.lose_power(state.dice);
        state.folder = state.certain_folder = std::move(left);
    }
    for (const auto& [path, inode] : state.folder) inode->forget_connections();
    state.lost_power = false;
}

void SimDisk::set_read_only(bool read_only) { state_->read_only = read_only; }
void SimDisk::set_capacity(std::optional<uint64_t> capacity_bytes) {
    state_->capacity_bytes = capacity_bytes;
}

uint64_t SimDisk::count(DiskOperation operation) const {
    return state_->counts[static_cast<size_t>(operation)];
}

std::vector<std::string> SimDisk::files() const {
    std::vector<std::string> paths;
    for (const auto& [path, inode] : state_->folder) paths.push_back(path);
    return paths;
}

std::string SimDisk::bytes(std::string_view path) const {
    const auto found = state_->folder.find(path);
    return found == state_->folder.end() ? std::string() : found->second->file.bytes();
}

void SimDisk::set_bytes(std::string_view path, std::string bytes) {
    auto inode = std::make_shared<Inode>();
    inode->file.set_bytes(std::move(bytes));
    state_->folder[std::string(path)] = inode;
    state_->certain_folder[std::string(path)] = inode;
}

void SimDisk::remove(std::string_view path) {
    const auto in_folder = state_->folder.find(path);
    if (in_folder != state_->folder.end()) state_->folder.erase(in_folder);
    const auto in_certain = state_->certain_folder.find(path);
    if (in_certain != state_->certain_folder.end()) state_->certain_folder.erase(in_certain);
}

}  // namespace ops::sim
