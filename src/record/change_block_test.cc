#include "record/change_block.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(ChangeBlock, GivesEveryKindOfValueBack) {
    const std::vector<StoredChange> changes = {
        {3, 1'770'000'000'000, Value::string("dead")},
        {3, 1'770'000'000'500, Value()},
        {900'000, 1'769'999'999'000, Value::boolean(true)},  // time may go back
        {900'000, 1'770'000'000'000, Value::boolean(false)},
        {1, 0, Value::percentage(93.25)},
        {1, 5, Value::seconds(0.2)},
        {1, 5, Value::size(1e12)},
        {1, 5, Value::number(-7)},
        {2, 6, Value::list({Value::string("a"), Value::number(1)})},
    };
    std::vector<StoredChange> back;
    ASSERT_TRUE(unpack_changes(pack_changes(changes), back).ok());
    ASSERT_EQ(back.size(), changes.size());
    for (size_t i = 0; i < changes.size(); ++i) {
        EXPECT_EQ(back[i].series, changes[i].series) << i;
        EXPECT_EQ(back[i].at_ms, changes[i].at_ms) << i;
        EXPECT_EQ(back[i].value, changes[i].value) << i;
    }
}

TEST(ChangeBlock, CutsLongTextsAndKeepsNoPartOfAList) {
    const std::vector<Value> many(100, Value::string("a long list"));
    const std::vector<StoredChange> changes = {{1, 0, Value::string(std::string(5000, 'x'))},
                                               {2, 0, Value::list(many)}};
    std::vector<StoredChange> back;
    ASSERT_TRUE(unpack_changes(pack_changes(changes), back).ok());
    EXPECT_EQ(back[0].value.text().size(), kLongestChangeText);
    EXPECT_TRUE(back[1].value.is_unknown());
}

TEST(ChangeBlock, RefusesWhatIsCutOrChanged) {
    const std::vector<StoredChange> changes = {{1, 7, Value::string("running")},
                                               {2, 7, Value::percentage(4)}};
    const std::string block = pack_changes(changes);
    std::vector<StoredChange> back;
    for (size_t length = 1; length < block.size(); ++length) {
        back.clear();
        // A cut between two changes is a shorter block; any other one must be seen.
        const bool whole = unpack_changes(block.substr(0, length), back).ok();
        EXPECT_EQ(whole, length == pack_changes({changes.data(), 1}).size()) << length;
    }
    for (size_t at = 0; at < block.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string bad = block;
            bad[at] = static_cast<char>(byte);
            back.clear();
            (void)unpack_changes(bad, back);  // must not crash, whatever it makes of it
        }
    }
}

}  // namespace
}  // namespace ops
