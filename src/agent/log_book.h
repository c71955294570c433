// LogBook: what each log of the configuration has said, and what of it is new
// (`new_error_pattern`).
//
// Of each log one patterns::Novelty, and of its last hour what a person wants to see when something
// broke: which error patterns came how often, and the newest lines. Pure: the agent feeds it what
// the checks read and saves what it is told to.
//
// Invariant: a pattern is told at most once, whatever crashes. next() moves a notice to `telling`,
// which is saved before anybody is told; after a restart the journal says whether it was told
// (agent_logs.cc), and only what was not is told then.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "monitor/checks.h"
#include "patterns/novelty.h"
#include "patterns/quarantine.h"

namespace ops {

// New patterns of one log, to be told once.
struct LogNews {
    std::string id;  // "app@1769696400000": of the log, and when it was due
    std::string log, target;
    NewErrors errors;

    // `log app: "Failed to open <path>" (3 lines)`, and how many more patterns there are.
    std::string line() const;
    // Each template that is kept and a line of it.
    std::string text() const;
};

class LogBook {
public:
    // Of this configuration; what was learned of a log that is named again is kept.
    void arrange(const std::vector<LogRow>& rows, Time now);

    void observe(size_t row, const Judged& judged, Time at);
    // What is to be told now. It stays the same until told() says that it is in the journal.
    std::optional<LogNews> next(Time now);
    void told(const LogNews& news);
    // What was being told when the program ended.
    std::vector<LogNews> telling() const;

    // What is known of the logs of a target, for a person: `reader` decides what of their words is
    // shown. One text for each log.
    struct Said {
        std::string log;
        std::string text;
    };
    std::vector<Said> said_by(std::string_view target, Time now, Reader reader) const;

    // Which errors the logs of a target told of from `from` to `to`, of the last hour: one line for
    // each template, sorted, at most kMostSigns, the most frequent. Made to be compared with those
    // of another day: the words are the ordinary ones only, whatever was learned until then, and
    // "#1f3...9c2" at the end tells apart what shows the same: three hexadecimal digits of each
    // word. So nothing that somebody wrote into a log can be read in it, and one of a template that
    // was generalised since is known again (learn/signature.h).
    static constexpr size_t kMostSigns = 12;
    std::vector<std::string> signs_of(std::string_view target, Time from, Time to) const;

    // --- what must survive ---
    enum class Save { what_is_known, due, all };
    struct Saved {
        std::string key, text;  // of the store's states
    };
    // What changed and is worth writing: what is known at once; the templates a minute after their
    // shapes changed, else seldom. Counts as saved.
    std::vector<Saved> to_save(Time now, Save what);
    static std::string key_of(std::string_view log) { return "log " + std::string(log); }
    static std::string templates_key_of(std::string_view log) {
        return "log templates " + std::string(log);
    }
    // A damaged state is refused, and that log is learned anew.
    Result<> restore(std::string_view log, std::string_view known);
    Result<> restore_templates(std::string_view log, std::string_view templates);

private:
    struct Log {
        LogRow row;
        Novelty novelty;
        std::optional<LogNews> telling;
        std::deque<std::pair<Time, uint64_t>> errors;       // of the last hour: template
        std::deque<std::pair<Time, std::string>> newest{};  // lines
        uint64_t saved_changes = 0, saved_shapes = 0, saved_lines = 0;
        bool telling_changed = false;
        Time templates_saved_at{};
    };
    static NoveltySettings settings_of(const LogRow& row);
    Log* find(std::string_view name);

    std::vector<Log> logs_;
};

}  // namespace ops
