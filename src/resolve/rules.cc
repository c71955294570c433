#include "resolve/rules.h"

#include <filesystem>
#include <utility>

namespace ops {
namespace {

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

Error refused(const std::string& what, const Problems& problems) {
    return {Fault::invalid, what + ": " + problems.print()};
}

}  // namespace

RuleFiles::RuleFiles(Files& files, std::string config_file, Environment environment)
    : files_(files), config_file_(std::move(config_file)), environment_(std::move(environment)) {}

Result<std::optional<Rules>> RuleFiles::read_if_changed() {
    const std::string folder = folder_of(config_file_);
    std::vector<ConfigText> texts{{config_file_, TRY(files_.read(config_file_))}};
    const Result<std::vector<std::string>> names = files_.list(folder + "/conf.d");
    if (!names.ok() && names.error().fault != Fault::not_found) return Error(names.error());
    for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
        if (!name.ends_with(".yaml")) continue;
        const std::string path = folder + "/conf.d/" + name;
        texts.push_back({path, TRY(files_.read(path))});
    }
    Problems problems;
    std::optional<Settings> settings = read_settings(texts, environment_, problems);
    if (!settings) return refused("read '" + config_file_ + "'", problems);
    const std::string& named = settings->agent.runbook;
    const std::string path = named.starts_with('/') ? named : folder + "/" + named;
    const ConfigText runbook_text{path, TRY(files_.read(path))};

    std::vector<std::string> read;
    for (const ConfigText& text : texts) read.push_back(text.file + "\n" + text.text);
    read.push_back(path + "\n" + runbook_text.text);
    if (read == last_read_) return std::optional<Rules>();
    std::optional<Runbook> runbook = read_runbook(runbook_text, *settings, problems);
    if (!runbook) return refused("read '" + path + "'", problems);
    last_read_ = std::move(read);
    return std::optional<Rules>(Rules{*std::move(settings), *std::move(runbook)});
}

std::string absolute_data_folder(const std::string& config_file, const Settings& settings) {
    const std::filesystem::path beside =
        std::filesystem::absolute(config_file).parent_path() / settings.agent.data_dir;
    std::string path = beside.lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

}  // namespace ops
