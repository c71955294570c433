#include "prober/programs.h"

#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "detect/detect.h"
#include "escalate/escalate.h"
#include "monitor/checks.h"
#include "resolve/rules.h"

namespace ops {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);

std::string hash_of(const std::vector<ConfigText>& texts) {
    std::vector<std::string> all;
    for (const ConfigText& text : texts) {
        all.push_back(text.file);
        all.push_back(sha256_hex(text.text));
    }
    return sha256_hex(Json::of_strings(all).dump());
}

using Programs = std::map<std::string, Command, std::less<>>;

Programs programs_of(const CheckList& list, const EscalationSettings& escalation) {
    Programs programs;
    for (const auto& check : list.checks) {
        if (!check) continue;
        const Ask ask = check->ask();
        const auto* asked = std::get_if<CommandAsk>(&ask.question);
        if (asked == nullptr) continue;
        Command command = asked->command;
        command.time_limit = ask.time_limit;
        programs.emplace(identity_of(command), std::move(command));
    }
    for (const ChannelSettings& channel : escalation.channels) {
        const ChannelKind* kind = find_channel_kind(channel.kind);
        if (kind == nullptr || kind->by != SendsBy::program) continue;
        const Command command = command_of(channel);
        programs.emplace(identity_of(command), command);
    }
    return programs;
}

}  // namespace

void take_secret(Command& command, std::string secret) {
    if (!command.secret.empty()) command.secret = std::move(secret);
}

std::string identity_of(const Command& command) {
    std::vector<std::string> all{"ops-program-1", command.as_user,
                                 command.tells ? "tells" : sha256_hex(command.input)};
    // Hashes, as a word may hold bytes that no JSON text can.
    for (const std::string& word : command.argv) all.push_back(sha256_hex(word));
    return sha256_hex(Json::of_strings(all).dump());
}

PermittedPrograms::PermittedPrograms(Files& files, Clock& clock, std::string config_file,
                                     Environment environment)
    : files_(files),
      clock_(clock),
      config_file_(std::move(config_file)),
      environment_(std::move(environment)) {}

Result<> PermittedPrograms::load() {
    const std::lock_guard lock(mutex_);
    read_if_changed();
    return last_result_;
}

Result<Command> PermittedPrograms::find(const std::string& identity) {
    const std::lock_guard lock(mutex_);
    const bool old = clock_.steady() - looked_ >= kLookAgain;
    if (old || !programs_.contains(identity)) read_if_changed();
    const auto found = programs_.find(identity);
    if (found != programs_.end()) return found->second;
    const std::string why = last_result_.ok() ? "" : ": " + last_result_.error().message;
    return Error{Fault::denied,
                 "not a program of the configuration that the prober has read" + why};
}

void PermittedPrograms::read_if_changed() {
    looked_ = clock_.steady();
    const Result<std::vector<ConfigText>> texts = read_config_texts(files_, config_file_);
    std::string hash = texts.ok() ? hash_of(texts.value()) : "";
    if (texts.ok() && hash == last_read_) return;
    last_read_ = std::move(hash);
    last_result_ = texts.ok() ? take(texts.value()) : Result<>(Error(texts.error()));
}

Result<> PermittedPrograms::take(const std::vector<ConfigText>& texts) {
    Problems problems;
    std::optional<Settings> settings = read_settings(texts, environment_, problems);
    if (!settings) return Error{Fault::invalid, problems.print()};
    for (CheckSettings& check : uplink_checks(settings->agent)) {
        settings->checks.push_back(std::move(check));
    }
    // We may read none: a program that needs one gets it with the request (take_secret()).
    const SecretReader none = [](const std::string&) { return std::string(); };
    const CheckList checks = make_checks(*settings, problems, none);
    const EscalationSettings escalation = read_escalation(*settings, problems);
    if (problems.has_errors()) return Error{Fault::invalid, problems.print()};
    programs_ = programs_of(checks, escalation);
    return {};
}

}  // namespace ops
