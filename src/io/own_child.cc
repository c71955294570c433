#include "io/own_child.h"

#include <sys/stat.h>

#include <filesystem>

#include "io/posix_files.h"
#include "io/wire.h"

namespace ops {
namespace {

uint64_t inode_of(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<OwnChild>> OwnChild::start(const std::string& program,
                                                  const std::string& verb,
                                                  const std::string& config_file,
                                                  const std::string& socket_path) {
    PosixFiles files;
    TRY(files.make_folder(std::filesystem::path(socket_path).parent_path()));
    const Descriptor listening = TRY(listen_at(socket_path));
    const uint64_t inode = inode_of(socket_path);
    auto started = TRY(ChildProgram::start({program, verb, "--config", config_file,
                                            "--listening-fd", "3", "--life-fd", "{life}"},
                                           {listening.get()})
                           .during("start the " + verb));
    return std::unique_ptr<OwnChild>(new OwnChild(socket_path, inode, std::move(started)));
}

bool OwnChild::can_be_reached() const {
    return socket_inode_ != 0 && inode_of(socket_path_) == socket_inode_;
}

KeptChild::KeptChild(std::string program, std::string verb, std::string config_file,
                     std::string socket_path)
    : program_(std::move(program)),
      verb_(std::move(verb)),
      config_file_(std::move(config_file)),
      socket_path_(std::move(socket_path)) {}

Result<> KeptChild::ensure() {
    const std::lock_guard lock(mutex_);
    if (child_ && !child_->has_ended() && child_->can_be_reached()) return {};
    child_.reset();  // what it runs it finishes, and writes down how that ended
    child_ = TRY(OwnChild::start(program_, verb_, config_file_, socket_path_));
    return {};
}

}  // namespace ops
