#include "io/clipped_output.h"

#include <algorithm>

namespace ops {

// Room for the line that says what was left out.
static constexpr size_t kMarker = 48;

void ClippedOutput::append(std::string_view bytes) {
    digest_.add(bytes);
    total_ += bytes.size();
    const size_t to_head = std::min(limit_ - head_.size(), bytes.size());
    head_.append(bytes.substr(0, to_head));
    bytes.remove_prefix(to_head);
    if (bytes.size() > limit_) bytes.remove_prefix(bytes.size() - limit_);
    tail_.append(bytes);
    // Trimmed only now and then, so that a stream of small writes does not move it each time.
    if (tail_.size() > 2 * limit_) tail_.erase(0, tail_.size() - limit_);
}

static bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// How many of the first `size` bytes do not end inside a sequence.
static size_t whole_front(std::string_view text, size_t size) {
    if (size >= text.size()) return text.size();
    size_t at = size;
    while (at > 0 && size - at < 3 && continues(text[at])) --at;
    return continues(text[at]) ? size : at;
}

std::string ClippedOutput::text() const {
    if (total_ <= limit_) return head_;
    const std::string all = head_ + tail_;  // what lies between them, if any, is never shown
    if (limit_ <= 2 * kMarker) return all.substr(0, whole_front(all, limit_));
    const size_t half = (limit_ - kMarker) / 2;
    const size_t front = whole_front(all, half);
    size_t back = all.size() - half;
    for (int i = 0; i < 3 && back < all.size() && continues(all[back]); ++i) ++back;
    const size_t left_out = total_ - front - (all.size() - back);
    return all.substr(0, front) + "\n... " + std::to_string(left_out) + " bytes left out ...\n" +
           all.substr(back);
}

}  // namespace ops
