#!/bin/bash
# kill -9 of core and executor at random moments of repairs: nothing runs twice, nothing is lost.
#
#   OPS_KILLS=30 tests/e2e/kill9.sh       so many kills; OPS_SEED repeats the choices (not the timing)
#
# The last line is 'N passed, N failed'. OPS_AGENT names another program than build/release/ops-agent.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/kill9.py" "$@"
