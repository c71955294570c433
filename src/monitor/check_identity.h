// What makes a check the one that it is: two with one identity ask the same of the same and judge
// the answer alike, so one may go on as the other. How often it must fail before it counts is the
// detector's, and no part of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/settings.h"

namespace ops {

// A digest of texts, of which each counts with its borders. Never 0.
class Identity {
public:
    void add(std::string_view text);
    void add(int64_t number);
    void add(const Node& tree);  // what it says, wherever it stands
    uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

private:
    uint64_t hash_ = 14695981039346656037U;
};

// Of a check as it is written; the secrets that it reads are still to be added.
Identity identity_of(const CheckSettings& check, const Settings& all);
uint64_t identity_of_heartbeat(const Service& service);

}  // namespace ops
