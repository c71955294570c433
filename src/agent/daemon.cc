#include "agent/daemon.h"

#include <atomic>
#include <cstdlib>

#include "agent/emergency.h"
#include "agent/ops_agent.h"
#include "base/counted.h"
#include "base/text.h"
#include "io/curl_http.h"
#include "io/free_memory.h"
#include "io/inbox.h"
#include "io/no_programs.h"
#include "io/own_child.h"
#include "io/posix_files.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"
#include "io/real_random.h"
#include "io/signals.h"
#include "io/stderr_log.h"
#include "io/worker_pool.h"
#include "prober/prober_client.h"
#include "record/store.h"
#include "resolve/executor_client.h"
#include "resolve/rules.h"
#include "web/server.h"

namespace ops {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);
constexpr Duration kStartAgainFirst = std::chrono::seconds(5);
constexpr Duration kStartAgainMost = std::chrono::minutes(1);
constexpr Duration kLastWords = std::chrono::seconds(2);  // of what runs when we are to stop

// The executor of a `run`: our own child, started again when it has died. What an earlier one did,
// the next one knows from its markers.
class OwnExecutor final : public Executors {
public:
    OwnExecutor(const std::string& program, const std::string& config_file,
                const std::string& socket_path)
        : child_(program, "executor", config_file, socket_path, KeptChild::Lost::refuse),
          client_(socket_path) {}

    Result<> ensure() {
        TRY(child_.ensure());
        return {};
    }
    Result<TicketReply> execute(const Ticket& ticket) override {
        TRY(ensure());
        return client_.execute(ticket);
    }
    Result<Seen> look(const Look& look) override {
        TRY(ensure());
        return client_.look(look);
    }
    Result<uint64_t> next_epoch(uint64_t known) override {
        TRY(ensure());
        return client_.next_epoch(known);
    }
    Result<> set_paused(bool paused, const std::string& by) override {
        TRY(ensure());
        return client_.set_paused(paused, by);
    }

private:
    KeptChild child_;
    ExecutorClient client_;
};

class AlertLog final : public LogSink {
public:
    explicit AlertLog(Log& log) : log_(log) {}
    void alert_line(Level, std::string_view line) override { log_.line(Severity::error, line); }

private:
    Log& log_;
};

std::string hex(uint64_t number) {
    std::string out(16, '0');
    for (size_t i = 16; i-- > 0; number >>= 4) out[i] = "0123456789abcdef"[number & 15];
    return out;
}

// A secret of our own in the data folder: made once, readable only by us. An empty file is what a
// full disk may have left of one, and no secret.
Result<std::string> own_secret(Files& files, Random& random, const std::string& path, int words) {
    const Result<std::string> known = files.read(path);
    if (!known.ok() && known.error().fault != Fault::not_found) return known.error();
    if (known.ok() && !trim(known.value()).empty()) return std::string(trim(known.value()));
    std::string secret;
    for (int i = 0; i < words; ++i) secret += hex(random.next());
    TRY(files.replace(path, secret + "\n"));
    return secret;
}

// "https://ops.example.org:8443/x" is "ops.example.org".
std::string host_of(const std::string& url) {
    const size_t at = url.find("://") + 3;
    const std::string host = url.substr(at, url.find('/', at) - at);
    if (host.starts_with('[')) return to_lower(host.substr(0, host.find(']') + 1));
    return to_lower(host.substr(0, host.find(':')));
}

Result<std::optional<std::string>> secret(Files& files, const std::string& config_file,
                                          const std::string& path) {
    if (path.empty()) return std::optional<std::string>();
    return std::optional<std::string>(trim(TRY(files.read(beside(config_file, path)))));
}

class Daemon {
public:
    explicit Daemon(const DaemonOptions& options)
        : options_(options),
          log_(clock_, options.debug ? Severity::debug : Severity::info),
          signals_([this](ProcessSignal signal) { on_signal(signal); }) {}

