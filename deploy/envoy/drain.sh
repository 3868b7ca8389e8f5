#!/usr/bin/env bash
# Ends the service of an Envoy so that nothing is lost: what calls have used is charged when they end, and Envoy gives a filter
# no time any more once it has got SIGTERM. So this comes before it, as a preStop hook or by hand:
#
#   deploy/envoy/drain.sh [url of the admin]      http://127.0.0.1:9901 unless told otherwise
#
#   DRAIN_SECONDS=300   how long calls may take to end; those that then still run are lost with the rest
#   QUIET_SECONDS=2     how long nothing may have been charged at last: more than redis.timeout, or 20 to wait for what is
#                       tried again while Redis does not answer
#
# New requests are still served, since others may not know yet that this Envoy is ending. But its health check fails, and
# clients are told to open new connections elsewhere. Fails if calls were still running in the end.
set -euo pipefail
admin=${1:-http://127.0.0.1:9901}
deadline=$((SECONDS + ${DRAIN_SECONDS:-300}))
quiet=${QUIET_SECONDS:-2}

ask() { curl --silent --show-error --fail --max-time 5 "$@"; }
# The sum of statistics: requests that run, but for those to the admin itself; and what is charged, lost or failed.
sum() { awk -F': ' '$1 !~ /^http\.admin\./ { sum += $2 } END { print sum + 0 }'; }
running() { ask --get --data-urlencode 'filter=^http\..*\.downstream_rq_active$' "$admin/stats" | sum; }
told() {
  ask --get --data-urlencode 'filter=ai_(token_ratelimit|quota)\.((charged|lost)_tokens|redis_failures\..*)$' "$admin/stats" | sum
}

ask --request POST "$admin/healthcheck/fail" >/dev/null
ask --request POST "$admin/drain_listeners?graceful&skip_exit" >/dev/null
last=$(told)
since=$SECONDS
while ((SECONDS < deadline)); do
  now=$(told)
  if [ "$(running)" -ne 0 ] || [ "$now" != "$last" ]; then
    last=$now since=$SECONDS
  elif ((SECONDS - since > quiet)); then
    exit 0
  fi
  sleep 0.2
done
[ "$(running)" -eq 0 ] || { echo "$(running) requests were still running." >&2; exit 1; }
