// LogLines: the newest lines of a look, bounded; what is beyond is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/text.h"
#include "io/probes.h"

namespace ops {

class LogLines {
public:
    static constexpr size_t kMaxLines = 1000, kMaxBytes = size_t{1024} * 1024, kMaxLine = 4096;

    void add(std::string_view line) {
        lines_.emplace_back(clip_end(line, kMaxLine));
        bytes_ += lines_.back().size();
        while (lines_.size() > kMaxLines || bytes_ > kMaxBytes) {
            bytes_ -= lines_.front().size();
            lines_.pop_front();
            ++skipped_;
        }
    }
    LogSeen take(std::string cursor) {
        return {{std::make_move_iterator(lines_.begin()), std::make_move_iterator(lines_.end())},
                skipped_,
                std::move(cursor)};
    }

private:
    std::deque<std::string> lines_;
    size_t bytes_ = 0;
    uint64_t skipped_ = 0;
};

}  // namespace ops
