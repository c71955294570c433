#!/bin/bash
# kill -9 of core and executor at random moments of repairs: nothing runs twice, nothing is lost.
#
#   OPS_KILLS=1000 tests/e2e/kill9.sh     so many kills, in OPS_WORLDS worlds beside each other (8 a processor)
#
# OPS_SEED repeats the choices (not the timing); OPS_EFFECT=once has the command be one that must not run again;
# OPS_KEEP keeps the folders. The last line is 'N passed, N failed'. OPS_AGENT names another program than
# build/release/ops-agent.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/kill9.py" "$@"
