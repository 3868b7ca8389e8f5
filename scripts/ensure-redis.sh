#!/usr/bin/env bash
# Makes sure that a Redis server can be started: a redis-server on the PATH, installed with apt or brew if need be,
# or else Docker. With CI set, only redis-server itself will do.
set -euo pipefail
command -v redis-server >/dev/null && exit 0

install_with_apt() {
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo="sudo"
  fi
  echo "Installing redis-server with apt-get ..."
  # Debian starts a service after installing; tests and demo start their own server instead.
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
}

if command -v apt-get >/dev/null && install_with_apt; then exit 0; fi
if command -v brew >/dev/null; then
  echo "Installing redis with brew ..."
  brew install --quiet redis && exit 0
fi
if [ -z "${CI:-}" ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  echo "No redis-server here: Redis will run in Docker."
  exit 0
fi
cat >&2 <<'MESSAGE'
A Redis server is needed, and could not be installed. Any of these will do, then try again:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install redis
  macOS            brew install redis
  Docker           start the Docker engine
MESSAGE
exit 1
