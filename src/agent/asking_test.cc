// What is asked of what is known now.
#include "agent/asking.h"

#include <gtest/gtest.h>

#include "agent/pushed_facts.h"
#include "runbook/runbook.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'770'000'000'000)};

// A disk that fills by 1 % every five minutes, and a memory that does nothing.
class Trend final : public HistorySource {
public:
    std::vector<Sample> samples(std::string_view, std::string_view fact, Time from,
                                Time to) const override {
        std::vector<Sample> out;
        for (Time at = to - 6h; at <= to; at += 5min) {
            if (at <= from) continue;
            const double steps = static_cast<double>((to - at) / 5min);
            out.push_back({at, fact == "disk_usage" ? 90.0 - steps : 50.0});
        }
        return out;
    }
    std::vector<Time> events(std::string_view, std::string_view, Time, Time) const override {
        return {};
    }
};

class AskingTest : public testing::Test {
protected:
    AskingTest() {
        Problems problems;
        settings_ = read_settings_leniently(
            {{"/etc/ops/ops-agent.yaml",
              "hosts: [{name: here, local: true}]\n"
              "services: [{name: web, check: {tcp: \"127.0.0.1:1\"}}]\n"}},
            [](const std::string&) { return std::optional<std::string>(); }, problems);
        detector_ = std::make_unique<Detector>(settings_, runbook_, &trend_, kNow - 1h);
        see("here",
            {{"disk_usage", Value::percentage(90)}, {"memory_usage", Value::percentage(50)}});
    }
    void see(const std::string& target, std::vector<Fact> facts) {
        Observation seen;
        seen.target = target;
        seen.at = kNow;
        seen.health = Health::good;
        seen.facts = std::move(facts);
        (void)detector_->observe(seen, kNow);
    }
    Result<Json> eval(const std::string& text, const std::string& target = "") {
        return eval_json(text, target, *detector_, settings_, kNow);
    }

    Trend trend_;
    Settings settings_;
    Runbook runbook_;
    std::unique_ptr<Detector> detector_;
};

TEST_F(AskingTest, SaysTheValueOfEveryPart) {
    const Json json = eval("disk_usage > 85% and load > 5").value();
    EXPECT_EQ(json["target"].as_string(), "here") << "the first host, when none is named";
    EXPECT_EQ(json["printed"].as_string(), "unknown");
    EXPECT_TRUE(json["value"].is_null());
    EXPECT_EQ(json["missing"].strings(), std::vector<std::string>{"load"});
    EXPECT_EQ(json["parts"].items().at(1)["printed"].as_string(), "true");
}

TEST_F(AskingTest, KnowsWhatWasPushed) {
    EXPECT_EQ(eval("queue_len > 3", "web").error().fault, Fault::invalid) << "nobody declared it";
    (void)detector_->push_facts("web", {{"queue_len", Value::number(5)}}, kNow);
    EXPECT_EQ(eval("queue_len > 3", "web").value()["printed"].as_string(), "true");
    EXPECT_EQ(eval("queue_len > 3", "here").error().fault, Fault::invalid) << "of another target";
}

TEST_F(AskingTest, NamesWhatIsWrong) {
    EXPECT_EQ(eval("a b").error().message, "1:3: error: expected an operator before 'b'\na b\n  ^");
    const Error misspelt = eval("up", "wed").error();
    EXPECT_EQ(misspelt.message,
              "no service, host or signal 'wed' in the configuration (did you mean 'web'?)");
    EXPECT_EQ(misspelt.fault, Fault::invalid) << "it was asked wrongly";
}

