// What attackers write, in the twenty ways in which it is hidden, and what a model says that does
// whatever it reads. For attacks_test.cc.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.h"

namespace ops {

struct Attack {
    std::string id, payload;
};

// Of a file with a JSON object a line; empty where there is no such file.
std::vector<Attack> read_attacks(const std::string& path);

struct Mutation {
    std::string_view name;
    std::string (*hide)(const std::string& text);
};
const std::array<Mutation, 20>& mutations();

// One answer of an obeying model: what it is, and the attacker's wish in that form.
struct Obeying {
    std::string_view name;
    std::function<sim::World::ModelAnswer(const std::string& wish)> say;
};
// All of them are refused but the last two: a cause in the attacker's words, and an entry that was
// offered, with a prediction that is so.
const std::vector<Obeying>& obeying_answers();

}  // namespace ops
