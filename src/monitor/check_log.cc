// log: new lines of a file (or of all that a pattern names) or of the journal of this machine.
//
// Counts the lines that look like errors and gives them to the pattern miner. A log that can be
// read is well: how many errors are too many is for the runbook to say.
#include <set>

#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"
#include "io/log_tail.h"
#include "monitor/check_kind.h"
#include "monitor/pattern.h"

namespace ops {
namespace {

// Words that mean an error where they stand alone, in any case, and the names that languages give
// theirs: TypeError, java.lang.NullPointerException.
constexpr std::string_view kDefaultErrors =
    R"((?i)\b(error|err|fatal|crit|critical|alert|emerg|emergency|panic|panicked|exception|)"
    R"(traceback|segfault|oom-killer|out of memory|core dumped|failed|failure)\b|)"
    R"((?-i:[a-z](Error|Exception)\b))";
// "0 errors" is none, nor is an empty field: error="" failed=0 "error":null. A sentence that goes
// on is: "error: null value in column".
constexpr std::string_view kDefaultIgnore =
    R"((?i)\b(0|no|without) (error|failure|exception)s?\b|)"
    R"(\b(err|errors?|failed|failures?)(("?[=:] ?(0\b|""))|(=|": ?)(nil|null|none|false)\b|)"
    R"(: ?(nil|null|none)\s*([,;|)}\]]|$)))";
// Whatever its fields say: level=error err="".
constexpr std::string_view kErrorLevels =
    R"re((?i)\b(level|lvl|severity)"?\s?[=:]\s?"?)re"
    R"re((error|err|fatal|crit|critical|alert|emerg|panic)\b)re";

constexpr size_t kMostLines = 1000;
constexpr size_t kMostLineBytes = 2048;
constexpr size_t kEvidenceLines = 10;
constexpr size_t kLastLines = 20;

class LogCheck final : public Check {
public:
    LogCheck(const CheckRequest& request, LocalAsk ask, Pattern errors, Pattern ignore,
             Pattern levels, Pattern security)
        : Check(request.index, request.settings.target, "log"),
          ask_(std::move(ask)),
          errors_(std::move(errors)),
          ignore_(std::move(ignore)),
          levels_(std::move(levels)),
          security_(std::move(security)),
          timeout_(request.settings.timeout) {}

    Ask ask() const override {
        return {.check = index(), .question = ask_, .time_limit = timeout_};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        const LocalAnswer* local =
            reply.answer.ok() ? std::get_if<LocalAnswer>(&reply.answer.value()) : nullptr;
        if (!reply.answer.ok()) {
            seen.reason = shown(reply.answer.error().message);
            const bool is_missing = reply.answer.error().fault == Fault::not_found;
            if (is_missing && ask_.what == LocalAsk::What::log_tail && ask_.names.empty()) {
                // What it holds once it is there was all written while we looked.
                ask_.names = {std::string(kLogBeginning)};
                judged.next_question = ask_;
            }
        } else if (local == nullptr || !local->log) {
            seen.reason = "an answer of another kind";
        } else {
            judge_lines(reply, *local->log, judged);
        }
        return judged;
    }

    // What was written since its last look is not lost by another pattern.
    void follow(const Check& before) override {
        const auto* const log = dynamic_cast<const LogCheck*>(&before);
        if (log == nullptr || log->ask_.what != ask_.what || log->ask_.text != ask_.text) return;
        ask_.names = log->ask_.names;
        looked_ = log->looked_;
        has_logins_ = log->has_logins_;
        before_at_ = log->before_at_;
    }

private:
    void judge_lines(const Reply& reply, const LogSeen& log, Judged& judged) {
        Observation& seen = judged.observation;
        // Two looks at once may bring the same lines twice: the cursor they began at tells.
        if (!log.cursor.empty()) {
            ask_.names = {log.cursor};
            judged.next_question = ask_;
        }
        seen.health = Health::good;
        for (const std::string& line : log.lines) {
            if (judged.error_lines.size() >= kMostLines) break;
            const std::string_view text = std::string_view(line).substr(0, kMostLineBytes);
            if (security_.matches(text)) note_security(judged);
            if (auto event = parse_auth_line(text)) judged.auth.push_back(std::move(*event));
            if (!errors_.matches(text)) continue;
            if (ignore_.matches(text) && !levels_.matches(text)) continue;
            judged.error_lines.push_back(printable(text, Lines::flatten));
        }
        const size_t first = log.lines.size() > kLastLines ? log.lines.size() - kLastLines : 0;
        for (size_t i = first; i < log.lines.size(); ++i) {
            judged.last_lines.push_back(printable(
                std::string_view(log.lines[i]).substr(0, kMostLineBytes), Lines::flatten));
        }
        const double lines = static_cast<double>(log.lines.size());
        const double all = lines + static_cast<double>(log.skipped);
        double errors = static_cast<double>(judged.error_lines.size());
        if (log.skipped > 0 && lines > 0) errors *= all / lines;  // as many among those not read
        const double minutes = static_cast<double>((reply.at - before_at_).count()) / 60000.0;
        if (looked_ && minutes > 0) add_fact(seen, "error_rate", Value::number(errors / minutes));
        add_fact(seen, "log_lines", Value::number(all));
        add_login_facts(judged);
        looked_ = true;
        before_at_ = reply.at;
        seen.evidence = last_lines(judged.error_lines, log.skipped);
    }

    // Only of a log that such lines were ever seen in.
    void add_login_facts(Judged& judged) {
        double failed = 0, sudo = 0;
        std::set<std::string> failing;  // connections of which a refused password was seen
        for (const AuthEvent& event : judged.auth) {
            const std::string connection = event.source + " " + event.port;
            const bool is_refused = event.kind == AuthEvent::Kind::login_failed;
            const bool is_left = event.kind == AuthEvent::Kind::login_left;
            if (is_refused || (is_left && !failing.contains(connection))) failed += event.times;
            if (is_refused || is_left) failing.insert(connection);
            if (event.kind == AuthEvent::Kind::sudo_failed) sudo += event.times;
        }
        has_logins_ |= !judged.auth.empty();
        if (!has_logins_) return;
        add_fact(judged.observation, "failed_logins", Value::number(failed));
        add_fact(judged.observation, "failed_sudo", Value::number(sudo));
    }

    static void note_security(Judged& judged) {
        if (std::find(judged.events.begin(), judged.events.end(), "security") ==
            judged.events.end()) {
            judged.events.emplace_back("security");
        }
    }

    static std::string last_lines(const std::vector<std::string>& lines, uint64_t skipped) {
        std::string text;
        const size_t first = lines.size() > kEvidenceLines ? lines.size() - kEvidenceLines : 0;
        for (size_t i = first; i < lines.size(); ++i) text += clip_end(lines[i], 380) + "\n";
        if (skipped > 0)
            text +=
                "(" + counted(skipped, "line") + (skipped == 1 ? " was" : " were") + " not read)\n";
        return shown_evidence(text);
    }

    LocalAsk ask_;
    Pattern errors_, ignore_, levels_, security_;
    Duration timeout_;
    bool looked_ = false, has_logins_ = false;
    Time before_at_{};
};

Pattern read_patterns(CheckRequest& request, std::string_view key, std::string_view otherwise) {
    std::vector<std::string> texts = request.fields.texts(key);
    if (!request.fields.has(key) && !otherwise.empty()) texts.emplace_back(otherwise);
    return Pattern::any_of(texts, request.fields.place_of(key), request.problems);
}

std::unique_ptr<Check> make_log(CheckRequest& request) {
    Fields& fields = request.fields;
    // The row's own are read where its name is; here they are near to what was misspelt.
    for (const std::string_view key :
         {"name", "service", "every", "timeout", "learning", "brute_force", "root_logins"}) {
        (void)fields.text(key);
    }
    LocalAsk ask;
    const std::string file = request.subject.is_scalar() ? request.subject.text : "";
    const bool journal = fields.boolean("journald", false);
    const std::string unit = fields.text("unit");
    if (journal == !file.empty()) {
        request.error(request.settings.check.place,
                      "a log is either 'file: PATH' or 'journald: true'");
    } else if (!journal && !file.starts_with('/')) {
        request.error(request.subject.place, "'" + shown(file) + "' is no absolute path");
    }
    if (!unit.empty() && !journal)
        request.error(fields.place_of("unit"), "'unit' needs 'journald: true'");
    if (request.remote_host() != nullptr) {
        request.error(request.settings.check.place, "logs are read on this machine only, and '" +
                                                        request.settings.target + "' runs on '" +
                                                        request.remote_host()->name + "'");
    }
    ask.what = journal ? LocalAsk::What::journal_tail : LocalAsk::What::log_tail;
    ask.text = journal ? unit : file;
    Pattern errors = read_patterns(request, "error_pattern", kDefaultErrors);
    Pattern ignore = read_patterns(request, "ignore", kDefaultIgnore);
    // What somebody says is none of theirs is none.
    Pattern levels = fields.has("ignore") ? Pattern() : Pattern::make(kErrorLevels).value();
    Pattern security = read_patterns(request, "security_pattern", "");
    return std::make_unique<LogCheck>(request, std::move(ask), std::move(errors), std::move(ignore),
                                      std::move(levels), std::move(security));
}

}  // namespace

CheckKind log_check_kind() {
    return {
        .name = "log",
        .help = "new lines of a log file or of the journal of this machine: errors a minute",
        .subject = "file",
        .settings = {{"file", "path", "", "the log; * and ? name several; or journald instead"},
                     {"journald", "true or false", "false", "read the journal instead of a file"},
                     {"unit", "text", "every unit", "of the journal, only this unit's lines"},
                     {"error_pattern", "list of regular expressions",
                      "words such as error, fatal, panic, and names such as TypeError",
                      "lines that are errors; RE2"},
                     {"ignore", "list of regular expressions",
                      "\"0 errors\", error=\"\" and the like",
                      "lines that are none, whatever else matches"},
                     {"security_pattern", "list of regular expressions", "none",
                      "a line that matches is the event security"}},
        .use = CheckKind::Use::log,
        .make = make_log};
}

}  // namespace ops
