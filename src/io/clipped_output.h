// ClippedOutput: keeps the head and the tail of a stream of any length, and the digest of all of
// it.
#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"

namespace ops {

class ClippedOutput {
public:
    explicit ClippedOutput(size_t limit) : limit_(limit) {}

    void append(std::string_view bytes);
    size_t total() const { return total_; }
    // At most the limit: all of it, or head and tail with "\n... 1234 bytes left out ...\n"
    // between. Never cuts a UTF-8 sequence.
    std::string text() const;
    std::string sha256_hex() { return digest_.hex(); }  // of all of it; ends the stream

private:
    const size_t limit_;
    size_t total_ = 0;
    std::string head_, tail_;
    Sha256 digest_;
};

}  // namespace ops
