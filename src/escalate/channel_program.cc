// What channels run that send by a program. The prober permits these words and no others, so they
// follow from the configuration alone.
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"

namespace ops {
namespace {

std::vector<std::string> words_of_apprise(const ChannelSettings& channel) {
    std::vector<std::string> words{channel.text("program"), "--input-format=text",
                                   "--config=" + channel.text("config_file")};
    if (channel.has("tag")) words.push_back("--tag=" + channel.text("tag"));
    return words;
}

}  // namespace

Command command_of(const ChannelSettings& channel) {
    Command command;
    command.argv = channel.kind == "apprise" ? words_of_apprise(channel)
                                             : split_words(channel.text("run")).words;
    command.time_limit = channel.timeout;
    command.tells = true;
    return command;
}

Result<> find_program(const ChannelSettings& channel, Files& files) {
    if (channel.kind != "apprise") return {};  // said when it is run, as of any command
    constexpr auto kFolders = std::to_array<std::string_view>({"/usr/local/bin/", "/usr/bin/"});
    const std::string program = channel.text("program");
    if (program.find('/') != std::string::npos) {
        if (files.read(program).ok()) return {};
    } else {
        for (const std::string_view folder : kFolders) {
            if (files.read(std::string(folder) + program).ok()) return {};
        }
    }
    return Error{Fault::not_found, "there is no program '" + program +
                                       "': install Debian's package apprise, or say 'program'"};
}

}  // namespace ops
