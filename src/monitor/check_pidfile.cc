// pidfile: the process whose number a file holds.
#include "base/shell_words.h"
#include "base/text.h"
#include "monitor/machine_text.h"
#include "monitor/process_check.h"

namespace ops {
namespace {

class PidfileCheck final : public ProcessCheck {
public:
    PidfileCheck(const CheckRequest& request, std::string path)
        : ProcessCheck(request), path_(std::move(path)) {
        if (const Host* host = request.remote_host()) {
            remote_ = *host;
            question_ = ask_over_ssh(*host, timeout(), script());
        } else {
            question_ = LocalAsk{LocalAsk::What::pidfile, path_, {}};
        }
    }

    Ask ask() const override {
        return {.check = index(), .question = question_, .time_limit = timeout()};
    }

protected:
    Judged judge_look(const Reply& reply) override {
        if (remote_) return judge_remote(reply);
        if (!reply.answer.ok()) {
            const Error& error = reply.answer.error();
            if (error.fault == Fault::not_found) return no_process(reply, "no pidfile " + quoted());
            if (error.fault == Fault::invalid) {
                return no_process(reply, "pidfile " + quoted() + " holds no process id");
            }
            return unknown(reply, shown(reply.answer.error().message));
        }
        const LocalAnswer* local = local_answer(reply);
        if (local == nullptr) return unknown(reply, "an answer of another kind");
        return judge_seen(reply, local->processes, wish());
    }

private:
    std::string quoted() const { return "'" + path_ + "'"; }
    ProcessWish wish() const { return {.what = "process of pidfile " + quoted()}; }

    std::string script() const {
        const std::string file = single_quoted(path_);
        return section("pid", "p=; if [ ! -e " + file + " ]; then echo missing; elif [ ! -r " +
                                  file + " ]; then echo unreadable; else p=$(head -n 1 -- " + file +
                                  " | tr -d ' ' | tr -dc '0-9-'); echo \"pid $p\"; fi") +
               section("ps", "ps -o " + std::string(kPsColumns) + " -p \"${p:-0}\"; echo exit $?") +
               section("meminfo", "grep ^MemTotal: /proc/meminfo");
    }

    // A daemon takes its file away or rewrites it when it restarts: one such look is not certain.
    Judged no_process(const Reply& reply, std::string reason) {
        Judged judged = judge_seen(reply, {}, wish());
        judged.observation.certain = false;
        judged.observation.reason = std::move(reason);
        return judged;
    }

    Judged judge_remote(const Reply& reply) {
        const auto sections = read_sections(*remote_, reply.answer);
        if (!sections.ok()) return unknown(reply, sections.error().message);
        memory().set_machine_memory(
            meminfo_bytes(lines_of(sections.value(), "meminfo"), "MemTotal"));
        const auto& pid = lines_of(sections.value(), "pid");
        const auto& lines = lines_of(sections.value(), "ps");
        const std::string found = pid.empty() ? "" : pid.front();
        if (found == "missing") return no_process(reply, "no pidfile " + quoted());
        if (!found.starts_with("pid ")) {
            return unknown(reply,
                           "ssh " + remote_->ssh + ": pidfile " + quoted() + " cannot be read");
        }
        if (found.find_first_not_of("0123456789", 4) != std::string::npos || found.size() < 5) {
            return no_process(reply, "pidfile " + quoted() + " holds no process id");
        }
        // Without ps there are no processes either, and that must not look like a death.
        if (lines.empty() || (lines.back() != "exit 0" && lines.back() != "exit 1")) {
            return unknown(reply, "ssh " + remote_->ssh + ": ps cannot be run there");
        }
        std::vector<ProcessSeen> seen;
        for (const std::string& line : lines) {
            if (const auto process = parse_ps_line(line)) seen.push_back(*process);
        }
        return judge_seen(reply, seen, wish());
    }

    std::string path_;
    std::optional<Host> remote_;
    Question question_;
};

std::unique_ptr<Check> make_pidfile(CheckRequest& request) {
    const std::string path = request.subject_text();
    if (!path.empty() && path.front() != '/') {
        request.error(request.subject.place, "'" + path + "' is no absolute path");
    }
    return std::make_unique<PidfileCheck>(request, path);
}

}  // namespace

CheckKind pidfile_check_kind() {
    return {.name = "pidfile",
            .help = "the process whose number stands in a file",
            .subject = "path",
            .settings = {{"path", "path", "", "the pidfile; on the service's host"}},
            .use = CheckKind::Use::service,
            .make = make_pidfile};
}

}  // namespace ops
