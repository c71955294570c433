#include "sim/sector_file.h"

#include <algorithm>

namespace ops::sim {
namespace {

constexpr size_t kVersionsKept = 3;

// The sector's bytes with zeros for what lies beyond the end.
std::string sector_of(const std::string& bytes, uint64_t sector) {
    const size_t begin = sector * SectorFile::kSectorBytes;
    std::string out =
        begin < bytes.size() ? bytes.substr(begin, SectorFile::kSectorBytes) : std::string();
    out.resize(SectorFile::kSectorBytes);
    return out;
}

void put_sector(std::string& bytes, uint64_t sector, const std::string& content) {
    const size_t begin = sector * SectorFile::kSectorBytes;
    if (bytes.size() < begin + content.size()) bytes.resize(begin + content.size());
    bytes.replace(begin, content.size(), content);
}

}  // namespace

uint64_t Dice::next() {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

void SectorFile::touch(uint64_t sector) {
    const auto [found, is_new] = pending_.try_emplace(sector);
    Pending& pending = found->second;
    pending.forgotten = false;
    if (is_new) return;
    pending.versions.push_back(sector_of(now_, sector));
    if (pending.versions.size() > kVersionsKept) pending.versions.erase(pending.versions.begin());
}

void SectorFile::write(uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    const uint64_t last = (offset + bytes.size() - 1) / kSectorBytes;
    for (uint64_t sector = offset / kSectorBytes; sector <= last; ++sector) touch(sector);
    if (now_.size() < offset + bytes.size()) {
        now_.resize(offset + bytes.size());
        length_pending_ = true;
    }
    now_.replace(offset, bytes.size(), bytes);
}

void SectorFile::truncate(uint64_t size) {
    if (size == now_.size()) return;
    // What is cut off and written again later must not come back from before the cut.
    for (uint64_t sector = size / kSectorBytes; sector * kSectorBytes < now_.size(); ++sector) {
        touch(sector);
    }
    now_.resize(size);
    length_pending_ = true;
}

void SectorFile::sync() {
    for (auto it = pending_.begin(); it != pending_.end();) {
        if (it->second.forgotten) {
            ++it;
            continue;
        }
        put_sector(certain_, it->first, sector_of(now_, it->first));
        it = pending_.erase(it);
    }
    if (length_pending_) certain_.resize(now_.size());
    if (certain_.size() > now_.size()) certain_.resize(now_.size());
    length_pending_ = false;
}

void SectorFile::fail_sync() {
    for (auto& [sector, pending] : pending_) pending.forgotten = true;
    length_pending_ = false;
}

std::string SectorFile::survivor(uint64_t sector, const Pending& pending, Dice& dice) const {
    const std::string before = sector_of(certain_, sector);
    const std::string after = sector_of(now_, sector);
    switch (dice.below(4)) {
        case 0: return before;
        case 1: return after;
        case 2: {
            if (pending.versions.empty()) return dice.below(2) == 0 ? before : after;
            return pending.versions[dice.below(pending.versions.size())];
        }
        default: {
            const size_t torn_at = dice.below(kSectorBytes);
            return after.substr(0, torn_at) + before.substr(torn_at);
        }
    }
}

void SectorFile::lose_power(Dice& dice) {
    // All lost and all kept are the likeliest ends in life, and chance alone would hardly ever
    // pick them.
    const uint64_t luck = dice.below(4);
    std::string left = certain_;
    const size_t length = luck == 0   ? certain_.size()
                          : luck == 1 ? now_.size()
                                      : (dice.below(2) == 0 ? certain_.size() : now_.size());
    for (const auto& [sector, pending] : pending_) {
        if (luck == 0) continue;
        put_sector(left, sector,
                   luck == 1 ? sector_of(now_, sector) : survivor(sector, pending, dice));
    }
    left.resize(length);
    set_bytes(std::move(left));
}

void SectorFile::set_bytes(std::string bytes) {
    now_ = bytes;
    certain_ = std::move(bytes);
    pending_.clear();
    length_pending_ = false;
}

}  // namespace ops::sim
