#include "escalate/press.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"

namespace ops {
namespace {

struct KindName {
    PressKind kind;
    char code;  // in a token
    std::string_view name, label;
};
constexpr auto kKinds = std::to_array<KindName>({
    {PressKind::acknowledge, 'a', "acknowledge", "Acknowledge"},
    {PressKind::silence_1h, 's', "silence_1h", "Silence 1 h"},
    {PressKind::silence_4h, 'l', "silence_4h", "Silence 4 h"},
    {PressKind::approve, 'y', "approve", "Approve"},
    {PressKind::reject, 'n', "reject", "Reject"},
    {PressKind::show, 'i', "show", "Show"},
    {PressKind::pause, 'p', "pause", "Pause all repairs"},
    {PressKind::resume, 'r', "resume", "Resume repairs"},
});

constexpr size_t kShownDigits = 8;  // say which commands were shown; the seal holds all of the hash
constexpr size_t kSealDigits = 24;  // 96 bits
constexpr size_t kMostIncident = 20;
constexpr Duration kClocksDiffer = std::chrono::minutes(1);

const KindName& row_of(PressKind kind) {
    return *std::find_if(kKinds.begin(), kKinds.end(),
                         [&](const KindName& one) { return one.kind == kind; });
}

// Lengths first, so that no two sets of parts have the same bytes.
std::string seal_of(const Press& press, std::string_view key) {
    std::string all;
    for (const std::string& part :
         {std::string(1, row_of(press.kind).code), press.incident, press.shown, press.channel,
          std::to_string(press.made.time_since_epoch().count() / 1000)}) {
        all += std::to_string(part.size()) + ":" + part;
    }
    return hmac_sha256_hex(key, all).substr(0, kSealDigits);
}

bool is_word_of(std::string_view text, std::string_view alphabet) {
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

std::string_view name_of(PressKind kind) { return row_of(kind).name; }
std::string_view label_of(PressKind kind) { return row_of(kind).label; }

std::string press_token(const Press& press, std::string_view key) {
    const std::string shown = press.shown.empty() ? "-" : press.shown.substr(0, kShownDigits);
    return std::string(1, row_of(press.kind).code) + "." + press.incident + "." + shown + "." +
           std::to_string(press.made.time_since_epoch().count() / 1000) + "." + seal_of(press, key);
}

std::optional<PressClaim> read_press(std::string_view token, std::string_view channel) {
    const auto parts = split(token, '.');
    if (parts.size() != 5 || parts[0].size() != 1) return std::nullopt;
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const KindName& one) { return one.code == parts[0][0]; });
    const bool is_hash =
        parts[2] == "-" || (parts[2].size() == kShownDigits && is_word_of(parts[2], kHex));
    if (kind == kKinds.end() || parts[1].size() > kMostIncident || !is_safe_word(parts[1]) ||
        !is_hash || parts[3].size() > 11 || !is_word_of(parts[3], "0123456789") ||
        parts[4].size() != kSealDigits || !is_word_of(parts[4], kHex)) {
        return std::nullopt;
    }
    PressClaim claim;
    claim.press.kind = kind->kind;
    claim.press.incident = parts[1];
    if (parts[2] != "-") claim.press.shown = parts[2];
    claim.press.channel = channel;
    claim.press.made = Time{std::chrono::seconds(std::stoll(std::string(parts[3])))};
    claim.seal = parts[4];
    return claim;
}

Result<> judge_press(const PressClaim& claim, std::string_view shown, std::string_view key,
                     Time now) {
    Press press = claim.press;
    if (!press.shown.empty()) {
        if (shown.substr(0, kShownDigits) != press.shown) {
            return Error{Fault::denied,
                         "the commands that this button showed are not waiting any more"};
        }
        press.shown = shown;
    }
    if (!equal_constant_time(seal_of(press, key), claim.seal)) {
        return Error{Fault::denied, "this button is none of ours"};
    }
    if (now - press.made > kPressValid || press.made - now > kClocksDiffer) {
        return Error{Fault::timeout, "this button was too old"};
    }
    return {};
}

std::vector<PressKind> presses_for(const Incident& incident, bool is_paused) {
    using enum PressKind;
    std::vector<PressKind> all;
    if (!incident.is_open()) return all;
    if (incident.state == IncidentState::awaiting_approval) all = {approve, reject, show};
    if (!incident.acknowledged) all.push_back(acknowledge);
    all.insert(all.end(), {silence_1h, silence_4h});
    if (incident.state != IncidentState::awaiting_approval) all.push_back(show);
    all.push_back(is_paused ? resume : pause);
    return all;
}

std::optional<std::string> allowed_person(const ChannelSettings& channel, std::string_view id) {
    for (const std::string& one : channel.list("allowed")) {
        const size_t equals = one.find('=');
        const std::string_view known = equals == std::string::npos
                                           ? std::string_view(one)
                                           : std::string_view(one).substr(equals + 1);
        if (!known.empty() && known == id) return one.substr(0, equals);
    }
    return std::nullopt;
}

}  // namespace ops