TEST_F(AskingTest, PredictsWhatATrendFills) {
    see("web", {{"tls_expires_in", Value::seconds(20 * 86400)}});
    const Json list = predictions_json(*detector_, settings_, kNow)["predictions"];
    ASSERT_EQ(list.items().size(), 2U) << list.dump() << ": memory that stays is no prediction";
    const Json& disk = list.items()[0];
    EXPECT_EQ(disk["target"].as_string(), "here") << "what comes first is first";
    EXPECT_EQ(disk["fact"].as_string(), "disk_usage");
    EXPECT_NEAR(disk["in_seconds"].as_number(), 3000, 60) << "10 times 5 minutes";
    EXPECT_EQ(disk["says"].as_string(), "the disk is full");
    EXPECT_EQ(list.items()[1]["fact"].as_string(), "tls_expires_in");
    EXPECT_EQ(list.items()[1]["at"].as_string(), format_rfc3339(kNow + 20 * 24h));

    see("web", {{"tls_expires_in", Value::seconds(60 * 86400)}});
    EXPECT_EQ(predictions_json(*detector_, settings_, kNow)["predictions"].items().size(), 1U)
        << "in two months is not soon";
}

TEST(ServiceHistory, HasTheLastDayAndTheShareOfTimeUp) {
    sim::SimDisk disk("asking_test_disk");
    auto opened = History::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(opened.ok());
    History& history = *opened.value();
    std::vector<SampleRow> rows;
    for (int i = 0; i < 100; ++i) rows.push_back({"web", "latency", kNow - i * 1min, 0.5});
    ASSERT_TRUE(history.add(rows).ok());
    auto store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(store.ok());
    const auto note = [&](Time at, const char* kind, const char* target, const char* status) {
        Event event;
        event.at = at;
        event.kind = kind;
        event.target = target;
        event.body = Json::object({{"status", status}});
        ASSERT_TRUE(store.value()->append(std::move(event)).ok());
    };
    note(kNow - 50h, "agent.started", "", "");
    note(kNow - 50h, "target.changed", "other", "down");
    note(kNow - 50h, "target.changed", "web", "down");
    note(kNow - 40h, "target.changed", "web", "up");
    note(kNow - 30h, "agent.stopped", "", "");
    note(kNow - 10h, "agent.started", "", "");
    note(kNow - 2h, "target.changed", "web", "down");
    note(kNow - 1h, "target.changed", "web", "degraded");
    Json service = Json::object();
    ASSERT_TRUE(add_history(service, history, *store.value(), "web", kNow).ok());
    const auto& points = service["history"]["latency"].items();
    ASSERT_FALSE(points.empty());
    EXPECT_LE(points.size(), 61U);
    EXPECT_EQ(points.back()["value"].as_number(), 0.5);
    EXPECT_NEAR(service["uptime"]["day"].as_number(), 90, 0.1)
        << "an hour of ten in which somebody looked";
    EXPECT_NEAR(service["uptime"]["month"].as_number(), 100.0 * 19 / 30, 0.1);

    Json unknown = Json::object();
    ASSERT_TRUE(add_history(unknown, history, *store.value(), "never-seen", kNow).ok());
    EXPECT_TRUE(unknown["uptime"]["day"].is_null());
}

TEST(PushedFacts, AreReadAsPeopleWriteThem) {
    const struct {
        const char* fact;
        Json value;
        const char* printed;  // "-": refused
    } rows[] = {
        {"memory_usage", 95, "95%"},
        {"memory_usage", "95%", "95%"},
        {"memory_usage", "95", "-"},
        {"memory_usage", "5m", "-"},
        {"latency", "200ms", "200ms"},
        {"latency", 2, "2s"},
        {"rss", "512MiB", "536.9MB"},
        {"anything", "x", "\"x\""},
        {"up", "yes", "-"},
        {"ready", true, "true"},
        {"up", true, "-"},
        {"service", "web", "-"},
        {"db_password", "hunter2", "-"},
    };
    for (const auto& row : rows) {
        const Result<Value> read = read_pushed_fact(row.fact, row.value, Settings{});
        EXPECT_EQ(read.ok() ? read.value().print() : "-", row.printed)
            << row.fact << " " << row.value.dump();
    }
}

}  // namespace
}  // namespace ops
