#include "resolve/kill_switch.h"

#include <algorithm>

#include "base/json.h"

namespace ops {

// Listing tells "no such file" from "no such folder" (a disk that is not mounted): read() cannot.
KillSwitch read_kill_switch(Files& files, const std::string& data_folder) {
    const Result<std::vector<std::string>> names = files.list(data_folder);
    if (!names.ok()) {
        return {true, "paused: the kill switch cannot be read: " + names.error().message};
    }
    const bool there =
        std::find(names.value().begin(), names.value().end(), kPauseFile) != names.value().end();
    if (!there) return {false, ""};
    return {true, std::string("paused: '") + data_folder + "/" + kPauseFile + "' is there"};
}

Result<> set_kill_switch(Files& files, const std::string& data_folder, bool on,
                         const std::string& by, Time now) {
    const std::string path = data_folder + "/" + kPauseFile;
    if (!on) return files.remove(path).during("resume");
    const Json note = Json::object({{"by", by}, {"at", format_rfc3339(now)}});
    return files.replace(path, note.dump() + "\n").during("pause");
}

}  // namespace ops
