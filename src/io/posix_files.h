// PosixFiles: the disk. What it says is done has been synced, the folder too.
//
// After a failed sync the kernel may have dropped the bytes and forgotten the error, so asking
// again proves nothing: the answer is Fault::corrupt, its message says "effect unknown", and the
// caller must not carry on as if either outcome were certain. Reads are limited to 256 MiB.
#pragma once

#include "io/files.h"

namespace ops {

class PosixFiles : public Files {
public:
    Result<std::string> read(const std::string& path) override;
    Result<> replace(const std::string& path, std::string_view bytes) override;
    // Of somebody's own file, which must be there: as replace(), but owner and mode stay.
    Result<> rewrite(const std::string& path, std::string_view bytes);
    Result<> create_new(const std::string& path, std::string_view bytes) override;
    Result<> remove(const std::string& path) override;
    Result<> make_folder(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& folder) override;
    Result<DiskSpace> space(const std::string& folder) override;
};

}  // namespace ops
