// process: the processes whose command line matches a regular expression.
#include "base/text.h"
#include "monitor/machine_text.h"
#include "monitor/pattern.h"
#include "monitor/process_check.h"

namespace ops {
namespace {

class MatchCheck final : public ProcessCheck {
public:
    MatchCheck(const CheckRequest& request, Pattern pattern, ProcessWish wish)
        : ProcessCheck(request), pattern_(std::move(pattern)), wish_(std::move(wish)) {
        if (const Host* host = request.remote_host()) {
            remote_ = *host;
            const std::string script =
                section("ps", "ps -ww -eo " + std::string(kPsColumns) + ",args= | cut -c1-131072") +
                section("meminfo", "grep ^MemTotal: /proc/meminfo");
            question_ = ask_over_ssh(*host, timeout(), script);
        } else {
            question_ = LocalAsk{LocalAsk::What::processes, pattern_.text(), {}};
        }
    }

    Ask ask() const override {
        return {.check = index(), .question = question_, .time_limit = timeout()};
    }

protected:
    Judged judge_look(const Reply& reply) override {
        if (remote_) return judge_remote(reply);
        if (!reply.answer.ok()) {
            if (reply.answer.error().fault == Fault::not_found) return judge_seen(reply, {}, wish_);
            return unknown(reply, shown(reply.answer.error().message));
        }
        const LocalAnswer* local = local_answer(reply);
        if (local == nullptr) return unknown(reply, "an answer of another kind");
        return judge_seen(reply, local->processes, wish_);
    }

private:
    Judged judge_remote(const Reply& reply) {
        const auto sections = read_sections(*remote_, reply.answer);
        if (!sections.ok()) return unknown(reply, sections.error().message);
        memory().set_machine_memory(
            meminfo_bytes(lines_of(sections.value(), "meminfo"), "MemTotal"));
        std::vector<ProcessSeen> seen;
        bool any = false;
        for (const std::string& line : lines_of(sections.value(), "ps")) {
            std::string_view command;
            const auto process = parse_ps_line(line, &command);
            any = any || process.has_value();
            if (process && pattern_.matches(command)) seen.push_back(*process);
        }
        // ps sees at least itself; nothing at all means that it could not be run.
        if (!any) return unknown(reply, "ssh " + remote_->ssh + ": ps cannot be run there");
        return judge_seen(reply, seen, wish_);
    }

    Pattern pattern_;
    ProcessWish wish_;
    std::optional<Host> remote_;
    Question question_;
};

std::unique_ptr<Check> make_process(CheckRequest& request) {
    Fields& fields = request.fields;
    const std::string text = request.subject_text();
    auto pattern = Pattern::make(text);
    if (!pattern.ok()) request.error_about(request.subject, pattern.error().message);
    ProcessWish wish;
    constexpr int kMost = 1'000'000;
    wish.what = "process matching '" + text + "'";
    wish.least = fields.integer("min", 1, 0, kMost);
    wish.most = fields.integer("max", kMost, 0, kMost);
    if (wish.most < wish.least) {
        request.error(fields.place_of("max"), "'max' is less than 'min'");
    }
    if (!pattern.ok()) return nullptr;
    return std::make_unique<MatchCheck>(request, std::move(pattern).value(), std::move(wish));
}

}  // namespace

CheckKind process_check_kind() {
    return {.name = "process",
            .help = "the processes whose command line matches a regular expression",
            .subject = "pattern",
            .settings = {{"pattern", "regular expression", "",
                          "matched anywhere in the command line; RE2"},
                         {"min", "number", "1", "fewer is down"},
                         {"max", "number", "none", "more is degraded"}},
            .use = CheckKind::Use::service,
            .make = make_process};
}

}  // namespace ops
