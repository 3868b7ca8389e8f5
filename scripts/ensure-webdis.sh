#!/usr/bin/env bash
# Makes sure that `webdis`, Redis over HTTP for the tests in tests/envoy/, is on the PATH: installed with apt or brew if
# need be. Without it, those tests are skipped, and this says how to get it; with CI set, that is an error.
set -euo pipefail
command -v webdis >/dev/null && exit 0

install_with_apt() {
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo="sudo"
  fi
  echo "Installing webdis with apt-get ..."
  # Debian starts a service after installing; the tests start their own server instead.
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends webdis >/dev/null
}

if command -v apt-get >/dev/null && install_with_apt; then exit 0; fi
if command -v brew >/dev/null; then
  echo "Installing webdis with brew ..."
  brew install --quiet webdis && exit 0
fi
cat >&2 <<'MESSAGE'
Webdis could not be installed: the tests in tests/envoy/ are skipped. Any of these will do, then try again:
  Debian, Ubuntu   sudo apt-get install webdis
  macOS            brew install webdis
  anywhere         build it from https://github.com/nicolasff/webdis, and put it on the PATH
MESSAGE
[ -z "${CI:-}" ]
