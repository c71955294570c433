// A month of incidents whose true causes are known: is a cause that is called 80 % sure right in 80
// of 100 cases?
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "diagnose/causes_for_test.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

constexpr int kDays = 30;
constexpr int kSpacing = 45 * 60;  // seconds between two incidents
constexpr int kStacks = 40;        // db <- api <- web on a host of their own

struct Judged {
    double said = 0;       // confidence of the first cause
    double old_share = 0;  // what was said before: the share of symptoms, 0.3 for a restart
    bool is_right = false;
};

class Month {
public:
    explicit Month(unsigned seed) : chance_(seed) {
        Inventory inventory;
        for (int i = 0; i < kStacks; ++i) {
            const std::string host = name("host", i);
            Host machine;
            machine.name = host;
            inventory.hosts.push_back(machine);
            const auto add = [&](const std::string& service, std::vector<std::string> depends_on) {
                Service one;
                one.name = service;
                one.host = host;
                one.depends_on = std::move(depends_on);
                inventory.services.push_back(one);
            };
            add(name("db", i), {});
            add(name("api", i), {name("db", i)});
            add(name("web", i), {name("api", i)});
        }
        inventory.index();
        story_.inventory = std::move(inventory);
    }

    std::vector<Judged> run() {
        std::vector<Judged> all;
        for (int at = kSpacing; at < kDays * 86'400; at += kSpacing) all.push_back(incident(at));
        return all;
    }
    const CauseRecord& record() const { return story_.record; }

private:
    static std::string name(const char* what, int stack) {
        return std::string(what) + "_" + std::to_string(stack);
    }
    bool happens(double probability) {
        return std::uniform_real_distribution<double>(0, 1)(chance_) < probability;
    }
    int within(int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(chance_);
    }

    // What is to be seen, and how often that is what it was.
    struct Look {
        double upstream = 0, near_change = 0, far_change = 0, memory = 0, near_miss = 0;
        double restart = 0.7;  // when it was none of these
        std::string entry;
        double entry_right = 0;
    };
    Look draw() {
        Look look;
        switch (within(0, 5)) {
            case 0: {  // entries differ in how well they know
                const int which = within(0, 4);
                look.entry = "Entry " + std::to_string(which);
                look.entry_right =
                    std::array{0.97, 0.9, 0.7, 0.4, 0.15}.at(static_cast<size_t>(which));
                break;
            }
            case 1: look.upstream = 0.85; break;
            case 2: look.near_change = 0.7; break;
            case 3: look.far_change = 0.2; break;
            case 4: look.memory = 0.8; break;
            default: look.near_miss = 0.3; break;
        }
        // Things that happen at the same time by chance.
        if (look.entry.empty() && look.near_change == 0 && happens(0.1)) look.near_change = 0.05;
        return look;
    }

    void show(const Look& look, int stack, int at) {
        story_.diagnosis = Diagnosis();
        story_.similar.clear();
        if (look.upstream > 0) story_.becomes(name("db", stack), "down", at - within(5, 90));
        if (look.near_change > 0) story_.push("deploy", name("api", stack), at - within(30, 540));
        if (look.far_change > 0) story_.push("deploy", name("api", stack), at - within(660, 2400));
        if (look.memory > 0) {
            Recalled one;
            one.memory.id = "mem-1";
            one.memory.target = name("web", stack);
            one.memory.entry = "Restart pool";
            one.memory.outcome = MemoryOutcome::verified;
            story_.similar.push_back(one);
        }
        if (look.near_miss > 0) {
            story_.diagnosis.considered.push_back({.entry = "High memory",
                                                   .why = "memory_usage 84% is not > 90%",
                                                   .symptoms = 2,
                                                   .holding = 1,
                                                   .is_near = true});
        }
        story_.diagnosis.entry = Entry();
        story_.diagnosis.entry->name =
            look.entry.empty() ? std::string(kBuiltinRestart) : look.entry;
        story_.diagnosis.cause = "it is down";
        if (!look.entry.empty()) {
            story_.diagnosis.considered.push_back({.entry = look.entry,
                                                   .matched = true,
                                                   .why = "chosen",
                                                   .text = look.entry,
                                                   .symptoms = 1,
                                                   .holding = 1});
        }
    }

    // One cause is the true one, of those that are to be seen or none; it ends accordingly.
    Judged incident(int at) {
        const int stack = within(0, kStacks - 1);
        const std::string web = name("web", stack), id = "inc-" + std::to_string(at);
        const Look look = draw();
        show(look, stack, at);
        story_.becomes(web, "down", at);
        story_.opens(id, web, at);
        const std::vector<Cause> causes = story_.ask(web, at);
        story_.diagnosed(id, causes, at);
        const Cause& first = causes.front();
        Judged judged{first.confidence, look.entry.empty() ? 0.3 : 1.0, false};

        const auto repaired = [&](const std::string& entry) {
            story_.acts(id, web, entry, at + 20);
            story_.resolves(id, web, "auto", at + 60);
        };
        const auto by_itself = [&] { story_.resolves(id, web, "self", at + 400); };
        std::string truth;
        if (!look.entry.empty() && happens(look.entry_right)) {
            truth = look.entry;
            repaired(look.entry);
        } else if (happens(look.upstream)) {
            truth = name("db", stack);
            story_.becomes(truth, "up", at + 300);
            by_itself();
        } else if (happens(std::max(look.near_change, look.far_change))) {
            truth = "deploy of " + name("api", stack);
            story_.push("rollback", name("api", stack), at + 300);
            by_itself();
        } else if (happens(look.memory)) {
            truth = "mem-1";
            repaired("Restart pool");
        } else if (happens(look.near_miss)) {
            truth = "High memory";
            repaired(truth);
        } else if (happens(look.restart) && look.entry.empty()) {
            truth = std::string(kBuiltinRestart);
            repaired(truth);
        } else {
            truth = "a cable";
            const std::string tried =
                look.entry.empty() ? std::string(kBuiltinRestart) : look.entry;
            story_.acts(id, web, tried, at + 20);
            story_.happen("action.failed", web, Json::object(), at + 40, id);
            repaired("Plug it in");
        }
        judged.is_right = first.about == truth;
        story_.becomes(web, "up", at + 401);
        story_.becomes(name("db", stack), "up", at + 1200);
        return judged;
    }

    CauseStory story_;
    std::mt19937 chance_;
};

double brier(const std::vector<Judged>& all, const std::function<double(const Judged&)>& said) {
    double sum = 0;
    for (const Judged& one : all) sum += std::pow(said(one) - (one.is_right ? 1 : 0), 2);
    return sum / static_cast<double>(all.size());
}

TEST(Calibration, OverAMonthConfidenceIsHowOftenItIsRight) {
    std::vector<Judged> all;
    for (unsigned seed = 1; seed <= 5; ++seed) {
        const std::vector<Judged> month = Month(seed).run();
        // The first three days are for counting.
        all.insert(all.end(), month.begin() + 3 * 86'400 / kSpacing, month.end());
    }
    struct Bin {
        int all = 0, right = 0;
        double said = 0;
    };
    std::array<Bin, 10> table;
    for (const Judged& one : all) {
        Bin& bin = table.at(std::min<size_t>(9, static_cast<size_t>(one.said * 10)));
        ++bin.all;
        bin.right += one.is_right ? 1 : 0;
        bin.said += one.said;
    }
    double error = 0;  // expected calibration error
    std::string printed;
    for (const Bin& bin : table) {
        if (bin.all == 0) continue;
        const double said = bin.said / bin.all, is = static_cast<double>(bin.right) / bin.all;
        error += std::abs(said - is) * bin.all / static_cast<double>(all.size());
        std::array<char, 80> line;
        (void)std::snprintf(line.data(), line.size(), "said %.2f  was right %.2f  of %d\n", said,
                            is, bin.all);
        printed += line.data();
        if (bin.all >= 100) {
            EXPECT_NEAR(said, is, 0.1);
        }
    }
    const double ours = brier(all, [](const Judged& one) { return one.said; });
    const double prior = brier(all, [](const Judged&) { return 0.5; });
    const double share = brier(all, [](const Judged& one) { return one.old_share; });
    std::array<char, 120> scores;
    (void)std::snprintf(scores.data(), scores.size(),
                        "error %.3f; Brier %.3f, of the prior %.3f, of shares %.3f", error, ours,
                        prior, share);
    printed += scores.data();
    EXPECT_LT(error, 0.05) << printed;
    EXPECT_LT(ours, prior - 0.03) << printed;
    EXPECT_LT(ours, share - 0.1) << printed;
    RecordProperty("reliability", printed);  // in the report of --gtest_output
}

TEST(Calibration, WhatTheRecordCountsIsWhatWasTrue) {
    Month month(42);
    int right = 0, wrong = 0;
    for (const Judged& one : month.run()) ++(one.is_right ? right : wrong);
    int counted_right = 0, counted_wrong = 0;
    const Json saved = month.record().track.to_json();
    for (const auto& [name, tally] : saved["tallies"].members()) {
        counted_right += static_cast<int>(tally["right"].as_int());
        counted_wrong += static_cast<int>(tally["wrong"].as_int());
    }
    EXPECT_EQ(counted_right, right);
    EXPECT_EQ(counted_wrong, wrong);
}

}  // namespace
}  // namespace ops
