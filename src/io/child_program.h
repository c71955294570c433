// ChildProgram: a second process of our own that lives as long as we do (the executor of a `run`).
//
// Unlike what Processes runs it keeps our environment, standard output and error, and gets
// descriptors: those given, as 3, 4, ..., and after them the reading end of a pipe. The pipe ends
// when we let go or die, however we die; what the child does then is its own affair. It has a
// session of its own, so that the terminal's Ctrl-C is not for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/descriptor.h"

namespace ops {

class ChildProgram {
public:
    // `argv[0]` is an absolute path. "{life}" as a word becomes the number of the pipe's
    // descriptor.
    static Result<std::unique_ptr<ChildProgram>> start(std::vector<std::string> argv,
                                                       const std::vector<int>& descriptors);
    ~ChildProgram();  // lets go; does not wait
    ChildProgram(const ChildProgram&) = delete;
    ChildProgram& operator=(const ChildProgram&) = delete;

    int pid() const { return pid_; }
    bool has_ended();

private:
    ChildProgram(int pid, Descriptor life) : pid_(pid), life_(std::move(life)) {}
    const int pid_;
    Descriptor life_;
    bool ended_ = false;
};

}  // namespace ops
