// Event: one line of the journal, the truth of the program. Everything else (incidents, actions,
// what the pages show) is a fold over events and can be rebuilt from them (model/incident.h).
//
// Kinds and what their body holds; `incident` and `target` are fields of the event itself:
//
//   agent.started       epoch version boot mode config_sha256 runbook_sha256
//   agent.stopped
//   agent.paused        by via     (by: the name claimed, with the unix user's where they differ;
//   agent.resumed       by via      via: what was shown for it, "token" or "password")
//   config.loaded       config_sha256 runbook_sha256
//   config.refused      reason
//   target.changed      status reason since      (status: as in product.md, `service`)
//   incident.opened     title host rule level reason facts{} members[]
//   incident.diagnosed  entry cause confidence considered[{entry, matched, why}] proposed
//   incident.investigated  how cause evidence[] claimed entry predicts reason calls
//   evidence.asked      diagnostic action argv argv_sha256
//   evidence.collected  id source text lines bytes secrets  (text went through the quarantine)
//   model.called        model input_tokens output_tokens cost_nano_usd took_ms error rest_s
//                       rest_until estimated cost_usd tokens
//   model.refused       reason           (an answer that was not believed)
//   incident.state      state reason
//   incident.level      level criterion
//   incident.noted      text by
//   incident.acknowledged by via note
//   incident.resolved   by(auto|human|self) reason note
//   action.denied       action entry step attempt argv reason
//   action.awaiting     action entry step attempt argv argv_sha256 needed expires
//   action.approved     action by via argv_sha256
//   action.rejected     action by via
//   action.intent       action entry entry_sha256 step attempt argv argv_sha256 effect approval
//                       epoch not_after boot before{} undo
//   action.outcome      action how code output output_sha256 took_ms found(reply|disk|process)
//   action.unknown      action reason      (may have happened: looked at, never re-run blindly)
//   action.verified     action reason
//   action.failed       action reason
//   action.undone       action
//   alert.queued        key level state channels[] title text fields{}
//   alert.sent          key channel
//   alert.failed        key channel error next_try      (without next_try: never tried again)
//   silence.added       matcher until by via
//   silence.ended       matcher by
//   event.outside       kind body{}              (pushed: deploy, security ...)
//   memory.stored       id title
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/time.h"

namespace ops {

struct Event {
    uint64_t seq = 0;  // given by the journal, from 1 without gaps
    Time at{};
    std::string kind;
    std::string incident;  // id, or empty
    std::string target;    // service, host or signal, or empty
    Json body = Json::object();
    std::string hash;  // given by the journal: chains this event to the one before
};

}  // namespace ops
