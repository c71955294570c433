#include "model/ssh_words.h"

#include <algorithm>
#include <string_view>

namespace ops {

std::vector<std::string> ssh_words(const std::string& destination, Duration connect_within) {
    const auto seconds = std::max<Duration::rep>(1, connect_within.count() / 1000);
    const std::string connect_timeout = "ConnectTimeout=" + std::to_string(seconds);
    std::vector<std::string> words{"ssh"};
    // The path is short, as the name of a socket may have no more than 107 bytes, home included.
    for (const std::string_view option :
         {std::string_view("BatchMode=yes"), std::string_view("StrictHostKeyChecking=yes"),
          std::string_view("ControlMaster=auto"), std::string_view("ControlPath=~/.ssh/ops-%C"),
          std::string_view("ControlPersist=60"), std::string_view(connect_timeout),
          std::string_view("LogLevel=ERROR")}) {
        words.emplace_back("-o");
        words.emplace_back(option);
    }
    words.emplace_back("--");
    words.push_back(destination);
    return words;
}

}  // namespace ops
