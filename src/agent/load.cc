#include "agent/load.h"

#include "base/text.h"
#include "detect/detect.h"
#include "resolve/rules.h"

namespace ops {
namespace {

Place whole_file(const std::string& file) { return {file, 0, 0}; }

void take_models(Loaded& loaded, const std::string& config_file) {
    for (ModelSettings& model : loaded.settings.ai.models) {
        if (model.key_file.empty()) continue;
        model.key_file = beside(config_file, model.key_file);
        loaded.secret_files.push_back({model.key_file, whole_file(config_file)});
    }
}

void take_brain(Loaded& loaded, const std::string& config_file) {
    Problems said_already;  // by read_settings
    loaded.brain = read_brain_settings(loaded.settings.brain, said_already);
    if (loaded.brain.token_file.empty()) return;
    loaded.brain.token_file = beside(config_file, loaded.brain.token_file);
    loaded.secret_files.push_back({loaded.brain.token_file, whole_file(config_file)});
}

// With a secret that is empty by mistake the API would be open to everybody who can reach it.
void take_api_secrets(Files& files, Loaded& loaded, const std::string& config_file,
                      Problems& problems) {
    const AgentSettings& agent = loaded.settings.agent;
    for (const std::string& name : {agent.password_file, agent.push_token_file}) {
        if (name.empty()) continue;
        const std::string path = beside(config_file, name);
        loaded.secret_files.push_back({path, whole_file(config_file)});
        const Result<std::string> text = files.read(path);
        if (!text.ok() || !trim(text.value()).empty()) continue;
        problems.error(whole_file(config_file), "secret file '" + path + "' is empty");
    }
}

// What else is wrong beside a configuration that cannot be read as it is, so that one run tells
// all. Without services every name in the runbook would seem unknown.
void find_more(Files& files, const std::string& config_file, const std::vector<ConfigText>& texts,
               const Environment& environment, Problems& problems) {
    Problems said_already;
    const Settings settings = read_settings_leniently(texts, environment, said_already);
    if (settings.inventory.services.empty()) return;
    const SecretReader none = [](const std::string&) { return std::string(); };
    (void)make_checks(settings, problems, none);
    (void)read_escalation(settings, problems);
    const std::string path = beside(config_file, settings.agent.runbook);
    const Result<std::string> text = files.read(path);
    if (text.ok()) (void)read_runbook({path, text.value()}, settings, problems);
}

// A file that somebody put there to be read and that is not.
void warn_of_unread(Files& files, const std::string& config_file, Problems& problems) {
    const std::string folder = beside(config_file, "conf.d");
    const Result<std::vector<std::string>> names = files.list(folder);
    if (!names.ok()) return;
    for (const std::string& name : names.value()) {
        if (is_read_from_folder(name) || !(name.ends_with(".yml") || name.ends_with(".yaml"))) {
            continue;
        }
        problems.warning(whole_file(folder + "/" + name), name.starts_with('.')
                                                              ? "is hidden, so it is not read"
                                                              : "is not read: only *.yaml is");
    }
}

}  // namespace

std::unique_ptr<Loaded> load(Files& files, const std::string& config_file,
                             const Environment& environment, Problems& problems) {
    const Result<std::vector<ConfigText>> texts = read_config_texts(files, config_file);
    if (!texts.ok()) {
        problems.error(whole_file(config_file), texts.error().message);
        return nullptr;
    }
    warn_of_unread(files, config_file, problems);
    std::optional<Settings> settings = read_settings(texts.value(), environment, problems);
    if (!settings) {
        find_more(files, config_file, texts.value(), environment, problems);
        return nullptr;
    }
    for (CheckSettings& check : uplink_checks(settings->agent)) {
        settings->checks.push_back(std::move(check));
    }

    auto loaded = std::make_unique<Loaded>();
    loaded->settings = std::move(*settings);
    loaded->settings.inventory.services.shrink_to_fit();
    loaded->data_dir = absolute_data_folder(config_file, loaded->settings);
    loaded->runbook_file = beside(config_file, loaded->settings.agent.runbook);
    const Result<ConfigText> runbook_text =
        read_runbook_text(files, config_file, loaded->settings.agent);
    std::optional<Runbook> runbook;
    if (runbook_text.ok()) {
        runbook = read_runbook(runbook_text.value(), loaded->settings, problems);
        if (!files.read(loaded->runbook_file).ok()) {
            problems.warning(whole_file(loaded->runbook_file),
                             "is not there: nothing is repaired but by the 'restart:' of services");
        }
    } else {
        problems.error(whole_file(loaded->runbook_file), runbook_text.error().message);
    }
    const ConfigText learned = read_learned_text(files, loaded->data_dir);
    if (runbook && !learned.text.empty()) {
        loaded->learned = read_learned(learned, *runbook, loaded->settings);
        for (const RefusedEntry& one : loaded->learned.refused) {
            const std::string what = one.name.empty() ? "nothing learned is in force: "
                                                      : "'" + one.name + "' is not in force: ";
            problems.warning(one.place, what + one.why);
        }
    }
    // Secrets that stand beside the configuration are read where it stands.
    auto& secret_files = loaded->secret_files;
    const SecretReader secrets = [&](const std::string& path) {
        secret_files.push_back({beside(config_file, path), whole_file(config_file)});
        return files.read(secret_files.back().path);
    };
    loaded->checks = make_checks(loaded->settings, problems, secrets);
    loaded->escalation = read_escalation(loaded->settings, problems);
    take_models(*loaded, config_file);
    take_brain(*loaded, config_file);
    take_api_secrets(files, *loaded, config_file, problems);
    for (const ChannelSettings& channel : loaded->escalation.channels) {
        for (const std::string& path : channel.secret_files()) {
            secret_files.push_back({path, channel.place});
        }
    }
    if (!runbook || problems.has_errors()) return nullptr;
    for (CheckSettings& check : loaded->settings.checks) {
        check.remote = remote_address(check, loaded->settings.inventory);
        check.check = Node();
    }
    loaded->runbook = std::move(*runbook);
    return loaded;
}

}  // namespace ops
