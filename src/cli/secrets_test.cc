#include "cli/secrets.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/posix_files.h"

namespace ops {
namespace {

namespace fs = std::filesystem;

TEST(Secrets, AFileThatOthersCanReadIsNamed) {
    const fs::path folder = fs::path(testing::TempDir()) / "open-secrets";
    PosixFiles files;
    ASSERT_TRUE(files.make_folder(folder.string()).ok());
    for (const char* name : {"closed", "group", "all", "api.token"}) {
        ASSERT_TRUE(files.replace((folder / name).string(), "secret").ok());
    }
    fs::permissions(folder / "group", fs::perms{0640});
    fs::permissions(folder / "all", fs::perms{0604});
    Loaded loaded;
    loaded.data_dir = folder.string();
    for (const char* name : {"closed", "group", "all", "missing"}) {
        loaded.secret_files.push_back({(folder / name).string(), {"c.yaml", 3, 1}});
    }
    const auto open = open_secrets(loaded);
    ASSERT_EQ(open.size(), 2U);
    EXPECT_EQ(open[0].what,
              "secret file '" + (folder / "group").string() + "' is open to others (mode 0640)");
    EXPECT_EQ(open[0].place.line, 3);
    EXPECT_EQ(open[1].advice, "chmod 600 " + (folder / "all").string());
    const auto missing = missing_secrets(loaded);
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].what(),
              "secret file '" + (folder / "missing").string() + "' is not there");
    fs::permissions(folder / "api.token", fs::perms{0644});
    EXPECT_EQ(open_secrets(loaded).size(), 3U) << "our own token, too";
    fs::remove_all(folder);
}

}  // namespace
}  // namespace ops
