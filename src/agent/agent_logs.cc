// What the logs say: learned, and what is new of it told once.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "patterns/quarantine.h"

namespace ops {
namespace {

std::string safe(const std::string& text) {
    return std::string(trim(quarantine({"", {}, {}, text}, Templates(), Reader::person).text));
}

}  // namespace

void OpsAgent::learn_log(const ops::Check& check, const Judged& judged) {
    const bool was_read = judged.next_question && judged.observation.health == Health::good;
    const LogRow* const row = log_row_of(check);
    if (row == nullptr || !was_read) return;
    const auto place = static_cast<size_t>(row - loaded_->checks.logs.data());
    logs_.observe(place, judged, ports_.clock.now());
}

const LogRow* OpsAgent::log_row_of(const ops::Check& check) const {
    const std::vector<LogRow>& rows = loaded_->checks.logs;
    const auto row = std::find_if(rows.begin(), rows.end(), [&check](const LogRow& one) {
        return one.check == check.index();
    });
    return row == rows.end() ? nullptr : &*row;
}

// A notice is on the disk as "being told" before it is in the journal: whatever crashes, the next
// start knows from the journal whether it was (restore_logs).
void OpsAgent::tell_new_patterns() {
    const Time now = ports_.clock.now();
    if (!save_logs(LogBook::Save::due)) return;
    const std::optional<LogNews> news = logs_.next(now);
    if (!news || !save_logs(LogBook::Save::what_is_known)) return;
    // What is of no target of ours is seen at our own machine (Detector::push_event).
    const std::string target =
        loaded_->settings.inventory.has_target(news->target) ? news->target : "";
    note("log.pattern", nullptr, news->target,
         Json::object({{"id", news->id},
                       {"log", news->log},
                       {"patterns", static_cast<uint64_t>(news->errors.patterns)},
                       {"lines", static_cast<uint64_t>(news->errors.lines)},
                       {"text", safe(news->text())}}));
    being_told_ = BeingTold{"", safe(news->line()), "", ""};
    detect(detector_->push_event(target, "new_error_pattern", now));
    if (Case* const the_case = find_case(being_told_->incident)) {
        add_evidence(*the_case, "new in log " + news->log, news->target, news->text());
    }
    being_told_.reset();
    logs_.told(*news);
}

bool OpsAgent::save_logs(LogBook::Save what) {
    for (const LogBook::Saved& saved : logs_.to_save(ports_.clock.now(), what)) {
        const Result<> done = store_->set_state(saved.key, saved.text);
        if (done.ok()) continue;
        failure_ = done.error();
        return false;
    }
    return true;
}

// Before the first reply is taken in. What cannot be read is learned anew, and said.
Result<> OpsAgent::restore_logs() {
    logs_.arrange(loaded_->checks.logs, ports_.clock.now());
    for (const LogRow& row : loaded_->checks.logs) {
        const auto known = TRY(store_->state(LogBook::key_of(row.name)));
        const auto templates = TRY(store_->state(LogBook::templates_key_of(row.name)));
        Result<> read = known ? logs_.restore(row.name, *known) : Result<>();
        if (read.ok() && templates) read = logs_.restore_templates(row.name, *templates);
        if (!read.ok()) {
            ports_.log.line(Severity::warning,
                            "log '" + row.name + "' is learned anew: " + read.error().message);
        }
    }
    for (const LogNews& news : logs_.telling()) {
        EventQuery query;
        query.kind_prefix = "log.pattern";
        query.target = news.target;
        query.order = EventQuery::Order::newest_first;
        query.limit = 100;
        for (const Event& event : TRY(store_->events(query))) {
            if (event.body["id"].as_string() == news.id) logs_.told(news);
        }
    }
    return {};
}

}  // namespace ops
