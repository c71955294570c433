#include "learn/terms.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "learn/stem.h"

namespace ops {
namespace {

TEST(Terms, AreCutAlikeWhateverTheWayOfWriting) {
    struct Row {
        const char* text;
        const char* expected;
        const char* why;
    };
    for (const Row& row : std::to_array<Row>({
             {"KubePodCrashLooping", "kube pod crash loop", "words joined by capitals"},
             {"worker_process_status", "worker process statu", "by underscores"},
             {"brain-api is DOWN", "brain api down", "dashes, and a stop word"},
             {"HTTPServer", "http server", "the last capital begins the next word"},
             {"CPUThrottlingHigh", "cpu throttl high", "an abbreviation in front"},
             {"5xx from v2", "5xx v2", "letters and digits stay together"},
             {"replicas, replicas", "replica replica", "as often as it comes"},
             {"the of and", "", "only grammar"},
             {"größe", "größe", "what is not ASCII is part of a word"},
             {"a\" OR title:*", "titl", "marks of a query language are no words"},
             {"", "", "nothing"},
             {"___", "", "nothing but marks"},
         })) {
        EXPECT_EQ(join(terms_of(row.text), " "), row.expected) << row.why;
    }
    EXPECT_EQ(terms_of(std::string(1000, 'x')).size(), 0U) << "no word is so long";
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "w" + std::to_string(i) + " ";
    EXPECT_EQ(terms_of(many).size(), kMostTerms);
}

// Examples of Porter's paper, one a rule.
TEST(Stem, DoesAsThePaperSays) {
    struct Row {
        const char* word;
        const char* stem;
    };
    for (const Row& row : std::to_array<Row>({{"caresses", "caress"},
                                              {"ponies", "poni"},
                                              {"cats", "cat"},
                                              {"feed", "feed"},
                                              {"agreed", "agre"},
                                              {"plastered", "plaster"},
                                              {"bled", "bled"},
                                              {"motoring", "motor"},
                                              {"sing", "sing"},
                                              {"conflated", "conflat"},
                                              {"troubled", "troubl"},
                                              {"sized", "size"},
                                              {"hopping", "hop"},
                                              {"falling", "fall"},
                                              {"hissing", "hiss"},
                                              {"failing", "fail"},
                                              {"filing", "file"},
                                              {"happy", "happi"},
                                              {"sky", "sky"},
                                              {"relational", "relat"},
                                              {"conditional", "condit"},
                                              {"valency", "valenc"},
                                              {"digitizer", "digit"},
                                              {"operator", "oper"},
                                              {"feudalism", "feudal"},
                                              {"hopefulness", "hope"},
                                              {"sensibility", "sensibl"},
                                              {"triplicate", "triplic"},
                                              {"formative", "form"},
                                              {"electrical", "electr"},
                                              {"goodness", "good"},
                                              {"revival", "reviv"},
                                              {"allowance", "allow"},
                                              {"inference", "infer"},
                                              {"airliner", "airlin"},
                                              {"adjustable", "adjust"},
                                              {"replacement", "replac"},
                                              {"adjustment", "adjust"},
                                              {"dependent", "depend"},
                                              {"adoption", "adopt"},
                                              {"communism", "commun"},
                                              {"effective", "effect"},
                                              {"probate", "probat"},
                                              {"rate", "rate"},
                                              {"cease", "ceas"},
                                              {"controlling", "control"},
                                              {"roll", "roll"},
                                              {"generalizations", "gener"},
                                              {"oscillators", "oscil"},
                                              {"restarting", "restart"},
                                              {"restarted", "restart"}})) {
        EXPECT_EQ(stem(row.word), row.stem) << row.word;
    }
    for (const char* const word : {"", "a", "is", "größe", "5xx", "UP"})
        EXPECT_EQ(stem(word), word);
}

}  // namespace
}  // namespace ops
