#!/bin/bash
# A small company on loopback, real processes, broken on a loop and repaired by the agent.
#
#   demo/demo.sh           until it is interrupted
#   demo/demo.sh --once    each breakage once; 0 only when each was repaired and verified, else 1
#
# OPS_AGENT names another program than build/release/ops-agent; OPS_KEEP=1 keeps the folder.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/demo.py" "$@"
