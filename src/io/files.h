// Files is the program's whole view of the disk (the database has its own: record/database.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ops {

// Of a file system: what is left of it for users other than root, as df counts it. A file system
// without a fixed number of inodes says 0 of 0.
struct DiskSpace {
    double bytes = 0, free_bytes = 0;
    double inodes = 0, free_inodes = 0;
    bool read_only = false;
};

class Files {
public:
    virtual ~Files() = default;

    virtual Result<std::string> read(const std::string& path) = 0;
    // Replaces the whole file at once, mode 0600: after a power cut it is the old one or the new
    // one.
    virtual Result<> replace(const std::string& path, std::string_view bytes) = 0;
    // Makes a file that must not exist yet (O_CREAT|O_EXCL, 0600) and syncs file and folder before
    // it returns. Fault::denied when the file exists: that is the answer the executor's
    // at-most-once rests on.
    virtual Result<> create_new(const std::string& path, std::string_view bytes) = 0;
    virtual Result<> remove(const std::string& path) = 0;  // ok when it was not there
    // With its parents, mode 0700; ok when it is there.
    virtual Result<> make_folder(const std::string& path) = 0;
    virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;  // names, sorted
    virtual Result<DiskSpace> space(const std::string& folder) = 0;  // where this folder is
};

}  // namespace ops
