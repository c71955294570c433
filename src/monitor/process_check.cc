#include "monitor/process_check.h"

#include "monitor/machine_text.h"

namespace ops {

ProcessCheck::ProcessCheck(const CheckRequest& request)
    : Check(request.index, request.settings.target, request.kind.name),
      timeout_(request.settings.timeout) {}

Judged ProcessCheck::judge(const Reply& reply) {
    const LocalAnswer* local = local_answer(reply);
    const bool about_machine = local != nullptr && local->machine && !local->unit;
    if (about_machine) memory_.set_machine_memory(local->machine->memory_total);
    if (waiting_ && (about_machine || !reply.answer.ok())) {
        const Reply look = *std::move(waiting_);
        waiting_.reset();
        return judge_look(look);
    }
    if (local != nullptr && !local->processes.empty() && !asked_memory_) {
        asked_memory_ = true;
        waiting_ = reply;
        Judged judged;
        judged.ask_now = LocalAsk{LocalAsk::What::machine, "", {}};
        return judged;
    }
    return judge_look(reply);
}

Judged ProcessCheck::judge_seen(const Reply& reply, const std::vector<ProcessSeen>& seen,
                                const ProcessWish& wish) {
    Judged judged;
    judged.observation = observe(*this, reply);
    ProcessMemory::judge(seen, wish, judged.observation);
    memory_.measure(seen, reply.at, judged.observation);
    const ProcessSeen* main = ProcessMemory::oldest(seen);
    memory_.follow(main == nullptr ? std::nullopt : std::optional(main->id), false, judged);
    if (local_answer(reply) != nullptr) {
        watch(main == nullptr ? ProcessIdentity{} : main->id, judged);
    }
    return judged;
}

void ProcessCheck::watch(ProcessIdentity process, Judged& judged) {
    if (process == watched_) return;
    watched_ = process;
    judged.watch = process;
}

Judged ProcessCheck::unknown(const Reply& reply, std::string reason) {
    Judged judged;
    judged.observation = observe(*this, reply);
    judged.observation.health = Health::unknown;
    judged.observation.reason = std::move(reason);
    add_fact(judged.observation, "process_status", Value::string("unknown"));
    return judged;
}

bool Patience::is_exhausted(bool transient, Time at) {
    if (!transient) {
        since_.reset();
        return false;
    }
    if (!since_ || *since_ > at) since_ = at;
    return at - *since_ > limit_;
}

const LocalAnswer* local_answer(const Reply& reply) {
    return reply.answer.ok() ? std::get_if<LocalAnswer>(&reply.answer.value()) : nullptr;
}

}  // namespace ops
