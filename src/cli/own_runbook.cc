#include "cli/own_runbook.h"

namespace ops {

Result<> write_if_unchanged(PosixFiles& files, const GrownFile& grown, const std::string& kept) {
    TRY(files.create_new(kept, grown.before));
    if (TRY(files.read(grown.path)) == grown.before) return files.rewrite(grown.path, grown.after);
    TRY(files.remove(kept));  // or the next try would be refused for it
    return Error{Fault::denied, "'" + grown.path + "' was changed meanwhile; nothing was written"};
}

}  // namespace ops
