// SectorFile: one file on a disk that may lose power. It knows what a reader sees now, what is
// certain to be there after a cut, and what may be.
//
// Sectors of 512 bytes are the unit of loss. A sector written since the last sync holds, after a
// cut, its old bytes, the new ones, any version between, or the beginning of the new ones before
// the old: each sector for itself. The length likewise. After a sync that failed the bytes are
// still seen, and a later sync says that all is well without making them certain: so Linux does
// it, and so a program that carries on after a failed fsync loses data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ops::sim {

// A small seeded source of chance (splitmix64).
class Dice {
public:
    explicit Dice(uint64_t seed) : state_(seed) {}
    uint64_t next();
    uint64_t below(uint64_t limit) { return next() % limit; }

private:
    uint64_t state_;
};

class SectorFile {
public:
    static constexpr size_t kSectorBytes = 512;

    const std::string& bytes() const { return now_; }
    void write(uint64_t offset, std::string_view bytes);
    void truncate(uint64_t size);
    void sync();
    void fail_sync();
    // What is there afterwards is certain.
    void lose_power(Dice& dice);
    // What was written is kept: the program died, the machine did not.
    void set_bytes(std::string bytes);

private:
    struct Pending {
        bool forgotten = false;             // by a failed sync
        std::vector<std::string> versions;  // overwritten before they were synced, newest last
    };
    void touch(uint64_t sector);
    std::string survivor(uint64_t sector, const Pending& pending, Dice& dice) const;

    std::string now_;
    std::string certain_;
    std::map<uint64_t, Pending> pending_;  // by sector
    bool length_pending_ = false;
};

}  // namespace ops::sim
