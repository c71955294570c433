#include "record/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "sim/sector_file.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;
using sim::Dice;

constexpr Time kStart{Duration(1'770'000'000'000)};  // 2026-02-02T02:40:00Z

class HistoryTest : public testing::Test {
protected:
    HistoryTest() : disk_("history_test_disk") { reopen(); }
    void reopen() {
        history_.reset();
        auto opened = History::open("/d", {.vfs = disk_.name()});
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        history_ = std::move(opened).value();
    }
    void add(std::string_view target, std::string_view fact, Time at, double value) {
        const SampleRow row{target, fact, at, value};
        const auto done = history_->add({&row, 1});
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    // All that is to be done now; how many steps it took.
    int maintain(Time now, const Retention& retention = {}) {
        for (int steps = 0; steps < 100'000; ++steps) {
            const auto more = history_->maintain(now, retention);
            EXPECT_TRUE(more.ok()) << more.error().message;
            if (!more.ok() || !more.value()) return steps;
        }
        ADD_FAILURE() << "never done";
        return -1;
    }
    std::vector<HistorySample> window(std::string_view target, std::string_view fact, Time from,
                                      Time to, size_t points = 100'000) {
        auto found = history_->window(target, fact, from, to, points);
        EXPECT_TRUE(found.ok()) << found.error().message;
        return found.ok() ? std::move(found).value() : std::vector<HistorySample>();
    }

    sim::SimDisk disk_;
    std::unique_ptr<History> history_;
};

TEST_F(HistoryTest, GivesSamplesBackBeforeAndAfterTheyAreMoved) {
    for (int i = 0; i < 100; ++i) {
        add("api", "latency", kStart + i * 10s, i);
        add("db", "latency", kStart + i * 10s, 7);
    }
    for (int round = 0; round < 3; ++round) {
        const auto samples = window("api", "latency", kStart, kStart + 1h);
        ASSERT_EQ(samples.size(), 100U) << "round " << round;
        for (size_t i = 0; i < 100; ++i) {
            EXPECT_EQ(samples[i].at, kStart + i * 10s);
            EXPECT_EQ(samples[i].value, static_cast<double>(i));
        }
        EXPECT_EQ(window("api", "latency", kStart + 100s, kStart + 190s).size(), 10U);
        maintain(kStart + (round == 0 ? 10min : 20min));
        reopen();
    }
    EXPECT_TRUE(window("api", "nothing", kStart, kStart + 1h).empty());
    EXPECT_TRUE(window("api", "latency", kStart + 2h, kStart + 1h).empty());
    EXPECT_TRUE(window("api", "latency", kStart, kStart + 1h, 0).empty());
    EXPECT_EQ(history_->facts_of("api").value(), std::vector<std::string>{"latency"});
}

TEST_F(HistoryTest, ReadsAreDownsampledAndKeepExtremes) {
    std::vector<SampleRow> rows;
    for (int i = 0; i < 7200; ++i) {
        rows.push_back({"api", "latency", kStart + i * 1s, i == 5000 ? 999.0 : 1.0});
    }
    ASSERT_TRUE(history_->add(rows).ok());
    maintain(kStart + 6h);
    for (const size_t points : {1U, 10U, 100U, 120U, 1000U}) {
        const auto samples = window("api", "latency", kStart, kStart + 2h - 1s, points);
        EXPECT_LE(samples.size(), points);
        EXPECT_GE(samples.size() * 2 + 1, std::min<size_t>(points, 120)) << points;
        const auto highest =
            std::max_element(samples.begin(), samples.end(),
                             [](const auto& a, const auto& b) { return a.high < b.high; });
        EXPECT_EQ(highest->high, 999.0) << points;
        EXPECT_EQ(highest->low, 1.0) << points;
    }
}

// Against a plain list of all samples: whatever is moved when, sums over any stretch of whole
// hours stay the same at every level.
TEST_F(HistoryTest, NothingIsLostOrCountedTwiceOnTheWay) {
    Dice dice(5);
    std::map<std::string, std::map<int64_t, std::vector<double>>> by_hour;  // of each target
    const int64_t first_hour = kStart.time_since_epoch().count() / 3'600'000 + 1;
    Time now = Time(Duration(first_hour * 3'600'000));
    const Time begin = now;
    for (int step = 0; step < 400; ++step) {
        std::vector<SampleRow> rows;
        static const std::string targets[] = {"a", "b", "c"};
        for (uint64_t i = dice.below(6); i > 0; --i) {
            const std::string& target = targets[dice.below(3)];
            Time at = now - Duration(dice.below(90'000));                          // some are late
            if (dice.below(40) == 0) at = now - Duration(dice.below(30'000'000));  // very late
            at = std::max(at, begin);
            const auto value = static_cast<double>(dice.below(1000));
            rows.push_back({target, "x", at, value});
            by_hour[target][at.time_since_epoch().count() / 3'600'000].push_back(value);
        }
        ASSERT_TRUE(history_->add(rows).ok());
        now += Duration(dice.below(900'000));
        if (dice.below(3) == 0) {
            ASSERT_TRUE(history_->maintain(now).ok());
        }
        if (dice.below(50) == 0) maintain(now);
        if (dice.below(60) == 0) reopen();
    }
    for (int round = 0; round < 2; ++round) {
        for (const auto& [target, hours] : by_hour) {
            for (const auto& [hour, values] : hours) {
                const Time from = Time(Duration(hour * 3'600'000));
                const Time to = from + 1h - 1ms;
                double sum = 0;
                for (const double value : values) sum += value;
                const double mean = sum / static_cast<double>(values.size());
                for (const size_t points : {1U, 30U, 3'600'000U}) {  // hours, minutes, raw
                    const auto samples = window(target, "x", from, to, points);
                    ASSERT_FALSE(samples.empty()) << target << hour << " points " << points;
                    if (points == 1) {
                        EXPECT_NEAR(samples[0].value, mean, 0.01) << target << hour;
                        EXPECT_EQ(samples[0].high, *std::max_element(values.begin(), values.end()));
                    }
                    if (points == 3'600'000 && now - from < 20h) {
                        EXPECT_EQ(samples.size(), values.size()) << target << hour;
                    }
                }
            }
        }
        now += 26h;
        maintain(now);
    }
}

TEST_F(HistoryTest, ManySeriesAreMovedInSteps) {
    std::vector<std::string> names;
    for (int i = 0; i < 9000; ++i) names.push_back("t" + std::to_string(i));
    std::vector<SampleRow> rows;
    for (const std::string& name : names) rows.push_back({name, "up", kStart, 1});
    ASSERT_TRUE(history_->add(rows).ok());
    // In the middle of moving a minute every sample is still seen once.
    ASSERT_TRUE(history_->maintain(kStart + 5min).ok());
    EXPECT_EQ(window("t0", "up", kStart - 1min, kStart + 1min).size(), 1U);
    EXPECT_EQ(window("t8999", "up", kStart - 1min, kStart + 1min).size(), 1U);
    // And one that comes for that very minute meanwhile is not lost.
    add("t0", "up", kStart + 1s, 2);
    add("t8999", "up", kStart + 1s, 2);
    reopen();
    maintain(kStart + 5min);
    EXPECT_EQ(window("t0", "up", kStart - 1min, kStart + 1min).size(), 2U);
    EXPECT_EQ(window("t8999", "up", kStart - 1min, kStart + 1min).size(), 2U);
}

TEST_F(HistoryTest, AWrongClockHarmsNothing) {
    add("api", "x", kStart, 1);
    add("api", "x", kStart + std::chrono::hours(24 * 400), 2);
    add("api", "x", Time(1s), 3);                // 1970
    add("api", "x", Time(Duration(-5)), 4);      // before it: left out
    add("api", "x", Time::max(), 5);             // left out
    add("api", "x", kStart + 1s, std::nan(""));  // left out
    add("api", "x", kStart + 1s, INFINITY);      // left out
    maintain(kStart + 3h);
    add("api", "x", kStart + 3h, 6);
    EXPECT_EQ(window("api", "x", kStart - 1h, kStart + 4h).size(), 2U);
    // The oldest there is and the newest: must not walk all minutes between.
    EXPECT_EQ(window("api", "x", Time(0s), Time::max()).size(), 3U) << "1970 is dropped by age";
}

TEST_F(HistoryTest, OldSamplesFadeAndGo) {
    const Retention retention{.raw = 2h, .minutes = 24h, .hours = 240h};
    Time now = kStart;
    for (int i = 0; i < 15 * 24 * 6; ++i) {  // fifteen days, a sample each ten minutes
        add("api", "x", now, 1);
        now += 10min;
        if (i % 6 == 0) maintain(now, retention);
    }
    maintain(now, retention);
    const auto all = window("api", "x", kStart, now, 1'000'000'000);
    ASSERT_FALSE(all.empty());
    EXPECT_LT(all.front().at, now - 239h);
    EXPECT_GT(all.front().at, now - 290h);
    const auto finest = [&](Time from, Time to) {
        const auto some = window("api", "x", from, to, 1'000'000'000);
        return some.size() < 2 ? Duration(0) : some[1].at - some[0].at;
    };
    EXPECT_EQ(finest(now - 1h, now), 10min);
    EXPECT_EQ(finest(now - 20h, now - 10h), 10min) << "as minutes";
    EXPECT_EQ(finest(now - 100h, now - 90h), 1h);
    EXPECT_EQ(window("api", "x", now - 100h, now - 90h, 10).size(), 10U);
    EXPECT_LT(disk_.bytes("/d/samples.db").size(), 400'000U);
}

TEST_F(HistoryTest, RemembersMoments) {
    for (const auto offset : {0s, 10s, 20s}) {
        ASSERT_TRUE(history_->add_event("worker_3", "crash", kStart + offset).ok());
    }
    ASSERT_TRUE(history_->add_event("worker_3", "crash", kStart).ok()) << "twice at one moment";
    ASSERT_TRUE(history_->add_event("worker_3", "deploy", kStart + 5s).ok());
    reopen();
    const auto count = [&](const char* target, const char* kind, Time from, Time to) {
        return history_->event_times(target, kind, from, to).value().size();
    };
    EXPECT_EQ(count("worker_3", "crash", kStart, kStart + 1h), 4U);
    EXPECT_EQ(count("worker_3", "crash", kStart + 1s, kStart + 10s), 1U);
    EXPECT_EQ(count("worker_3", "deploy", kStart, kStart + 1h), 1U);
    EXPECT_EQ(count("worker_3", "restart", kStart, kStart + 1h), 0U);
    EXPECT_EQ(count("worker_4", "crash", kStart, kStart + 1h), 0U);
    EXPECT_TRUE(history_->facts_of("worker_3").value().empty()) << "a moment is no fact";
    maintain(kStart + std::chrono::hours(24 * 800));
    EXPECT_EQ(count("worker_3", "crash", kStart, kStart + 1h), 0U);
}

TEST_F(HistoryTest, AKindThatWasAskedForBeforeItsFirstMomentIsKnownAfterIt) {
    const auto count = [&](History& history, const char* kind) {
        return history.event_times("api", kind, kStart - 1h, kStart + 1h).value().size();
    };
    EXPECT_EQ(count(*history_, "crash"), 0U);
    auto reader = History::open("/d", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(count(*reader.value(), "crash"), 0U);
    ASSERT_TRUE(history_->add_event("api", "crash", kStart).ok());
    EXPECT_EQ(count(*history_, "crash"), 1U);
    EXPECT_EQ(count(*reader.value(), "crash"), 1U);
    EXPECT_EQ(count(*history_, "deploy"), 0U);
    reopen();
    EXPECT_EQ(count(*history_, "crash"), 1U);
}

TEST_F(HistoryTest, ThousandsOfSeriesAreKeptApart) {
    constexpr int kTargets = 3000;
    std::vector<std::string> names;
    for (int i = 0; i < kTargets; ++i) names.push_back("s" + std::to_string(i));
    for (const auto at : {kStart, kStart + 1s}) {
        std::vector<SampleRow> rows;
        for (int i = 0; i < kTargets; ++i) {
            rows.push_back({names[static_cast<size_t>(i)], "latency", at, double(i)});
        }
        ASSERT_TRUE(history_->add(rows).ok());
    }
    for (int i = 0; i < kTargets; ++i) {
        const auto found =
            window(names[static_cast<size_t>(i)], "latency", kStart, kStart + 1s, 10);
        ASSERT_EQ(found.size(), 2U) << i;
        EXPECT_EQ(found[0].value, i);
        EXPECT_EQ(found[1].value, i);
    }
}

TEST_F(HistoryTest, IsReadBesideItsWriter) {
    add("api", "x", kStart, 1);
    auto reader = History::open("/d", {.vfs = disk_.name(), .access = Access::read});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader.value()->window("api", "x", kStart, kStart + 1s, 10).value().size(), 1U);
    add("api", "x", kStart + 1s, 1);
    EXPECT_EQ(reader.value()->window("api", "x", kStart, kStart + 1s, 10).value().size(), 2U);
    const SampleRow row{"api", "x", kStart, 1};
    EXPECT_EQ(reader.value()->add({&row, 1}).error().fault, Fault::denied);
    EXPECT_EQ(History::open("/d", {.vfs = disk_.name()}).error().fault, Fault::denied);
}

TEST_F(HistoryTest, KeepsChangesOfFactsInOrderAndOfOldOnesTheNewest) {
    const auto change = [&](const char* target, const char* fact, Time at, Value value) {
        const FactChange one{target, fact, at, std::move(value)};
        const auto done = history_->add_changes({&one, 1});
        ASSERT_TRUE(done.ok()) << done.error().message;
    };
    change("api", "process_status", kStart, Value::string("running"));
    change("api", "process_status", kStart + 1h, Value::string("dead"));
    change("db", "process_status", kStart + 2h, Value::string("running"));
    change("db", "other", kStart + 2h, Value::boolean(true));
    reopen();
    auto found = history_->changes({"process_status"}, kStart + 90min);
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ(found.value().size(), 2U);
    EXPECT_EQ(found.value()[1].value, Value::string("dead"));
    // Forty days on, only where each stood is left, at its own time.
    maintain(kStart + 40 * 24h);
    found = history_->changes({"process_status", "other"}, kStart + 40 * 24h);
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ(found.value().size(), 3U);
    EXPECT_EQ(found.value()[0].at, kStart + 1h);
    EXPECT_EQ(found.value()[0].value, Value::string("dead"));
    EXPECT_EQ(found.value()[1].target, "db");
}

TEST_F(HistoryTest, CallsUnknownWhatChangesAllTheTime) {
    const Time hour = kStart - kStart.time_since_epoch() % 1h;
    std::vector<FactChange> changes;
    for (int i = 0; i < 200; ++i) {
        changes.push_back({"api", "text", hour + i * 1s, Value::string(std::to_string(i))});
    }
    ASSERT_TRUE(history_->add_changes(changes).ok());
    const auto found = history_->changes({"text"}, hour + 1h);
    ASSERT_EQ(found.value().size(), 60U);
    EXPECT_TRUE(found.value().back().value.is_unknown());
}

// A cut may cost the last seconds, never the file.
TEST(HistoryPowerCut, LeavesAFileThatOpens) {
    for (uint64_t nth = 1; nth < 400; nth += 7) {
        sim::SimDisk disk("history_cut", nth);
        disk.fail_at(nth, sim::DiskFault::power_cut);
        const StoreOptions options{.vfs = disk.name(), .checkpoint_pages = 8};
        const auto run = [&] {
            auto history = History::open("/d", options);
            if (!history.ok()) return;
            for (int i = 0; i < 40; ++i) {
                const SampleRow row{"api", "x", kStart + i * 30s, static_cast<double>(i)};
                if (!history.value()->add({&row, 1}).ok()) return;
                (void)history.value()->maintain(kStart + i * 30s).ok();  // fails after the cut
            }
        };
        run();
        disk.restore_power();
        auto history = History::open("/d", options);
        ASSERT_TRUE(history.ok()) << history.error().message << " at " << nth;
        auto samples = history.value()->window("api", "x", kStart, kStart + 1h, 100'000);
        ASSERT_TRUE(samples.ok()) << samples.error().message << " at " << nth;
        for (size_t i = 0; i < samples.value().size(); ++i) {
            ASSERT_EQ(samples.value()[i].value, static_cast<double>(i)) << "at " << nth;
        }
    }
}

}  // namespace
}  // namespace ops
