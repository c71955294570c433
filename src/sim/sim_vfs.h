// SimDisk: a disk in memory for SQLite, which can lose power, fail, fill up and be made read-only
// at any chosen operation.
//
// It registers itself as an SQLite VFS under its name; open databases with that name as `vfs`.
// It does the write-ahead log with shared memory, locks between connections, folder entries that a
// cut may lose until the folder is synced (as the real VFS syncs it), and the losses of
// sim/sector_file.h. The same seed and the same operations give the same losses.
//
// SQLite's frames are C, so no exception passes through: after a power cut every operation of
// the connections of that time fails, and the caller asks lost_power(), drops its connections, and
// calls restore_power(). One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ops::sim {

// power_cut_after: a sync that succeeds, and then the power is gone; of any other operation the
// same as power_cut.
enum class DiskFault { power_cut, power_cut_after, io_error, full };
// The operations that are counted. `change` is every one that alters the disk: write, truncate,
// sync, create, remove.
enum class DiskOperation { change, write, sync, read };

class SimDisk {
public:
    explicit SimDisk(std::string name, uint64_t seed = 1);
    ~SimDisk();  // every connection must be closed
    SimDisk(const SimDisk&) = delete;
    SimDisk& operator=(const SimDisk&) = delete;

    const std::string& name() const;

    // The n-th operation from now (1: the next) fails so, once. Replaces an earlier plan; 0: never.
    void fail_at(uint64_t nth, DiskFault fault, DiskOperation of = DiskOperation::change);
    // Did the planned fault happen?
    bool has_failed() const;
    void cut_power();
    bool lost_power() const;
    // Decides what survived; connections of before stay dead. Without a cut before it: the program
    // died and the machine did not, nothing is lost but locks.
    void restore_power();

    void set_read_only(bool read_only);
    // The sum of all files that fits; beyond it writes fail as on a full disk.
    void set_capacity(std::optional<uint64_t> capacity_bytes);

    uint64_t count(DiskOperation of) const;  // since the beginning

    std::vector<std::string> files() const;          // paths, sorted
    std::string bytes(std::string_view path) const;  // empty when not there
    // Puts bytes on the disk behind everybody's back. Requires: the file is not open.
    void set_bytes(std::string_view path, std::string bytes);
    void remove(std::string_view path);

private:
    friend struct SimVfs;  // the calls that SQLite makes, in sim_vfs.cc
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ops::sim
