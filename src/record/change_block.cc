#include "record/change_block.h"

#include <bit>
#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace ops {
namespace {

// What a value is, in one byte. New ones are added at the end: they are in files.
enum class Tag : uint8_t {
    unknown,
    number,
    percentage,
    duration,
    size,
    text,
    is_false,
    is_true,
    list
};

void put_number(std::string& out, uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7U;
    }
    out += static_cast<char>(value);
}

void put_double(std::string& out, double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift);
}

void put_text(std::string& out, Tag tag, std::string_view text) {
    out += static_cast<char>(tag);
    put_number(out, text.size());
    out += text;
}

void put_value(std::string& out, const Value& value) {
    const auto quantity = [&](Tag tag) {
        out += static_cast<char>(tag);
        put_double(out, value.amount());
    };
    const auto plain = [&](Tag tag) { out += static_cast<char>(tag); };
    switch (value.type()) {
        case Type::unknown: return plain(Tag::unknown);
        case Type::number: return quantity(Tag::number);
        case Type::percentage: return quantity(Tag::percentage);
        case Type::duration: return quantity(Tag::duration);
        case Type::size: return quantity(Tag::size);
        case Type::string:
            return put_text(out, Tag::text, clip_end(value.text(), kLongestChangeText));
        case Type::boolean: return plain(value.truth() ? Tag::is_true : Tag::is_false);
        case Type::list: {
            // Half a list would be another one.
            const std::string json = value.to_json().dump();
            if (json.size() > kLongestChangeText) return plain(Tag::unknown);
            return put_text(out, Tag::list, json);
        }
    }
}

// After bytes that make no sense, is_broken() and nothing more.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    bool at_end() const { return broken_ || at_ >= bytes_.size(); }
    bool is_broken() const { return broken_; }

    uint8_t byte() {
        if (at_ >= bytes_.size()) {
            broken_ = true;
            return 0;
        }
        return static_cast<uint8_t>(bytes_[at_++]);
    }
    uint64_t number() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const uint8_t next = byte();
            value |= uint64_t{next & 0x7fU} << shift;
            if (next < 0x80) return value;
        }
        broken_ = true;
        return 0;
    }
    double real() {
        uint64_t bits = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) bits |= uint64_t{byte()} << shift;
        const auto value = std::bit_cast<double>(bits);
        if (!std::isfinite(value)) broken_ = true;
        return broken_ ? 0 : value;
    }
    std::string text() {
        const uint64_t size = number();
        if (size > kLongestChangeText + 16 || size > bytes_.size() - at_) {
            broken_ = true;
            return {};
        }
        const std::string_view text = bytes_.substr(at_, size);
        at_ += size;
        return std::string(text);
    }
    Value value() {
        switch (static_cast<Tag>(byte())) {
            case Tag::unknown: return {};
            case Tag::number: return Value::number(real());
            case Tag::percentage: return Value::percentage(real());
            case Tag::duration: return Value::seconds(real());
            case Tag::size: return Value::size(real());
            case Tag::text: return Value::string(text());
            case Tag::is_false: return Value::boolean(false);
            case Tag::is_true: return Value::boolean(true);
            case Tag::list: {
                const Result<Json> json = Json::parse(text());
                if (json.ok()) return Value::from_json(json.value());
                break;
            }
        }
        broken_ = true;
        return {};
    }

private:
    std::string_view bytes_;
    size_t at_ = 0;
    bool broken_ = false;
};

uint64_t zigzag(int64_t value) {
    return (static_cast<uint64_t>(value) << 1U) ^ static_cast<uint64_t>(value >> 63);
}

int64_t unzigzag(uint64_t coded) {
    return static_cast<int64_t>(coded >> 1U) ^ -static_cast<int64_t>(coded & 1U);
}

}  // namespace

std::string pack_changes(std::span<const StoredChange> changes) {
    std::string out;
    int64_t before = 0;
    for (const StoredChange& change : changes) {
        put_number(out, zigzag(change.at_ms - before));
        before = change.at_ms;
        put_number(out, change.series);
        put_value(out, change.value);
    }
    return out;
}

Result<> unpack_changes(std::string_view block, std::vector<StoredChange>& out) {
    Reader reader(block);
    uint64_t at = 0;  // wraps instead of overflowing, whatever the bytes
    while (!reader.at_end()) {
        at += static_cast<uint64_t>(unzigzag(reader.number()));
        const uint64_t series = reader.number();
        Value value = reader.value();
        if (reader.is_broken() || series > UINT32_MAX) break;
        out.push_back({static_cast<uint32_t>(series), static_cast<int64_t>(at), std::move(value)});
    }
    if (reader.is_broken()) return Error{Fault::corrupt, "a block of changes makes no sense"};
    return {};
}

}  // namespace ops
