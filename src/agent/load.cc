#include "agent/load.h"

#include "detect/detect.h"
#include "resolve/rules.h"

namespace ops {
namespace {

Place whole_file(const std::string& file) { return {file, 0, 0}; }

std::vector<ConfigText> read_texts(Files& files, const std::string& config_file,
                                   Problems& problems) {
    std::vector<ConfigText> texts;
    const Result<std::string> main = files.read(config_file);
    if (!main.ok()) {
        problems.error(whole_file(config_file), main.error().message);
        return texts;
    }
    texts.push_back({config_file, main.value()});
    const std::string folder = beside(config_file, "conf.d");
    const Result<std::vector<std::string>> names = files.list(folder);
    if (!names.ok()) return texts;  // no such folder: nothing to merge
    for (const std::string& name : names.value()) {
        if (!name.ends_with(".yaml")) continue;
        const std::string path = folder + "/" + name;
        const Result<std::string> text = files.read(path);
        if (text.ok()) {
            texts.push_back({path, text.value()});
        } else {
            problems.error(whole_file(path), text.error().message);
        }
    }
    return texts;
}

}  // namespace

std::string beside(const std::string& config_file, const std::string& path) {
    if (path.starts_with('/')) return path;
    const size_t slash = config_file.rfind('/');
    return slash == std::string::npos ? path : config_file.substr(0, slash + 1) + path;
}

std::unique_ptr<Loaded> load(Files& files, const std::string& config_file,
                             const Environment& environment, Problems& problems) {
    const std::vector<ConfigText> texts = read_texts(files, config_file, problems);
    if (problems.has_errors()) return nullptr;
    std::optional<Settings> settings = read_settings(texts, environment, problems);
    if (!settings) return nullptr;
    for (CheckSettings& check : uplink_checks(settings->agent)) {
        settings->checks.push_back(std::move(check));
    }

    auto loaded = std::make_unique<Loaded>();
    loaded->settings = std::move(*settings);
    loaded->data_dir = absolute_data_folder(config_file, loaded->settings);
    loaded->runbook_file = beside(config_file, loaded->settings.agent.runbook);
    const Result<std::string> runbook_text = files.read(loaded->runbook_file);
    std::optional<Runbook> runbook;
    if (runbook_text.ok()) {
        runbook =
            read_runbook({loaded->runbook_file, runbook_text.value()}, loaded->settings, problems);
    } else {
        problems.error(whole_file(loaded->runbook_file), runbook_text.error().message);
    }
    // Secrets that stand beside the configuration are read where it stands.
    const SecretReader secrets = [&files, config_file](const std::string& path) {
        return files.read(beside(config_file, path));
    };
    loaded->checks = make_checks(loaded->settings, problems, secrets);
    loaded->escalation = read_escalation(loaded->settings, problems);
    if (!runbook || problems.has_errors()) return nullptr;
    loaded->runbook = std::move(*runbook);
    return loaded;
}

}  // namespace ops
