#!/usr/bin/env bash
# Makes sure that `wrk`, which makes the load of `make load`, is on the PATH: installed with apt or brew if need be.
# Without it, the test of `make load` is skipped, and this says how to get it; with CI set, that is an error.
set -euo pipefail
command -v wrk >/dev/null && exit 0

install_with_apt() {
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo="sudo"
  fi
  echo "Installing wrk with apt-get ..."
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
}

if command -v apt-get >/dev/null && install_with_apt; then exit 0; fi
if command -v brew >/dev/null; then
  echo "Installing wrk with brew ..."
  brew install --quiet wrk && exit 0
fi
cat >&2 <<'MESSAGE'
wrk could not be installed: there is no `make load`, and its test is skipped. Any of these will do, then try again:
  Debian, Ubuntu   sudo apt-get install wrk
  macOS            brew install wrk
  anywhere         build it from https://github.com/wg/wrk, and put it on the PATH
MESSAGE
[ -z "${CI:-}" ]
