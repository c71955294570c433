#include "io/own_child.h"

#include <filesystem>

#include "io/posix_files.h"
#include "io/wire.h"

namespace ops {

Result<std::unique_ptr<OwnChild>> OwnChild::start(const std::string& program,
                                                  const std::string& verb,
                                                  const std::string& config_file,
                                                  const std::string& socket_path) {
    PosixFiles files;
    TRY(files.make_folder(std::filesystem::path(socket_path).parent_path()));
    const Descriptor listening = TRY(listen_at(socket_path));
    auto started = TRY(ChildProgram::start({program, verb, "--config", config_file,
                                            "--listening-fd", "3", "--life-fd", "{life}"},
                                           {listening.get()})
                           .during("start the " + verb));
    return std::unique_ptr<OwnChild>(new OwnChild(socket_path, std::move(started)));
}

KeptChild::KeptChild(std::string program, std::string verb, std::string config_file,
                     std::string socket_path)
    : program_(std::move(program)),
      verb_(std::move(verb)),
      config_file_(std::move(config_file)),
      socket_path_(std::move(socket_path)) {}

Result<> KeptChild::ensure() {
    const std::lock_guard lock(mutex_);
    if (child_ && !child_->has_ended()) return {};
    child_.reset();
    child_ = TRY(OwnChild::start(program_, verb_, config_file_, socket_path_));
    return {};
}

}  // namespace ops
