// Is the b of BM25 (WordWeights) good on alerts that it was not chosen by? 75 alerts of others,
// each with the runbook that is right, in two sets; skipped where they are not at hand
// (docs/brain.md has the figures). b is chosen on some of the alerts and judged on the rest:
//
//  - on one set, judged on the other, both ways;
//  - in ten folds, all alerts of one runbook in the same, dealt out twenty times.
//
// The path is the agent's: the store chooses candidates, rank() orders them.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/json.h"
#include "learn/brain.h"
#include "learn/terms.h"

namespace ops {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSteps = 11;  // b = 0, 0.1 ... 1
constexpr size_t kUsual = 4;   // the default's place among them
constexpr int kFolds = 10, kDeals = 20;

fs::path data_folder() {
    if (const char* const given = std::getenv("OPS_SHARED")) {
        return fs::path(given) / "data/runbooks";
    }
    return fs::path(OPS_SOURCE_DIR) / "../shared/data/runbooks";
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// As tests/brain/score.py: without the header for the site's generator, a long one by its
// beginning.
std::string runbook_text(const fs::path& path) {
    std::string text = text_of(path);
    const size_t end = text.starts_with("---\n") ? text.find("\n---\n", 3) : std::string::npos;
    if (end != std::string::npos) text.erase(0, end + 5);
    return text.substr(0, 16000);
}

// One alert: for which b the right runbook came first.
struct Asked {
    std::string set, answer;
    std::array<bool, kSteps> first{};
};

using Chosen = std::vector<const Asked*>;

size_t hits(const Chosen& asked, size_t step) {
    return static_cast<size_t>(std::count_if(
        asked.begin(), asked.end(), [&](const Asked* one) { return one->first.at(step); }));
}

// The best on these; of equal ones the middle.
size_t best_on(const Chosen& asked) {
    std::vector<size_t> best;
    size_t most = 0;
    for (size_t step = 0; step < kSteps; ++step) {
        const size_t now = hits(asked, step);
        if (now > most) best.clear();
        most = std::max(most, now);
        if (now == most) best.push_back(step);
    }
    return best.at(best.size() / 2);
}

class Retrieval : public testing::Test {
protected:
    void SetUp() override {
        const fs::path runbooks = data_folder() / "prometheus-operator+runbooks/content/runbooks";
        if (!fs::is_directory(runbooks)) GTEST_SKIP() << "no " << runbooks;
        folder_ = testing::TempDir() + "ops-retrieval-" + std::to_string(::getpid());
        auto opened = Memories::open(folder_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        std::vector<StoredMemory> all;
        for (const auto& file : fs::recursive_directory_iterator(runbooks)) {
            const std::string name = file.path().stem();
            if (file.path().extension() != ".md" || name.starts_with("_")) continue;
            Memory memory;
            memory.id = memory.title = name;
            memory.text = runbook_text(file.path());
            all.push_back(with_terms(memory));
        }
        ASSERT_TRUE(opened.value()->put(all).ok());
        ask_all(*opened.value());
    }
    void TearDown() override { fs::remove_all(folder_); }

    void ask_all(Memories& memories) {
        const auto pairs = Json::parse(text_of(data_folder() / "retrieval_pairs.json"));
        ASSERT_TRUE(pairs.ok()) << pairs.error().message;
        for (const Json& pair : pairs.value().items()) {
            Asked one{pair["set"].as_string(), pair["answer"].as_string()};
            const auto terms = terms_of(pair["query"].as_string());
            const auto candidates = memories.candidates({.terms = terms});
            const auto statistics = memories.statistics(terms);
            ASSERT_TRUE(candidates.ok() && statistics.ok());
            for (size_t step = 0; step < kSteps; ++step) {
                const auto ranked =
                    rank({.text = {}, .now = {}}, candidates.value(), statistics.value(), terms, 1,
                         {.b = static_cast<double>(step) / 10});
                one.first.at(step) = !ranked.empty() && ranked[0].memory.title == one.answer;
            }
            asked_.push_back(one);
        }
    }

    Chosen of(const std::function<bool(const Asked&)>& wanted) const {
        Chosen chosen;
        for (const Asked& one : asked_) {
            if (wanted(one)) chosen.push_back(&one);
        }
        return chosen;
    }

    std::string folder_;
    std::vector<Asked> asked_;
};

double share(size_t part, size_t all) {
    return static_cast<double>(part) / static_cast<double>(std::max<size_t>(all, 1));
}

TEST_F(Retrieval, AcrossSets) {
    std::set<std::string> names;
    for (const Asked& one : asked_) names.insert(one.set);
    ASSERT_EQ(names.size(), 2u);
    for (const std::string& name : names) {
        const Chosen judged = of([&](const Asked& one) { return one.set == name; });
        const size_t step = best_on(of([&](const Asked& one) { return one.set != name; }));
        std::cout << name << ": ";
        for (size_t i = 0; i < kSteps; ++i) std::cout << hits(judged, i) << " ";
        std::cout << "first of " << judged.size()
                  << " for b = 0, 0.1 ... 1; b = " << static_cast<double>(step) / 10
                  << ", chosen on the other set: " << share(hits(judged, step), judged.size())
                  << "\n";
        EXPECT_GE(hits(judged, step) + 2, hits(judged, kUsual)) << "what is used is luck";
    }
}

TEST_F(Retrieval, InFolds) {
    std::set<std::string> answers;
    for (const Asked& one : asked_) answers.insert(one.answer);
    std::mt19937 chance(7);
    std::map<size_t, int> chosen;
    size_t held_out = 0, usual = 0, plain = 0;
    for (int deal = 0; deal < kDeals; ++deal) {
        std::vector<std::string> order(answers.begin(), answers.end());
        std::shuffle(order.begin(), order.end(), chance);
        std::map<std::string, int> fold_of;
        for (size_t i = 0; i < order.size(); ++i) fold_of[order[i]] = static_cast<int>(i % kFolds);
        for (int fold = 0; fold < kFolds; ++fold) {
            const Chosen judged = of([&](const Asked& one) { return fold_of[one.answer] == fold; });
            const size_t step =
                best_on(of([&](const Asked& one) { return fold_of[one.answer] != fold; }));
            ++chosen[step];
            held_out += hits(judged, step);
            usual += hits(judged, kUsual);
            plain += hits(judged, 7) + hits(judged, 8);  // 0.75 is between these
        }
    }
    const size_t all = asked_.size() * kDeals;
    std::cout << "first of those held out: " << share(held_out, all)
              << "; b = 0.4: " << share(usual, all)
              << "; b = 0.7 and 0.8: " << share(plain, 2 * all) << "; chosen:";
    for (const auto& [step, times] : chosen)
        std::cout << " " << static_cast<double>(step) / 10 << " x " << times;
    std::cout << "\n";
    EXPECT_GE(share(held_out, all) + 0.03, share(usual, all)) << "what is used is luck";
}

}  // namespace
}  // namespace ops
