#include "diagnose/hypothesis.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace ops {
namespace {

const std::vector<std::string> kEvidence = {"e1", "e2"};
const std::vector<std::string> kEntries = {"Disk full"};
const std::vector<std::string> kFacts = {"disk_usage", "status"};

Result<Hypothesis> read(std::string_view text) {
    return read_hypothesis(text, {kEvidence, kEntries, kFacts});
}

constexpr const char* kGood =
    R"({"cause":"the disk is full","evidence":["e2","e2"],"confidence":0.9,)"
    R"("proposal":{"entry":"Disk full"},"predicts":{"fact":"disk_usage","is":">","value":95.5}})";

TEST(Hypothesis, IsRead) {
    const auto hypothesis = read(kGood);
    ASSERT_TRUE(hypothesis.ok()) << hypothesis.error().message;
    EXPECT_EQ(hypothesis.value().entry, "Disk full");
    EXPECT_EQ(hypothesis.value().prediction->print(), "disk_usage > 95.5");
    EXPECT_EQ(hypothesis.value().evidence, std::vector<std::string>{"e2"});
    EXPECT_TRUE(read(std::string("```json\n") + kGood + "\n```\n").ok());
    const auto unknown = read(
        R"({"cause":"I do not know\u001b[2J","evidence":["e1"],"confidence":0,"proposal":null,"predicts":null})");
    ASSERT_TRUE(unknown.ok());
    EXPECT_FALSE(unknown.value().entry);
    EXPECT_EQ(unknown.value().cause.find('\x1b'), std::string::npos);
}

TEST(Hypothesis, PredictsInTheLanguageOfSymptoms) {
    for (const auto& [given, written] :
         {std::pair("95", "95"), std::pair("\"95%\"", "95%"), std::pair("\"5m\"", "5m"),
          std::pair("\"down\"", "\"down\""), std::pair("true", "true"),
          std::pair("\"5m or up\"", "\"5m or up\""), std::pair("\"%\"", "\"%\"")}) {
        std::string text = kGood;
        text.replace(text.find("95.5"), 4, given);
        const auto hypothesis = read(text);
        ASSERT_TRUE(hypothesis.ok()) << given;
        EXPECT_EQ(hypothesis.value().prediction->value, written);
    }
}

TEST(Hypothesis, OrRefusedWithAReason) {
    struct Row {
        const char *from, *to, *part;
    };
    for (const Row& row : {
             Row{"\"the disk is full\"", "\"\"", "'cause' must be a sentence"},
             Row{"\"the disk is full\"", "7", "'cause' must be a sentence"},
             Row{"[\"e2\",\"e2\"]", "[]", "must name the pieces"},
             Row{"[\"e2\",\"e2\"]", "[\"e9\"]", "there is no evidence 'e9'"},
             Row{"0.9", "1.1", "from 0 to 1"},
             Row{"0.9", "\"high\"", "from 0 to 1"},
             Row{"\"Disk full\"", "\"rm -rf /\"", "there is no entry 'rm -rf /'"},
             Row{"{\"entry\":\"Disk full\"}", "{\"entry\":\"Disk full\",\"argv\":[\"sh\"]}",
                 "'proposal' has an unknown member 'argv'"},
             Row{"{\"entry\":\"Disk full\"}", "{\"command\":\"x\"}", "unknown member 'command'"},
             Row{"\"cause\"", "\"why\"", "unknown member 'why'"},
             Row{"\"confidence\":0.9,", "", "lacks 'confidence'"},
             Row{"\"disk_usage\"", "\"moon\"", "no fact here"},
             Row{"\">\"", "\"or true or\"", "one of"},
             Row{"95.5", "[1]", "no number"},
             Row{"95.5", "\"a\\\" or up\"", "no number"},
             Row{"95.5", "1e300", "no number"},
             Row{"{\"fact\":\"disk_usage\",\"is\":\">\",\"value\":95.5}", "null",
                 "a proposal needs 'predicts'"},
         }) {
        std::string text = kGood;
        text.replace(text.find(row.from), std::string_view(row.from).size(), row.to);
        const auto hypothesis = read(text);
        ASSERT_FALSE(hypothesis.ok()) << text;
        EXPECT_NE(hypothesis.error().message.find(row.part), std::string::npos)
            << hypothesis.error().message;
    }
    for (const char* text : {"", "restart it", "[]", "Sure! {\"cause\":1}", "```\n```"}) {
        EXPECT_FALSE(read(text).ok()) << text;
    }
}

TEST(Hypothesis, NothingThatWasNotOfferedComesOut) {
    EXPECT_TRUE(rc::check([](std::string entry, std::string fact, std::string is) {
        const Json json =
            Json::object({{"cause", "c"},
                          {"evidence", Json::of_strings({"e1"})},
                          {"confidence", 1},
                          {"proposal", Json::object({{"entry", entry}})},
                          {"predicts", Json::object({{"fact", fact}, {"is", is}, {"value", 1}})}});
        RC_ASSERT(!read(json.dump()).ok());
    }));
}

}  // namespace
}  // namespace ops