    int run() {
        keep_no_free_memory();
        std::unique_ptr<Loaded> loaded = load_or_print();
        if (!loaded) return 2;
        // Before anything is made: a second copy that started its executor would take the socket of
        // the first one's.
        const Result<> unused = check_unused(loaded->data_dir);
        if (!unused.ok() && unused.error().fault == Fault::denied) {
            log_.line(Severity::error, unused.error().message);
            return 1;
        }
        Duration pause = kStartAgainFirst;
        while (!stopping_) {
            if (!loaded) loaded = load_or_print();
            if (loaded && is_prepared(*loaded) && watch(std::move(loaded)))
                pause = kStartAgainFirst;
            loaded.reset();
            if (stopping_) break;
            log_.line(Severity::error,
                      "starting again in " + std::to_string(pause.count() / 1000) + " s");
            wait(pause);
            pause = std::min(pause * 2, kStartAgainMost);
        }
        notify_service_manager("STOPPING=1");
        if (!processes_) return 0;
        processes_->end_all();  // a check's command that still runs would hold up the end
        // Steps go on without us: the executor writes down how they end, and the next start reads
        // it. Who waits for one, for a model or for a channel still uses all that we have.
        if (workers_ && !workers_->abandon_after(kLastWords)) std::_Exit(0);
        return 0;
    }

private:
    std::unique_ptr<Loaded> load_or_print() {
        Problems problems;
        auto loaded = load(files_, options_.config_file, options_.environment, problems);
        problems.sort_by_place();
        for (const Problem& problem : problems.all()) {
            log_.line(problem.kind == Problem::Kind::error ? Severity::error : Severity::warning,
                      problem.print());
        }
        return loaded;
    }

    void on_signal(ProcessSignal signal) {
        if (signal == ProcessSignal::stop) stopping_ = true;
        if (signal == ProcessSignal::reload && inbox_)
            (void)inbox_->push(ReloadWanted{});  // full: send it again
        if (inbox_) inbox_->wake();
    }

    // What cannot begin is told by those channels that need nothing of it, and tried again: whoever
    // watches over us would start us again as often, and know nothing of who was told.
    bool is_prepared(const Loaded& loaded) {
        if (probes_) return true;
        const Result<> folder = files_.make_folder(loaded.data_dir);
        if (!inbox_) {
            const auto limit = static_cast<size_t>(loaded.settings.limits.inbox);
            inbox_ = std::make_unique<Inbox<Input>>(limit);
            processes_ = reach_prober(loaded);
            emergency_ = std::make_unique<Emergency>(
                ChannelPorts{http_, mail_, *processes_, files_, alert_log_}, log_);
        }
        const Result<> ready = folder.ok() ? prepare(loaded) : folder;
        if (ready.ok()) return true;
        emergency_->tell(ready.error().message, loaded.escalation, clock_.now(),
                         Emergency::Trouble::start);
        return false;
    }

    // May be called again when it failed: what it made already stays.
    Result<> prepare(const Loaded& loaded) {
        if (!server_) {
            listen_ = loaded.settings.agent.listen;
            server_ = TRY(Server::start(
                listen_, [this](WebRequest request) { return inbox_->push(std::move(request)); }));
        }
        // The one is what the command line reads, with the other buttons of messages are sealed.
        access_.api_token = TRY(own_secret(files_, random_, loaded.data_dir + "/api.token", 2));
        press_key_ = TRY(own_secret(files_, random_, loaded.data_dir + "/press.key", 4));
        access_.host_names.clear();
        const std::string& page = loaded.settings.agent.public_url;
        if (!page.empty()) access_.host_names.push_back(host_of(page));
        for (const Host& host : loaded.settings.inventory.hosts) {
            if (host.local) access_.host_names.push_back(to_lower(host.name));
        }
        access_.push_token =
            TRY(secret(files_, options_.config_file, loaded.settings.agent.push_token_file));
        access_.password =
            TRY(secret(files_, options_.config_file, loaded.settings.agent.password_file));
        if (!workers_) {
            const auto count = static_cast<size_t>(loaded.settings.limits.workers);
            workers_ = std::make_unique<WorkerPool>(count, 1024);
        }
        TRY(reach_executor(loaded));
        probes_ =
            TRY(ProbeEngine::start(clock_, *processes_, [this](std::vector<ProbeEvent> events) {
                if (inbox_->push_batch(std::move(events)) > 0) ++refused_;
            }));
        return {};
    }

    // The executor and the prober: services of systemd, or our own children.
    Result<> reach_executor(const Loaded& loaded) {
        const std::string& socket = loaded.settings.agent.executor_socket;
        if (socket.empty()) {
            auto own = std::make_unique<OwnExecutor>(options_.program, options_.config_file,
                                                     loaded.data_dir + "/executor.sock");
            TRY(own->ensure());
            executors_ = std::move(own);
        } else {
            executors_ = std::make_unique<ExecutorClient>(socket);
        }
        // With neither child to look after there is no program that we would have to start.
        if (!socket.empty() && !loaded.settings.agent.prober_socket.empty())
            return forbid_programs();
        return {};
    }

