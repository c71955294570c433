// OutsideBrain: another program's memory, asked and told over the Brain API of product.md 6. It may
// be absent, slow or hostile: every call is bounded in time and size, and what it says is
// untrusted. Blocking; for a worker.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/brain_settings.h"
#include "io/files.h"
#include "io/http.h"
#include "model/memory.h"

namespace ops {

constexpr size_t kMostFromOutside = 3;  // of one answer

class OutsideBrain {
public:
    OutsideBrain(Http& http, Files& files, const BrainSettings& settings)
        : http_(http), files_(files), settings_(settings) {}

    // At most kMostFromOutside, with provenance `outside`: quarantined for people
    // (patterns/quarantine.h). Who shows them to a model quarantines them for a model.
    Result<std::vector<Memory>> search(const std::string& text, Time now);
    // Its id there.
    Result<std::string> tell(const Memory& memory, const std::string& from);
    Result<> health();

private:
    Result<Json> ask(const std::string& method, const std::string& path, const std::string& body);

    Http& http_;
    Files& files_;
    const BrainSettings& settings_;
};

// What another Brain is told besides title and text, as `meta`.
Json meta_of(const Memory& memory, const std::string& from);

}  // namespace ops
