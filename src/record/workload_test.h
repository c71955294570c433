// A workload on a store whose disk fails, and what must be true afterwards.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/journal.h"
#include "record/stories_test.h"
#include "sim/sim_vfs.h"

namespace ops {

inline void close(Result<std::unique_ptr<Store>>& store) {
    store = Error{Fault::unavailable, "closed"};
}

// What the workload was promised, and what it had asked for when something failed.
struct Promise {
    std::vector<std::string> hashes;  // of the acknowledged events
    size_t asked = 0;                 // events of the append that was not acknowledged
    std::string state;                // the acknowledged value
    std::string asked_state;          // else empty
    bool failed = false;
    std::string error;
};

inline StoreOptions options_of(const sim::SimDisk& disk, Durability durability) {
    StoreOptions options;
    options.vfs = disk.name();
    options.durability = durability;
    options.checkpoint_pages = 16;  // so that a short workload meets a few
    return options;
}

// The same events every time: what is not acknowledged can be compared with what came next.
inline const std::vector<std::vector<Event>>& workload_batches() {
    static const std::vector<std::vector<Event>> batches = [] {
        Storyteller story(11);
        std::vector<std::vector<Event>> made;
        for (const size_t count : {2U, 5U, 1U, 4U, 1U, 3U}) {
            made.push_back(story.batch(count));
        }
        return made;
    }();
    return batches;
}

// Appends the batches from `first` on until something fails; closes and opens once on the way.
inline void run_workload(const std::function<Result<std::unique_ptr<Store>>()>& open,
                         Promise& promise) {
    const auto fail = [&](const Error& error) {
        promise.failed = true;
        promise.error = error.message;
    };
    auto opened = open();
    if (!opened.ok()) return fail(opened.error());
    std::unique_ptr<Store> store = std::move(opened).value();
    size_t number = 0;
    for (const auto& batch : workload_batches()) {
        if (++number == 4) {
            store.reset();
            auto again = open();
            if (!again.ok()) return fail(again.error());
            store = std::move(again).value();
        }
        std::vector<Event> events = batch;
        promise.asked = events.size();
        const Result<> appended = store->append(events);
        if (!appended.ok()) {
            // Never carries on: also the next write must be refused, whatever the disk says now.
            std::vector<Event> more = batch;
            EXPECT_FALSE(store->append(more).ok());
            EXPECT_FALSE(store->set_state("k", "after the failure").ok());
            EXPECT_TRUE(store->poisoned().has_value());
            return fail(appended.error());
        }
        promise.asked = 0;
        for (const Event& event : events) promise.hashes.push_back(event.hash);
        promise.asked_state = std::to_string(number);
        const Result<> set = store->set_state("k", promise.asked_state);
        if (!set.ok()) return fail(set.error());
        promise.state = std::exchange(promise.asked_state, "");
        const Result<> maintained = store->maintain();
        if (!maintained.ok()) {
            EXPECT_TRUE(store->poisoned().has_value());
            return fail(maintained.error());
        }
    }
}

// The hashes of the events of a workload that nothing disturbed.
inline const std::vector<std::string>& undisturbed_hashes() {
    static const std::vector<std::string> hashes = [] {
        sim::SimDisk disk("undisturbed");
        Promise promise;
        run_workload([&] { return Store::open("/d", options_of(disk, Durability::full)); },
                     promise);
        EXPECT_FALSE(promise.failed) << promise.error;
        return promise.hashes;
    }();
    return hashes;
}

enum class Look { quick, whole };  // whole: with verifying the journal and its projections

// Is what is on the disk what was promised? Says what is wrong, or nothing.
inline std::string broken_promise(const sim::SimDisk& disk, const Promise& promise,
                                  Look look = Look::whole) {
    auto opened = Store::open("/d", options_of(disk, Durability::full));
    if (!opened.ok()) return "does not open: " + opened.error().message;
    Store& store = *opened.value();
    const auto events = store.events({.limit = 100000});
    if (!events.ok()) return "does not read: " + events.error().message;
    const size_t there = events.value().size();
    const size_t promised = promise.hashes.size();
    if (there < promised) {
        return std::to_string(promised - there) + " acknowledged events are lost";
    }
    if (there != promised && there != promised + promise.asked) {
        return "half of a batch is there";
    }
    for (size_t i = 0; i < there; ++i) {
        const Event& event = events.value()[i];
        const std::string before = i == 0 ? first_hash() : undisturbed_hashes()[i - 1];
        if (event.hash != undisturbed_hashes()[i] ||
            event.hash != chain_hash(before, event, event.body.dump())) {
            return "event " + std::to_string(i + 1) + " is another";
        }
    }
    const auto state = store.state("k");
    if (!state.ok()) return state.error().message;
    const std::string value = state.value().value_or("");
    if (value != promise.state && (promise.asked_state.empty() || value != promise.asked_state)) {
        return "state is '" + value + "', was acknowledged as '" + promise.state + "'";
    }
    if (look == Look::quick) return "";
    const auto report = verify_journal("/d", promised == 0 ? "" : promise.hashes.back(),
                                       options_of(disk, Durability::full));
    if (!report.ok()) return "does not verify: " + report.error().message;
    if (!report.value().ok) return "does not verify: " + report.value().problems[0];
    return "";
}

}  // namespace ops
