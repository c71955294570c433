// Workers: runs blocking functions on a few threads. What a function returns goes to the inbox
// through the closure.
#pragma once

#include <functional>

namespace ops {

class Workers {
public:
    virtual ~Workers() = default;
    // Never blocks. False when the bounded queue is full: the caller tells it and tries again
    // later.
    virtual bool submit(std::function<void()> job) = 0;
};

}  // namespace ops