    std::unique_ptr<ProberClient> reach_prober(const Loaded& loaded) {
        const std::string& socket = loaded.settings.agent.prober_socket;
        if (!socket.empty()) return std::make_unique<ProberClient>(socket, nullptr);
        const std::string own_path = loaded.data_dir + "/prober.sock";
        return std::make_unique<ProberClient>(
            own_path, std::make_unique<KeptChild>(options_.program, "prober", options_.config_file,
                                                  own_path, KeptChild::Lost::elsewhere));
    }

    Ports ports() {
        return {.clock = clock_,
                .random = random_,
                .files = files_,
                .processes = *processes_,
                .probes = *probes_,
                .workers = *workers_,
                .http = http_,
                .mail = mail_,
                .executors = *executors_,
                .log = log_,
                .post = [this](Input input) { inbox_->push_ordered(std::move(input)); },
                .reply = [this](uint64_t connection,
                                WebReply reply) { server_->reply(connection, std::move(reply)); },
                .publish = [this](std::string event) { server_->publish(std::move(event)); }};
    }

    // One life of the agent, from the journal's last word to a stop or to a journal that cannot be
    // written. True when it had started.
    bool watch(std::unique_ptr<Loaded> loaded) {
        const EscalationSettings escalation = loaded->escalation;
        const size_t services = loaded->settings.inventory.services.size();
        AgentOptions options{.config_file = options_.config_file,
                             .environment = options_.environment,
                             .store = {.must_exist = has_started_},
                             .version = options_.version,
                             .access = access_,
                             .press_key = press_key_};
        auto agent = OpsAgent::start(ports(), std::move(options), std::move(loaded));
        if (!agent.ok()) {
            emergency_->tell(agent.error().message, escalation, clock_.now());
            return false;
        }
        has_started_ = true;
        emergency_->over(escalation, clock_.now());
        log_.line(Severity::info, "watching " + counted(services, "service") + "; http://" +
                                      listen_.substr(0, listen_.rfind(':') + 1) +
                                      std::to_string(server_->port()));
        notify_service_manager("READY=1");
        give_back_free_memory();  // of reading the configuration
        loop(*agent.value());
        if (const auto& failure = agent.value()->failure()) {
            emergency_->tell(failure->message, escalation, clock_.now());
        } else {
            agent.value()->stop();
        }
        return true;
    }

    void loop(OpsAgent& agent) {
        Duration next_tick = clock_.steady();
        while (!stopping_ && !agent.failure()) {
            watchdog_.alive(clock_.steady());
            Duration wait = next_tick - clock_.steady();
            if (const auto wake = agent.next_wake()) wait = std::min(wait, *wake - clock_.now());
            std::vector<Input> inputs = inbox_->take_all(std::max(wait, Duration{}));
            if (!inputs.empty()) agent.handle(std::move(inputs));
            const auto wake = agent.next_wake();
            if (clock_.steady() >= next_tick || (wake && *wake <= clock_.now())) {
                if (clock_.steady() >= next_tick) next_tick = clock_.steady() + kTick;
                agent.tick();
            }
            const uint64_t refused = refused_.exchange(0);
            if (refused > 0) {
                log_.line(Severity::error,
                          "inbox full (limits: inbox): answers of checks were dropped");
            }
        }
    }

    void wait(Duration span) {
        const Duration until = clock_.steady() + span;
        while (!stopping_ && clock_.steady() < until) {
            watchdog_.alive(clock_.steady());
            for (Input& input : inbox_->take_all(std::min(until - clock_.steady(), kTick))) {
                if (const auto* request = std::get_if<WebRequest>(&input)) {
                    server_->reply(request->connection,
                                   problem(503, "the journal cannot be written"));
                }
            }
        }
    }

    const DaemonOptions options_;
    RealClock clock_;
    RealRandom random_;
    PosixFiles files_;
    CurlHttp http_;
    CurlMail mail_;
    StderrLog log_;
    std::atomic<bool> stopping_{false};
    std::atomic<uint64_t> refused_{0};
    AlertLog alert_log_{log_};
    WebAccess access_;
    std::string press_key_, listen_;
    bool has_started_ =
        false;  // so there are records, and records that vanished are not begun anew
    std::unique_ptr<Inbox<Input>> inbox_;
    Signals signals_;
    ServiceWatchdog watchdog_;
    std::unique_ptr<ProberClient> processes_;
    std::unique_ptr<Emergency> emergency_;
    std::unique_ptr<Executors> executors_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<ProbeEngine> probes_;
    std::unique_ptr<WorkerPool> workers_;  // the last: its jobs use all the others
};

}  // namespace

int run_daemon(const DaemonOptions& options) { return Daemon(options).run(); }

}  // namespace ops
