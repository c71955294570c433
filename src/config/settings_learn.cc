// `learn:` of the configuration.
#include "config/fields.h"
#include "config/settings_parts.h"

namespace ops {

LearnSettings read_learn(const Node& node, Problems& problems) {
    Fields fields(node, "learn", problems);
    LearnSettings learn;
    learn.repeats = fields.integer("repeats", learn.repeats, 2, 100);
    learn.shell_history = fields.texts("shell_history");
    learn.journal = fields.boolean("journal", learn.journal);
    fields.done();
    return learn;
}

}  // namespace ops
