// inspect: a closer look at what the checks of one target go to. For people, and as diagnostics
// (runbook/diagnostics.h) that the executor has this program run: what is looked at stands in the
// configuration, and all that is given is the name of a target.
#include <algorithm>
#include <memory>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/inspect.h"
#include "cli/verbs.h"
#include "io/drop_rights.h"
#include "io/inbox.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"
#include "io/standard_output.h"
#include "model/unknown_target.h"
#include "monitor/checks.h"
#include "monitor/endpoint.h"
#include "resolve/rules.h"

namespace ops {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);  // of one look
constexpr size_t kMostEndpoints = 3;                     // so that all fit into a diagnostic's 20 s
constexpr size_t kMostDependencies = 20;

void add(Inspected& all, const Inspected& one) {
    all.well = all.well && one.well;
    all.text += one.text;
}

// A check that this is about. The executor's children have a fixed environment, so what a check
// takes from it (`${TOKEN}`) is not set there: then `unset` says so, and it is not asked, as its
// answer would be another one. Null where not even a question can be made of it.
struct ConcernedCheck {
    std::string target;
    std::unique_ptr<Check> check;
    std::string unset;
};

// What the configuration says of one target and of what it depends on. Of ten thousand services all
// else is read, as it is one file, but nothing is made of it.
struct Concerned {
    Inventory inventory{};
    std::vector<ConcernedCheck> checks{};
};

// A text with a variable that is not set is damaged (config/merge.cc), and nothing else is here:
// such a text as it is written, and why.
void restore_unset(Node& node, const Problems& problems, std::vector<std::string>& why) {
    for (Node& item : node.items) restore_unset(item, problems, why);
    for (Node::Member& member : node.members) restore_unset(member.value, problems, why);
    if (!node.damaged) return;
    node.damaged = false;
    if (node.kind == Node::Kind::null) node.kind = Node::Kind::scalar;
    for (const Problem& one : problems.all()) {
        const bool is_there = one.place.file == node.place.file &&
                              one.place.line == node.place.line && one.kind == Problem::Kind::error;
        if (is_there && std::find(why.begin(), why.end(), one.message) == why.end())
            why.push_back(one.message);
    }
    if (why.empty()) why.emplace_back("a variable of the environment is not set");
}

Result<Settings> read_all_but_unset(const std::string& config_file, Problems& problems) {
    PosixFiles files;
    const Result<std::vector<ConfigText>> texts = read_config_texts(files, config_file);
    if (!texts.ok()) return Error{Fault::invalid, texts.error().message};
    size_t unset = 0, errors = 0;
    const Environment environment = [&](const std::string& name) {
        const std::optional<std::string> value = environment_variable(name);
        if (!value) ++unset;
        return value;
    };
    Settings settings = read_settings_leniently(texts.value(), environment, problems);
    for (const Problem& one : problems.all()) errors += one.kind == Problem::Kind::error;
    if (errors > unset) return configuration_has_errors(problems);
    return settings;
}

Result<Concerned> read_what_concerns(const Invocation& invocation, const std::string& target) {
    TRY(needs_configuration(invocation));
    Problems problems;
    Settings settings = TRY(read_all_but_unset(invocation.config_file, problems));
    if (!settings.inventory.has_target(target)) {
        return Error{Fault::invalid, no_target(settings.inventory, target)};
    }
    std::vector<std::string> names{target};
    if (const Service* const service = settings.inventory.find_service(target)) {
        names.insert(names.end(), service->depends_on.begin(), service->depends_on.end());
    }
    PosixFiles files;
    const SecretReader secrets = [&](const std::string& path) {
        return files.read(beside(invocation.config_file, path));
    };
    Concerned concerned;
    for (CheckSettings& check : settings.checks) {
        if (std::find(names.begin(), names.end(), check.target) == names.end()) continue;
        std::vector<std::string> unset;
        restore_unset(check.check, problems, unset);
        Problems of_check;
        const auto index = static_cast<uint32_t>(concerned.checks.size());
        auto made = make_check(check, index, settings, of_check, secrets);
        if (!made && unset.empty()) return configuration_has_errors(of_check);
        concerned.checks.push_back({check.target, std::move(made), join(unset, ", ")});
    }
    concerned.inventory = std::move(settings.inventory);
    return concerned;
}

