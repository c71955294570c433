#include "sim/sector_file.h"

#include <gtest/gtest.h>

#include <set>

namespace ops::sim {
namespace {

// All contents that a power cut may leave, as far as 400 seeds find them.
std::set<std::string> ends_of(const SectorFile& file) {
    std::set<std::string> ends;
    for (uint64_t seed = 0; seed < 400; ++seed) {
        SectorFile copy = file;
        Dice dice(seed);
        copy.lose_power(dice);
        ends.insert(copy.bytes());
    }
    return ends;
}

TEST(SectorFile, IsSeenAsWritten) {
    SectorFile file;
    file.write(3, "abc");
    EXPECT_EQ(file.bytes(), std::string("\0\0\0abc", 6));
    file.write(4, "X");
    file.truncate(5);
    EXPECT_EQ(file.bytes(), std::string("\0\0\0aX", 5));
}

TEST(SectorFile, WhatIsSyncedIsCertain) {
    SectorFile file;
    file.write(0, std::string(3000, 'a'));
    file.truncate(2000);
    file.sync();
    EXPECT_EQ(ends_of(file), std::set<std::string>{std::string(2000, 'a')});
}

TEST(SectorFile, WhatIsNotSyncedMayBeLostKeptOrTorn) {
    SectorFile file;
    file.write(0, std::string(1024, 'a'));
    file.sync();
    file.write(0, std::string(1024, 'b'));
    const auto ends = ends_of(file);
    const std::string a(512, 'a');
    const std::string b(512, 'b');
    EXPECT_TRUE(ends.contains(a + a)) << "lost";
    EXPECT_TRUE(ends.contains(b + b)) << "kept";
    EXPECT_TRUE(ends.contains(a + b)) << "the later sector first";
    EXPECT_TRUE(ends.contains(b + a)) << "the earlier sector first";
    bool torn = false;
    for (const std::string& end : ends) {
        const std::string first = end.substr(0, 512);
        torn |= first != a && first != b;
        const size_t border = first.find('a');
        ASSERT_TRUE(border == std::string::npos || first.find('b', border) == std::string::npos)
            << "a torn sector is new, then old";
    }
    EXPECT_TRUE(torn);
}

TEST(SectorFile, AVersionBetweenMayBeWhatIsLeft) {
    SectorFile file;
    file.write(0, "1");
    file.sync();
    file.write(0, "2");
    file.write(0, "3");
    EXPECT_EQ(ends_of(file), (std::set<std::string>{"1", "2", "3"}));
}

TEST(SectorFile, TheLengthMayBeOldOrNew) {
    SectorFile file;
    file.write(0, "a");
    file.sync();
    file.write(1, "b");
    std::set<size_t> lengths;
    for (const std::string& end : ends_of(file)) lengths.insert(end.size());
    EXPECT_EQ(lengths, (std::set<size_t>{1, 2}));
}

TEST(SectorFile, ACutThatIsWrittenOverDoesNotComeBack) {
    SectorFile file;
    file.write(0, std::string(600, 'a'));
    file.sync();
    file.truncate(0);
    file.write(0, std::string(600, 'b'));
    file.sync();
    EXPECT_EQ(ends_of(file), std::set<std::string>{std::string(600, 'b')});
}

TEST(SectorFile, AFailedSyncIsForgottenUntilTheSectorIsWrittenAgain) {
    SectorFile file;
    file.write(0, "old");
    file.sync();
    file.write(0, "new");
    file.fail_sync();
    EXPECT_EQ(file.bytes(), "new") << "still seen";
    file.sync();
    EXPECT_TRUE(ends_of(file).contains("old")) << "a later sync proves nothing";
    file.write(0, "now");
    file.sync();
    EXPECT_EQ(ends_of(file), std::set<std::string>{"now"});
}

TEST(Dice, TheSameSeedFallsTheSame) {
    Dice a(9);
    Dice b(9);
    Dice c(10);
    EXPECT_EQ(a.next(), b.next());
    EXPECT_NE(a.next(), c.next());
}

}  // namespace
}  // namespace ops::sim
