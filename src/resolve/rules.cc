#include "resolve/rules.h"

#include <filesystem>
#include <utility>

#include "base/hash.h"

namespace ops {
namespace {

std::vector<std::string> hashes(std::vector<ConfigText> texts, ConfigText runbook,
                                ConfigText learned) {
    texts.push_back(std::move(runbook));
    texts.push_back(std::move(learned));
    std::vector<std::string> all;
    for (const ConfigText& text : texts) all.push_back(sha256_hex(text.file + "\n" + text.text));
    return all;
}

void forget_what_looks(Settings& settings) {
    settings.checks = std::vector<CheckSettings>();  // {} would keep the room of all
    for (Node* part : {&settings.signals, &settings.logs, &settings.channels}) *part = Node();
}

Error refused(const std::string& what, const Problems& problems) {
    return {Fault::invalid, what + ": " + problems.print()};
}

}  // namespace

bool is_read_from_folder(std::string_view name) {
    return name.ends_with(".yaml") && !name.starts_with('.');
}

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
        if (!is_read_from_folder(name)) continue;
        const std::string path = folder + "/" + name;
        std::string text = TRY(files.read(path));
        texts.push_back({path, std::move(text)});
    }
    return texts;
}

Result<ConfigText> read_runbook_text(Files& files, const std::string& config_file,
                                     const AgentSettings& agent) {
    const std::string path = beside(config_file, agent.runbook);
    const Result<std::string> text = files.read(path);
    const bool may_be_missing = agent.runbook == AgentSettings().runbook;
    if (!text.ok() && text.error().fault == Fault::not_found && may_be_missing)
        return ConfigText{path, ""};
    // Not TRY within the braces: what stands there already would not be destroyed on its way out.
    if (!text.ok()) return text.error();
    return ConfigText{path, text.value()};
}

ConfigText read_learned_text(Files& files, const std::string& data_folder) {
    const std::string path = data_folder + "/" + std::string(kLearnedFile);
    const Result<std::string> text = files.read(path);
    return {path, text.ok() ? text.value() : ""};
}

RuleFiles::RuleFiles(Files& files, std::string config_file, Environment environment)
    : files_(files), config_file_(std::move(config_file)), environment_(std::move(environment)) {}

Result<std::optional<Rules>> RuleFiles::read_if_changed() {
    const std::vector<ConfigText> texts = TRY(read_config_texts(files_, config_file_));
    if (!last_runbook_.empty()) {
        const Result<std::string> runbook = files_.read(last_runbook_);
        if (runbook.ok() && hashes(texts, {last_runbook_, runbook.value()},
                                   read_learned_text(files_, last_data_folder_)) == last_read_) {
            return std::optional<Rules>();
        }
    }
    Problems problems;
    std::optional<Settings> settings = read_settings(texts, environment_, problems);
    if (!settings) return refused("read '" + config_file_ + "'", problems);
    const ConfigText runbook_text = TRY(read_runbook_text(files_, config_file_, settings->agent));
    std::optional<Runbook> runbook = read_runbook(runbook_text, *settings, problems);
    if (!runbook) return refused("read '" + runbook_text.file + "'", problems);
    const std::string data_folder = absolute_data_folder(config_file_, *settings);
    const ConfigText learned_text = read_learned_text(files_, data_folder);
    LearnedEntries learned;
    if (!learned_text.text.empty()) learned = read_learned(learned_text, *runbook, *settings);
    last_read_ = hashes(texts, runbook_text, learned_text);
    last_runbook_ = runbook_text.file;
    last_data_folder_ = data_folder;
    forget_what_looks(*settings);
    return std::optional<Rules>(
        Rules{*std::move(settings), *std::move(runbook), std::move(learned)});
}

std::string absolute_data_folder(const std::string& config_file, const Settings& settings) {
    const std::filesystem::path beside =
        std::filesystem::absolute(config_file).parent_path() / settings.agent.data_dir;
    std::string path = beside.lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

}  // namespace ops
