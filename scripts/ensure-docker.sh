#!/usr/bin/env bash
# Makes sure that Docker runs containers for the tests in tests/containers/. With CI set, the engine and Compose are
# installed with apt and started if need be, and the engine is left running for the next run. Without CI nothing is
# installed or started: those tests are skipped, and this says what is missing.
set -euo pipefail
log="${DOCKERD_LOG:-/var/log/dockerd.log}"

answers() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
composes() { docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1; }

install_with_apt() {
  echo "Installing docker.io, docker-compose and curl with apt-get ..."
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io docker-compose curl >/dev/null
}

start() {
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    # It outlives `make`, and must not keep its output open.
    setsid nohup dockerd >"$log" 2>&1 </dev/null &
  fi
  for _ in $(seq 150); do
    answers && return
    sleep 0.2
  done
  tail -n 20 "$log" >&2 || true
  return 1
}

ensure() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  { { answers || command -v dockerd >/dev/null; } && composes; } || install_with_apt || return 1
  answers || { echo "Starting the Docker engine ..." && start; }
}

if answers && composes; then exit 0; fi
if [ -n "${CI:-}" ] && ensure; then exit 0; fi
cat >&2 <<'MESSAGE'
Docker with Compose is not running here: the tests in tests/containers/ are skipped. Either will do, then try again:
  anywhere         start Docker Desktop, or the engine (sudo systemctl start docker): https://docs.docker.com/get-started/get-docker/
  Debian, Ubuntu   sudo apt-get install docker.io docker-compose, and add yourself to the group docker
MESSAGE
[ -z "${CI:-}" ]
