// Projections: the tables made from events. Everything in them follows from the events alone, in
// order, so they can be thrown away and made again.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "model/event.h"
#include "record/database.h"

namespace ops {

class Projections {
public:
    // Reads which ids retention has cut off; `where_pruned` may be another database.
    static Result<Projections> open(Database& database, Database& where_pruned);

    // Requires: an open transaction, and events in order.
    Result<> apply(const Event& event);
    Result<> clear();
    // The ids ("incident ID", "action ID", "alert KEY") whose beginning is gone: what still comes
    // of them shows nowhere.
    Result<> cut_off(const std::string& id, int64_t last_seq);
    Result<> forget_cut_off(int64_t through);

    static constexpr std::string_view kTables[] = {"incident", "action", "alert", "delivery"};

private:
    explicit Projections(Database& database) : database_(&database) {}
    Result<bool> is_cut_off(const std::string& id, uint64_t seq);
    Result<> apply_to_incident(const Event& event);
    Result<> apply_to_action(const Event& event);
    Result<> apply_to_alert(const Event& event);
    Result<> queue_alert(const Event& event, const std::string& key);
    Result<> note_delivery(const Event& event, const std::string& key);

    Database* database_;
    std::set<std::string> cut_off_;
};

// `next_try` of a delivery that its channel refused for good. Nothing waits for it any more.
inline constexpr int64_t kNeverTriedAgain = std::numeric_limits<int64_t>::max();

// How the rows read back.
Result<Incident> read_incident(std::string_view body);
Result<Action> read_action(std::string_view body);

}  // namespace ops
