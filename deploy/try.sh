#!/usr/bin/env bash
# Shows the limit of 2,000 tokens a minute for each API key: asks the gateway twice with a new key. The first answer uses
# 2,002 tokens, so the second is 429. A gateway that is being started is given a minute; fails if it then does not limit.
#
#   deploy/try.sh [url]      http://localhost:10000, where deploy/envoy/ serves, unless told otherwise
set -euo pipefail
url="${1:-http://localhost:10000}/v1/chat/completions"
deadline=$((SECONDS + 60))

ask() {
  curl --silent --show-error --include --max-time 10 "$url" -H "x-api-key: $key" -H 'content-type: application/json' \
    -d '{"model": "fake-model", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2001}' 2>&1 |
    tr -d '\r' | cut -c 1-160
}
answered() { [[ "$2" == "HTTP/1.1 $1 "* ]]; }

for ((attempt = 1; ; ++attempt)); do
  key="try-$$-$attempt"
  first=$(ask) || true
  if answered 200 "$first"; then
    # What it used is charged when it has ended, without letting it wait for that.
    sleep 1
    second=$(ask) || true
    answered 429 "$second" && break
  fi
  if ((SECONDS >= deadline)); then
    printf 'Not limited. The last answers were:\n\n%s\n\n%s\n' "$first" "${second:-}" >&2
    exit 1
  fi
  echo "Not ready yet, once more with another key ..."
  sleep 1
done
printf 'The first request with the key %s:\n\n%s\n\nThe second:\n\n%s\n' "$key" "$first" "$second"
