#include "resolve/rules.h"

#include <filesystem>
#include <utility>

namespace ops {
namespace {

Error refused(const std::string& what, const Problems& problems) {
    return {Fault::invalid, what + ": " + problems.print()};
}

}  // namespace

std::string beside(const std::string& config_file, const std::string& path) {
    if (path.starts_with('/')) return path;
    const size_t slash = config_file.rfind('/');
    return slash == std::string::npos ? path : config_file.substr(0, slash + 1) + path;
}

Result<std::vector<ConfigText>> read_config_texts(Files& files, const std::string& config_file) {
    std::vector<ConfigText> texts{{config_file, TRY(files.read(config_file))}};
    const std::string folder = beside(config_file, "conf.d");
    const Result<std::vector<std::string>> names = files.list(folder);
    if (!names.ok() && names.error().fault != Fault::not_found) return Error(names.error());
    for (const std::string& name : names.ok() ? names.value() : std::vector<std::string>{}) {
        if (!name.ends_with(".yaml")) continue;
        const std::string path = folder + "/" + name;
        texts.push_back({path, TRY(files.read(path))});
    }
    return texts;
}

RuleFiles::RuleFiles(Files& files, std::string config_file, Environment environment)
    : files_(files), config_file_(std::move(config_file)), environment_(std::move(environment)) {}

Result<std::optional<Rules>> RuleFiles::read_if_changed() {
    const std::vector<ConfigText> texts = TRY(read_config_texts(files_, config_file_));
    Problems problems;
    std::optional<Settings> settings = read_settings(texts, environment_, problems);
    if (!settings) return refused("read '" + config_file_ + "'", problems);
    const std::string path = beside(config_file_, settings->agent.runbook);
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
