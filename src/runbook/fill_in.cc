// From a command as written to the argv that runs, for one target.
#include <algorithm>

#include "base/text.h"
#include "model/ssh_words.h"
#include "runbook/command.h"
#include "runbook/danger.h"
#include "runbook/runbook.h"
#include "runbook/words.h"

namespace ops {
namespace {

constexpr Duration kSshConnect = std::chrono::seconds(10);

Error denied(std::string message) { return {Fault::denied, std::move(message)}; }

// What a placeholder stands for on this target; empty when the target has no such thing.
std::string value_of(std::string_view placeholder, std::string_view target,
                     const Inventory& inventory) {
    const Service* const service = inventory.find_service(target);
    const bool is_host = service == nullptr && inventory.find_host(target) != nullptr;
    if (placeholder == "name") return service != nullptr ? service->own_name : std::string(target);
    if (placeholder == "service") return is_host ? "" : std::string(target);
    if (placeholder == "host") {
        if (is_host) return std::string(target);
        return service != nullptr ? service->host : "";
    }
    if (service == nullptr) return "";
    if (placeholder == "group") return service->group;
    if (placeholder == "n" && (service->number != 0 || service->own_name == "0")) {
        return std::to_string(service->number);
    }
    return "";
}

Result<std::string> fill(std::string_view text, std::string_view target,
                         const Inventory& inventory) {
    std::string filled;
    size_t done = 0;
    for (const Placeholder& placeholder : find_placeholders(text)) {
        const std::vector<std::string>& known = placeholder_names();
        if (std::find(known.begin(), known.end(), placeholder.name) == known.end()) continue;
        const std::string shown = "{" + std::string(placeholder.name) + "}";
        const std::string value = value_of(placeholder.name, target, inventory);
        if (value.empty()) {
            return denied("'" + shown + "' has no value for '" + std::string(target) + "'");
        }
        if (!is_safe_word(value)) {
            return denied("the value of '" + shown + "' for '" + std::string(target) +
                          "' may not stand in a command");
        }
        filled.append(text.substr(done, placeholder.offset - done)).append(value);
        done = placeholder.offset + shown.size();
    }
    return filled.append(text.substr(done));
}

std::string local_host(const Inventory& inventory) {
    for (const Host& host : inventory.hosts) {
        if (host.local) return host.name;
    }
    return "";
}

}  // namespace

Result<CommandLine> fill_in(const CommandText& command, std::string_view target,
                            const Inventory& inventory) {
    if (!inventory.has_target(target)) {
        return Error{Fault::not_found,
                     "there is no '" + std::string(target) + "' in the configuration"};
    }
    if (command.restart_target) {
        const Service* const service = inventory.find_service(target);
        if (service == nullptr || service->restart.empty()) {
            return denied("'" + std::string(target) + "' has no 'restart' command");
        }
        return fill_in(restart_command(*service), target, inventory);
    }
    if (command.words.empty()) return Error{Fault::invalid, "the command is empty"};
    CommandText filled = command;
    for (std::string& word : filled.words) word = TRY(fill(word, target, inventory));
    filled.host = TRY(fill(filled.host, target, inventory));
    CommandLine line;
    line.text = TRY(fill(command.text, target, inventory));
    line.protects = protected_thing(filled);
    const Host* host = nullptr;
    for (const Host& candidate : inventory.hosts) {
        if (candidate.name == filled.host ||
            (!candidate.ssh.empty() && candidate.ssh == filled.host)) {
            host = &candidate;
            break;
        }
    }
    if (filled.host.empty() || (host != nullptr && host->local)) {
        line.host = local_host(inventory);
        line.argv = std::move(filled.words);
        return line;
    }
    if (host != nullptr && host->ssh.empty()) {
        return denied("the host '" + host->name + "' has no 'ssh' destination");
    }
    const std::string destination = host != nullptr ? host->ssh : filled.host;
    if (destination.starts_with('-')) return denied("the host may not begin with '-'");
    line.host = host != nullptr ? host->name : filled.host;
    line.argv = ssh_words(destination, kSshConnect);
    for (const std::string& word : filled.words) line.argv.push_back(quote_for_shell(word));
    return line;
}

Result<std::string> fill_in_text(std::string_view text, std::string_view target,
                                 const Inventory& inventory) {
    return fill(text, target, inventory);
}

}  // namespace ops
