// What the agent does in the world beside repairs, once it is in the journal.
#pragma once

#include <string>
#include <vector>

#include "config/ai_settings.h"
#include "escalate/channel.h"
#include "model/memory.h"
#include "model/prompt.h"
#include "resolve/ticket.h"

namespace ops {

// Of an investigation.
struct LookCloser {
    Ticket ticket;
    std::string diagnostic;
    bool at_opening = false;
};
struct CallModel {
    std::vector<ModelSettings> models;
    Prompt prompt;
};

// Of an outside Brain.
struct AskBrain {
    std::string text;
};
struct TellBrain {
    Memory memory;
};

// What who pressed a button is told.
struct AnswerPress {
    ChannelSettings channel;
    SeenPress press;
    std::string words;
};

}  // namespace ops
