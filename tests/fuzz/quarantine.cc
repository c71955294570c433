// Any bytes: what a model or a person is shown of them is printable, bounded, and stays the same
// when it is shown again; the templates they teach are found again, and are saved and read back the
// same; as a saved state they are refused or read.
#include "patterns/quarantine.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "patterns/secrets.h"
#include "patterns/templates.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string text(bytes, bytes + size);
    if (auto state = ops::Templates::restore(text, 50); state.ok()) {
        ops::Templates templates = std::move(state).value();
        ASSERT(ops::Templates::restore(templates.save(), 50).ok());
        templates.learn("connection refused by 10.0.0.1");
        ASSERT(ops::Templates::restore(templates.save(), 50).ok());
    }
    ops::Templates learned(50);
    for (const std::string_view line : ops::split(text, '\n')) {
        learned.learn(line);
        ASSERT(learned.find(line) != nullptr);
    }
    const auto again = ops::Templates::restore(learned.save(), 50);
    ASSERT(again.ok() && again.value().save() == learned.save());
    for (const ops::Reader reader : {ops::Reader::model, ops::Reader::person}) {
        const ops::Quarantined seen =
            ops::quarantine({.source = text, .text = text}, learned, reader);
        ASSERT(seen.text.size() <= ops::kMostQuarantined);
        ASSERT(ops::printable(seen.text, ops::Lines::keep) == seen.text);
        ASSERT(ops::redact_secrets(seen.text).text == seen.text);
        const ops::Quarantined twice =
            ops::quarantine({.source = text, .text = seen.text}, learned, reader);
        ASSERT(twice.text == seen.text);
    }
    return 0;
}
