#include "sim/sim_ports.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "sim/sim_chat.h"
#include "sim/sim_model.h"

namespace ops::sim {
namespace {

Exit exited(int code, std::string output, Duration took) {
    Exit exit;
    exit.code = code;
    exit.output = std::move(output);
    exit.output_bytes = exit.output.size();
    exit.output_sha256 = sha256_hex(exit.output);
    exit.took = took;
    return exit;
}

// The word after "restart" (or "start") in a command line, without quotes; "brain-api.service" is
// "brain-api".
std::string restarted_name(const std::string& line) {
    std::string previous;
    for (const std::string_view piece : split(line, ' ')) {
        std::string word = replace_all(std::string(piece), "'", "");
        if (word.empty()) continue;
        if (previous == "restart" || previous == "start") {
            if (word.ends_with(".service")) word.resize(word.size() - 8);
            const size_t colon = word.rfind(':');
            return colon == std::string::npos ? word : word.substr(colon + 1);
        }
        previous = word;
    }
    return "";
}

}  // namespace

uint64_t SimRandom::next() {
    uint64_t z = (world_.random_state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

Result<std::string> SimFiles::read(const std::string& path) {
    const auto found = contents_.find(path);
    if (found == contents_.end()) return Error{Fault::not_found, "no file '" + path + "'"};
    return found->second;
}

Result<> SimFiles::replace(const std::string& path, std::string_view bytes) {
    if (!write_fault.ok()) return write_fault;
    if (!world_.power_.spend_write()) throw PowerLost{};
    contents_[path] = bytes;
    return {};
}

Result<> SimFiles::create_new(const std::string& path, std::string_view bytes) {
    if (!write_fault.ok()) return write_fault;
    if (contents_.contains(path)) return Error{Fault::denied, "file '" + path + "' exists already"};
    return replace(path, bytes);
}

Result<> SimFiles::remove(const std::string& path) {
    if (!write_fault.ok()) return write_fault;
    if (!world_.power_.spend_write()) throw PowerLost{};
    contents_.erase(path);
    return {};
}

Result<> SimFiles::make_folder(const std::string&) { return write_fault; }

Result<std::vector<std::string>> SimFiles::list(const std::string& folder) {
    std::vector<std::string> names;
    const std::string prefix = folder + "/";
    auto at = contents_.lower_bound(prefix);
    while (at != contents_.end() && at->first.starts_with(prefix)) {
        const std::string rest = at->first.substr(prefix.size());
        const size_t slash = rest.find('/');
        names.push_back(rest.substr(0, slash));
        // What is in a folder within is left out at once: '0' comes next after '/'.
        at = slash == std::string::npos ? std::next(at)
                                        : contents_.lower_bound(prefix + names.back() + "0");
    }
    return names;
}

Result<DiskSpace> SimFiles::space(const std::string&) { return world_.own_disk; }

Result<Exit> SimProcesses::run(const Command& command) {
    if (world_.power_.is_lost()) throw PowerLost{};
    const std::string line = join(command.argv, " ");
    const auto key = command.environment.find("OPS_STEP_KEY");
    const auto run = [&] {
        world_.ledger_.push_back({world_.now_ + world_.job_took_,
                                  key == command.environment.end() ? "" : key->second, line});
        return effect_of(command.argv, line);
    };
    if (command.on_start) {
        try {
            command.on_start({world_.next_pid_++, 1});
        } catch (const PowerLost&) {
            throw;
        } catch (...) {  // who started it was killed: that ends nobody else
            run();
            throw;
        }
    }
    Exit exit = run();
    if (exit.how == Exit::How::timed_out) exit.took = command.time_limit;
    world_.job_took_ += exit.took;
    return exit;
}

Exit SimProcesses::effect_of(const std::vector<std::string>& argv, const std::string& line) {
    using std::chrono::milliseconds;
    for (const CommandRule& rule : world_.command_rules_) {
        if (line.find(rule.part) != std::string::npos) return rule.run(world_);
    }
    SimService* service = world_.find_service(restarted_name(line));
    const bool over_ssh = !argv.empty() && argv[0].ends_with("ssh");
    if (service == nullptr) return exited(0, "", milliseconds(50));
    if (over_ssh && !world_.reachable(*service)) {
        return exited(255, "ssh: connect to host: Connection timed out", milliseconds(5000));
    }
    switch (service->on_restart) {
        case RestartBehaviour::fails:
            return exited(1, service->name + ": ERROR (spawn error)", milliseconds(300));
        case RestartBehaviour::hangs: {
            Exit exit = exited(9, "", {});
            exit.how = Exit::How::timed_out;  // by SIGKILL
            return exit;
        }
        case RestartBehaviour::works:
        case RestartBehaviour::changes_nothing:
        case RestartBehaviour::works_for_a_while: break;
    }
    world_.restart(*service);
    return exited(0, service->name + ": stopped\n" + service->name + ": started",
                  milliseconds(300));
}

std::optional<ProcessIdentity> SimProcesses::identify(int pid) {
    for (const auto& [name, service] : world_.services_) {
        if (service.pid == pid && pid != 0) return ProcessIdentity{pid, service.start_ticks};
    }
    return std::nullopt;
}

bool SimWorkers::submit(std::function<void()> job) {
    const int generation = world_.program_generation_;
    const Duration delay(world_.random_->next() % 3);
    world_.in(delay, [this, generation, job = std::move(job)] {
        if (generation != world_.program_generation_) return;
        world_.job_took_ = {};
        job();
        world_.job_took_ = {};
    });
    return true;
}

// An outside Brain as product.md 6 has it.
static HttpReply brain_reply(const HttpRequest& request, World& world) {
    Json answer = Json::object({{"status", "ok"}});
    if (request.method == "POST") {
        const Result<Json> body = Json::parse(request.body);
        world.outside_told.push_back(body.ok() ? body.value() : Json());
        answer = Json::object({{"id", "there-" + std::to_string(world.outside_told.size())}});
    } else if (request.url.find("/search") != std::string::npos) {
        world.outside_asked.push_back(request.url);
        answer = Json::object({{"results", Json(Json::Array(world.outside_memories))}});
    }
    return {200, {{"content-type", "application/json"}}, answer.dump()};
}

Result<HttpReply> SimHttp::send(const HttpRequest& request) {
    if (world_.power_.is_lost()) throw PowerLost{};
    if (const auto failure = world_.take_send_failure(request.url)) {
        if (failure->status == 0) {
            if (failure->is_taken) world_.take(request.url, request.body);
            if (failure->fault == Fault::timeout) world_.job_took_ += request.time_limit;
            return Error{failure->fault, "'" + request.url + "' did not answer"};
        }
        HttpReply refusal;
        refusal.status = failure->status;
        if (!failure->retry_after.empty()) {
            refusal.headers.emplace_back("retry-after", failure->retry_after);
        }
        return refusal;
    }
    if (!world_.network_up_) return Error{Fault::unavailable, "network is unreachable"};
    if (request.url.find("model.sim/") != std::string::npos) {
        world_.job_took_ += std::chrono::seconds(2);
        return model_reply(world_, request.body);
    }
    if (request.url.find("//brain.sim/") != std::string::npos) return brain_reply(request, world_);
    if (auto answered = chat_reply(world_, request)) return *std::move(answered);
    world_.take(request.url, request.body);
    return sent_reply(world_, request);
}

Result<MailTaken> SimMail::send(const MailMessage& message) {
    if (world_.power_.is_lost()) throw PowerLost{};
    if (const auto failure = world_.take_send_failure(join(message.to, ","))) {
        if (failure->is_taken) world_.take(join(message.to, ","), message.text);
        return Error{failure->status == 0 ? failure->fault : Fault::denied,
                     "'" + message.smtp_url + "' did not take it"};
    }
    world_.take(join(message.to, ","), message.text);
    return MailTaken{};
}

}  // namespace ops::sim
