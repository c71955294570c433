// Terms: text as the words by which it is found again, cut alike for storing and for asking.
//
// Names are taken apart where people join words (KubePodCrashLooping, worker_process_status,
// brain-api), letters are lower, words that say nothing ("the", "is") are left out, and what is
// left is stemmed (learn/stem.h). A word comes as often as it is in the text: a question that says
// "replicas" three times is about replicas.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

constexpr size_t kMostTerms = 4000;  // of one text; the rest is not indexed

std::vector<std::string> terms_of(std::string_view text);

}  // namespace ops
