// inspect: a closer look at what the checks of one target go to. For people, and as diagnostics
// (runbook/diagnostics.h) that the executor has this program run: what is looked at stands in the
// configuration, and all that is given is the name of a target.
#include <algorithm>

#include "agent/load.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/inspect.h"
#include "cli/verbs.h"
#include "io/drop_rights.h"
#include "io/inbox.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"
#include "io/standard_output.h"
#include "monitor/endpoint.h"

namespace ops {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);  // of one look
constexpr size_t kMostEndpoints = 3;                     // so that all fit into a diagnostic's 20 s
constexpr size_t kMostDependencies = 20;

std::vector<Endpoint> endpoints_of(const Loaded& loaded, const std::string& target) {
    std::vector<Endpoint> endpoints;
    for (const auto& check : loaded.checks.checks) {
        if (!check || check->target() != target) continue;
        const auto one = endpoint_of(check->ask().question);
        if (one && std::find(endpoints.begin(), endpoints.end(), *one) == endpoints.end()) {
            endpoints.push_back(*one);
        }
    }
    return endpoints;
}

void add(Inspected& all, const Inspected& one) {
    all.well = all.well && one.well;
    all.text += one.text;
}

Inspected inspect_names(const std::vector<Endpoint>& endpoints) {
    std::vector<std::string> names;
    for (const Endpoint& one : endpoints) {
        const bool is_new = std::find(names.begin(), names.end(), one.host) == names.end();
        if (one.is_name && is_new && names.size() < kMostEndpoints) names.push_back(one.host);
    }
    Inspected all;
    for (const std::string& name : names) add(all, name_words(look_up_name(name, kPatience)));
    if (names.empty()) all.text = "none of its checks asks for a name\n";
    return all;
}

Inspected inspect_tls(const std::vector<Endpoint>& endpoints) {
    Inspected all;
    size_t count = 0;
    RealClock clock;
    for (const Endpoint& one : endpoints) {
        if (!one.tls || ++count > kMostEndpoints) continue;
        const Time now = clock.now();
        add(all, tls_words(look_at_tls(one.host, one.port, kPatience, now), now));
    }
    if (count == 0) all.text = "none of its checks asks over TLS\n";
    return all;
}

// The checks of what it depends on, each asked once now; those that go over the network only.
class Dependencies {
public:
    explicit Dependencies(Loaded& loaded) : loaded_(loaded) {}

    Inspected ask(const std::vector<std::string>& names) {
        Inbox<ProbeEvent> inbox(1024);
        auto engine = ProbeEngine::start(clock_, processes_, [&](std::vector<ProbeEvent> events) {
            (void)inbox.push_batch(std::move(events));  // far more room than there are asks
        });
        if (!engine.ok()) return {false, engine.error().message + "\n"};
        for (const std::string& name : names) begin(name, *engine.value());
        const Duration until = clock_.steady() + 2 * kPatience;
        while (waiting_ > 0 && clock_.steady() < until) {
            for (const ProbeEvent& event : inbox.take_all(until - clock_.steady())) {
                if (const auto* const reply = std::get_if<Reply>(&event)) take_in(*reply);
            }
        }
        if (waiting_ > 0) {
            add(all_, {false, std::to_string(waiting_) + " checks gave no answer in time\n"});
        }
        return all_;
    }

private:
    void begin(const std::string& name, ProbeEngine& engine) {
        size_t begun = 0;
        for (const auto& check : loaded_.checks.checks) {
            if (!check || check->target() != name) continue;
            Ask ask = check->ask();
            if (!endpoint_of(ask.question)) continue;
            ask.time_limit = std::min(ask.time_limit, kPatience);
            engine.start(std::move(ask));
            ++begun;
        }
        waiting_ += begun;
        if (begun == 0) all_.text += name + ": nothing of it is asked over the network\n";
    }

    void take_in(const Reply& reply) {
        --waiting_;
        Check& check = *loaded_.checks.checks[reply.check];
        const Judged judged = check.judge(reply);
        const Observation& seen = judged.observation;
        const bool well = seen.health == Health::good;
        add(all_, {well, check.target() + ", " + std::string(check.kind()) + ": " +
                             (well ? "well" : "not well") +
                             (seen.reason.empty() ? "" : ": " + seen.reason) + "\n"});
    }

    Loaded& loaded_;
    RealClock clock_;
    PosixProcesses processes_;
    size_t waiting_ = 0;
    Inspected all_;
};

Inspected inspect_dependencies(Loaded& loaded, const std::string& target) {
    const Service* const service = loaded.settings.inventory.find_service(target);
    if (service == nullptr || service->depends_on.empty()) {
        return {true, "it depends on nothing\n"};
    }
    std::vector<std::string> names = service->depends_on;
    const size_t left_out = names.size() - std::min(names.size(), kMostDependencies);
    names.resize(names.size() - left_out);
    Inspected all = Dependencies(loaded).ask(names);
    if (left_out > 0) all.text += std::to_string(left_out) + " more were left out\n";
    return all;
}

}  // namespace

int verb_inspect(const Invocation& invocation, Terminal& terminal) {
    const std::string& what = invocation.words[0];
    const std::string& target = invocation.words[1];
    const std::vector<std::string> known{"dns", "tls", "dependencies"};
    if (std::find(known.begin(), known.end(), what) == known.end()) {
        terminal.problem("inspect: there is no '" + printable(what, Lines::flatten) + "'" +
                         did_you_mean(what, known) + "; there are " + join(known, ", "));
        return kUsage;
    }
    if (invocation.config_file.empty()) {
        terminal.problem("no ops-agent.yaml here nor in /etc/ops-agent; name one with --config");
        return kUsage;
    }
    PosixFiles files;
    Problems problems;
    // The executor's children have a fixed environment: what the configuration takes from it is not
    // here, and where a check goes seldom stands in it.
    std::vector<std::string> unset;
    const Environment environment = [&](const std::string& name) {
        const std::optional<std::string> value = environment_variable(name);
        if (!value) unset.push_back(name);
        return value ? value : std::optional<std::string>("");
    };
    const auto loaded = load(files, invocation.config_file, environment, problems);
    if (!loaded) {
        terminal.problem("the configuration has errors; see 'ops-agent lint'\n" + problems.print());
        return kUsage;
    }
    if (!loaded->settings.inventory.has_target(target)) {
        terminal.problem("no service, host or signal '" + printable(target, Lines::flatten) +
                         "' in the configuration");
        return kUsage;
    }
    const Result<> dropped = drop_rights();
    if (!dropped.ok()) {
        terminal.problem(dropped.error().message);
        return kUnwell;
    }
    const std::vector<Endpoint> endpoints = endpoints_of(*loaded, target);
    Inspected seen = what == "dns"   ? inspect_names(endpoints)
                     : what == "tls" ? inspect_tls(endpoints)
                                     : inspect_dependencies(*loaded, target);
    if (!unset.empty()) {
        seen.text += "not set here, and taken as empty: " + join(unset, ", ") + "\n";
    }
    if (invocation.json) {
        terminal.line(
            Json::object(
                {{"inspected", what}, {"target", target}, {"well", seen.well}, {"text", seen.text}})
                .dump_pretty());
    } else {
        terminal.line(trim(seen.text));
    }
    return seen.well ? kFine : kUnwell;
}

}  // namespace ops
