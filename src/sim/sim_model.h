// The language model of the simulated world, spelled as the OpenAI chat API does.
#pragma once

#include "sim/world.h"

namespace ops::sim {

// Takes the next answer of `world` and says it, in the way that was ordered.
HttpReply model_reply(World& world, const std::string& request_body);

}  // namespace ops::sim
