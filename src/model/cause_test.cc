#include "model/cause.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Cause, ReadsBackWhatItWrote) {
    Cause cause;
    cause.kind = CauseKind::change;
    cause.text = "within 3m after deploy of api";
    cause.about = "deploy api";
    cause.evidence = {"deploy of api at 14:30"};
    cause.confidence = 0.75;
    cause.right = 2;
    cause.wrong = 1;
    cause.counted_as = "change/near";
    cause.names = {"deploy", "api"};
    const std::optional<Cause> read = read_cause(cause.to_json());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->to_json(), cause.to_json());
    EXPECT_EQ(read->kind, CauseKind::change);
}

TEST(Cause, AKindOfALaterVersionIsNone) {
    EXPECT_FALSE(read_cause(Json::object({{"kind", "oracle"}})));
}

TEST(Cause, ConfidenceIsSaidWithItsCounts) {
    const auto said = [](double confidence, int right, int wrong) {
        return confidence_words(
            Json::object({{"confidence", confidence}, {"right", right}, {"wrong", wrong}}));
    };
    EXPECT_EQ(said(0.5, 0, 0), "50% sure (nothing counted yet)");
    EXPECT_EQ(said(0.75, 0, 0), "75% sure (by others of its kind)");
    EXPECT_EQ(said(2 / 3.0, 1, 0), "67% sure (right 1 of 1 time)");
    EXPECT_EQ(said(0.8, 7, 1), "80% sure (right 7 of 8 times)");
}

}  // namespace
}  // namespace ops
