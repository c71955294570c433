#!/usr/bin/python3
"""Tests against the real programs that ops-agent was written for.

    counterparts.py OPS_AGENT [NAME ...]      names: nginx prometheus supervisord plugins mail channels models contracts
                                              pings remote brains money alerts_in presses watchers
                                              delivery described

Starts what is installed, or unpacked by `tools/unpack real`, on loopback and in a temporary folder. What is not there is
skipped and said; when nothing is, the exit code is 77, which ctest takes as skipped.
"""
import os
import signal
import sys

import alerts_in
import brains
import channels
import contracts
import delivery
import described
import looks
import mail
import models
import money
import pings
import presses
import remote
import watchers
from stage import Stage

# Each says False when its counterpart is not there.
STAGES = {"nginx": looks.nginx, "prometheus": looks.prometheus, "supervisord": looks.supervisord,
          "plugins": looks.plugins, "mail": mail.mail, "channels": channels.channels, "models": models.models,
          "contracts": contracts.contracts, "pings": pings.pings, "money": money.money, "remote": remote.remote, "brains": brains.brains,
          "alerts_in": alerts_in.alerts_in, "presses": presses.presses, "delivery": delivery.delivery,
          "watchers": watchers.watchers, "described": described.described}


def main():
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that all is ended
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    wrong, tried = 0, 0
    for name in sys.argv[2:] or STAGES:
        print("%s:" % name, flush=True)
        with Stage(os.path.abspath(sys.argv[1])) as stage:
            if STAGES[name](stage) is False:
                print("  skipped: it is not there")
                continue
            tried += 1
            wrong += stage.wrong
    if tried == 0:
        sys.exit(77)
    sys.exit(1 if wrong else 0)


main()
