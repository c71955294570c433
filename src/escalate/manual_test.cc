// docs/channels.md says of the settings what the tables say.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"

namespace ops {
namespace {

std::string manual() {
    std::string text;
    const int file = ::open(OPS_SOURCE_DIR "/docs/channels.md", O_RDONLY | O_CLOEXEC);
    std::array<char, 65536> buffer;
    for (ssize_t count = 0; (count = ::read(file, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<size_t>(count));
    }
    ::close(file);
    return text;
}

std::string table_of(const ChannelKind& kind) {
    std::string table = "## " + std::string(kind.name) + "\n";
    if (kind.settings().empty()) return table;
    table += "| setting | default | what it is |\n|---|---|---|\n";
    for (const ChannelSetting& setting : kind.settings()) {
        const std::string name(setting.name);
        const bool is_secret = setting.form == ChannelSetting::Form::secret;
        const std::string otherwise(setting.otherwise);
        table += "| `" + name + (is_secret ? "_file` or `" + name : "") + "` | " +
                 (setting.required    ? "needed"
                  : otherwise.empty() ? "none"
                                      : "`" + otherwise + "`") +
                 " | " + std::string(setting.help) + " |\n";
    }
    return table;
}

TEST(Manual, HasTheSettingsOfEveryKind) {
    const std::string text = manual();
    for (const ChannelKind& kind : channel_kinds()) {
        if (!kind.is_available()) continue;
        const std::string table = table_of(kind);
        EXPECT_NE(text.find(table), std::string::npos) << "the part should begin:\n" << table;
    }
}

TEST(Manual, HasNoOtherKind) {
    const std::string text = manual();
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with("## ") || line[3] < 'a' || line[3] > 'z') continue;
        const ChannelKind* kind = find_channel_kind(line.substr(3));
        EXPECT_TRUE(kind != nullptr && kind->is_available()) << line;
    }
}

}  // namespace
}  // namespace ops
