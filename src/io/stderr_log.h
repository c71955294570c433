// StderrLog: "<3>message" for journald when it listens, else "14:30:00 warning: message" on
// standard error. Safe from many threads: one write a line.
#pragma once

#include "io/clock.h"
#include "io/log.h"

namespace ops {

class StderrLog : public Log {
public:
    // Lines below `least` are left out.
    StderrLog(Clock& clock, Severity least) : clock_(clock), least_(least) {}
    void line(Severity severity, std::string_view message) override;

private:
    Clock& clock_;
    Severity least_;
};

}  // namespace ops
