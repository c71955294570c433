// Random but plausible stories of incidents, for tests of this room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/event.h"
#include "sim/sector_file.h"

namespace ops {

// Gives one event after another: incidents that open, are diagnosed, repaired, told and resolved,
// many at a time. The same seed tells the same story. Now and then an event makes no sense (an
// outcome without intent, a channel nobody knows), as after a crash.
class Storyteller {
public:
    explicit Storyteller(uint64_t seed) : dice_(seed) {}
    Event next();
    std::vector<Event> batch(size_t count);

private:
    struct Thread {
        std::string incident;
        std::string target;
        int step = 0;
    };
    Event about(const Thread& thread, std::string kind, Json body);
    Event tell(Thread& thread);

    sim::Dice dice_;
    std::vector<Thread> threads_;
    uint64_t made_ = 0;
    int64_t now_ms_ = 1'770'000'000'000;
};

inline Event Storyteller::about(const Thread& thread, std::string kind, Json body) {
    Event event;
    event.at = Time(Duration(now_ms_));
    event.kind = std::move(kind);
    event.incident = thread.incident;
    event.target = thread.target;
    event.body = std::move(body);
    return event;
}

inline Event Storyteller::tell(Thread& thread) {
    const std::string action = "act-" + thread.incident.substr(4);
    const std::string key = thread.incident + "/open";
    const Json argv = Json::of_strings({"systemctl", "restart", thread.target});
    switch (thread.step++) {
        case 0:
            return about(thread, "incident.opened",
                         Json::object({{"title", thread.target + " is down"},
                                       {"rule", "down"},
                                       {"level", "alert"},
                                       {"reason", "HTTP 500 \xff\xfe not UTF-8"},
                                       {"members", Json::of_strings({"a", "b"})}}));
        case 1:
            return about(thread, "incident.diagnosed",
                         Json::object({{"entry", "restart it"},
                                       {"cause", "it hangs"},
                                       {"cost_usd", 0.01},
                                       {"tokens", 120}}));
        case 2:
            return about(thread, dice_.below(3) == 0 ? "action.awaiting" : "action.denied",
                         Json::object({{"action", action},
                                       {"entry", "restart it"},
                                       {"step", 1},
                                       {"attempt", 1},
                                       {"argv", argv},
                                       {"reason", "why not"}}));
        case 3:
            return about(thread, "action.intent",
                         Json::object({{"action", action},
                                       {"entry", "restart it"},
                                       {"step", 1},
                                       {"attempt", 1},
                                       {"argv", argv},
                                       {"effect", "idempotent"},
                                       {"before", Json::object({{"pid", 42}})}}));
        case 4:
            return about(thread, dice_.below(8) == 0 ? "action.unknown" : "action.outcome",
                         Json::object({{"action", action},
                                       {"how", "exited"},
                                       {"code", 0},
                                       {"output", std::string(dice_.below(2000), 'o')}}));
        case 5:
            return about(thread, "alert.queued",
                         Json::object({{"key", key},
                                       {"level", "alert"},
                                       {"title", "down"},
                                       {"channels", Json::of_strings({"mail", "phone"})}}));
        case 6:
            return about(
                thread, "alert.failed",
                Json::object({{"key", key},
                              {"channel", "phone"},
                              {"error", "refused"},
                              {"next_try",
                               dice_.below(4) == 0 ? Json() : Json("2026-01-29T14:30:00.000Z")}}));
        case 7:
            return about(thread, "alert.sent", Json::object({{"key", key}, {"channel", "mail"}}));
        case 8:
            if (dice_.below(2) == 0)
                return about(thread, "incident.acknowledged", Json::object({{"by", "founder"}}));
            return about(thread, "incident.noted",
                         Json::object({{"text", "3 of 3"},
                                       {"title", "3 of 3"},
                                       {"members", Json::of_strings({"b", "c"})}}));
        case 9:
            return about(thread, dice_.below(2) == 0 ? "action.verified" : "action.failed",
                         Json::object({{"action", action}, {"reason", "2 good checks"}}));
        case 10:
            return about(thread, "alert.sent", Json::object({{"key", key}, {"channel", "phone"}}));
        default:
            return about(thread, "incident.resolved",
                         Json::object({{"by", "auto"}, {"reason", "it answers"}}));
    }
}

inline Event Storyteller::next() {
    now_ms_ += static_cast<int64_t>(dice_.below(5000)) - 100;  // clocks go back at times
    if (threads_.empty() || (threads_.size() < 6 && dice_.below(4) == 0)) {
        const std::string number = std::to_string(10000 + ++made_);
        threads_.push_back({"inc-" + number, "worker_" + std::to_string(dice_.below(7)), 0});
    }
    if (dice_.below(10) == 0) {  // something that is nobody's
        const char* const kinds[] = {"target.changed", "action.outcome", "alert.failed",
                                     "event.outside", "incident.noted"};
        return about({}, kinds[dice_.below(5)],
                     Json::object({{"action", "act-none"},
                                   {"key", "none"},
                                   {"channel", "none"},
                                   {"ratio", 0.1},
                                   {"deep", Json::object({{"a", Json::array()}})}}));
    }
    const size_t which = dice_.below(threads_.size());
    if (dice_.below(12) == 0) threads_[which].step += 1;  // a step that never happened
    const Event event = tell(threads_[which]);
    if (event.kind == "incident.resolved") {
        threads_.erase(threads_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    return event;
}

inline std::vector<Event> Storyteller::batch(size_t count) {
    std::vector<Event> events;
    for (size_t i = 0; i < count; ++i) events.push_back(next());
    return events;
}

}  // namespace ops