Inspected not_known(const ConcernedCheck& one) {
    return {false, one.target + ": a check of it cannot be asked here: " + one.unset + "\n"};
}

// "None of its checks" would be a wrong answer where it is not known of one: then that is said.
std::vector<Endpoint> endpoints_of(const Concerned& concerned, const std::string& target,
                                   Inspected& seen) {
    std::vector<Endpoint> endpoints;
    for (const ConcernedCheck& of : concerned.checks) {
        if (of.target != target) continue;
        const auto one = of.check ? endpoint_of(of.check->ask().question) : std::nullopt;
        const bool is_unset = !of.unset.empty() && (!one || one->host.find('$') != one->host.npos);
        if (is_unset) {
            add(seen, not_known(of));
        } else if (one && std::find(endpoints.begin(), endpoints.end(), *one) == endpoints.end()) {
            endpoints.push_back(*one);
        }
    }
    return endpoints;
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
    explicit Dependencies(const Concerned& concerned) : concerned_(concerned) {}

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
            add(all_, {false, counted(waiting_, "check") + " gave no answer in time\n"});
        }
        return all_;
    }

private:
    void begin(const std::string& name, ProbeEngine& engine) {
        size_t begun = 0;
        bool is_known = true;
        for (const ConcernedCheck& of : concerned_.checks) {
            if (of.target != name) continue;
            if (!of.unset.empty()) {
                is_known = false;
                add(all_, not_known(of));
                continue;
            }
            Ask ask = of.check->ask();
            if (!endpoint_of(ask.question)) continue;
            ask.time_limit = std::min(ask.time_limit, kPatience);
            engine.start(std::move(ask));
            ++begun;
        }
        waiting_ += begun;
        if (begun == 0 && is_known)
            all_.text += name + ": nothing of it is asked over the network\n";
    }

    void take_in(const Reply& reply) {
        --waiting_;
        Check& check = *concerned_.checks[reply.check].check;
        const Judged judged = check.judge(reply);
        const Observation& seen = judged.observation;
        const bool well = seen.health == Health::good;
        add(all_, {well, check.target() + ", " + std::string(check.kind()) + ": " +
                             (well ? "well" : "not well") +
                             (seen.reason.empty() ? "" : ": " + seen.reason) + "\n"});
    }

    const Concerned& concerned_;
    RealClock clock_;
    PosixProcesses processes_;
    size_t waiting_ = 0;
    Inspected all_;
};

Inspected inspect_dependencies(const Concerned& concerned, const std::string& target) {
    const Service* const service = concerned.inventory.find_service(target);
    if (service == nullptr || service->depends_on.empty()) {
        return {true, "it depends on nothing\n"};
    }
    std::vector<std::string> names = service->depends_on;
    const size_t left_out = names.size() - std::min(names.size(), kMostDependencies);
    names.resize(names.size() - left_out);
    Inspected all = Dependencies(concerned).ask(names);
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
    const Result<Concerned> read = read_what_concerns(invocation, target);
    if (!read.ok()) return told(read.error(), terminal);
    const Concerned& concerned = read.value();
    const Result<> dropped = drop_rights();
    if (!dropped.ok()) {
        terminal.problem(dropped.error().message);
        return kUnwell;
    }
    Inspected seen;
    if (what == "dependencies") {
        seen = inspect_dependencies(concerned, target);
    } else {
        const std::vector<Endpoint> endpoints = endpoints_of(concerned, target, seen);
        if (seen.well || !endpoints.empty()) {
            add(seen, what == "dns" ? inspect_names(endpoints) : inspect_tls(endpoints));
        }
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
