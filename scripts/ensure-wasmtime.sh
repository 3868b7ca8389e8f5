#!/usr/bin/env bash
# Makes sure that build/tools/wasmtime/ holds the Python package wasmtime, the second WebAssembly engine of
# tests/engines/: downloaded once with pip, and kept in the cache. Nothing is installed for any other program.
# Without it, those tests are skipped, and this says how to get it; with CI set, that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
version=50.0.1
link=build/tools/wasmtime
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ai-token-ratelimit/wasmtime-$version-$(uname -s)-$(uname -m)"

works() {
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$1" python3 -c 'import wasmtime; wasmtime.Engine()' 2>/dev/null
}

download() {
  command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || return 1
  echo "Downloading the WebAssembly engine wasmtime $version (PyPI package wasmtime) ..."
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$directory" "wasmtime==$version" || return 1
  mkdir -p "$(dirname "$cache")"
  rm -rf "$cache.$$"
  python3 -m zipfile --extract "$directory"/wasmtime-*.whl "$cache.$$" || return 1
  works "$cache.$$" || { rm -rf "$cache.$$"; return 1; }
  # Renamed into place, so that a run that is interrupted leaves no half of it.
  rm -rf "$cache"
  mv "$cache.$$" "$cache"
}

if works "$cache" || download; then
  mkdir -p "$(dirname "$link")"
  [ "$(readlink "$link" 2>/dev/null)" = "$cache" ] || ln -sfn "$cache" "$link"
  exit 0
fi

rm -f "$link"
cat >&2 <<'MESSAGE'
The WebAssembly engine wasmtime could not be had: the tests in tests/engines/ are skipped. For them:
  anywhere   python3 (3.9 or later) with pip, by which the PyPI package wasmtime is downloaded
MESSAGE
[ -z "${CI:-}" ]
