#!/usr/bin/env bash
# Makes sure that Docker runs containers for the tests in tests/containers/. Without CI nothing is installed or started: those
# tests are skipped, and this says what is missing. With CI set, the engine and Compose are installed with apt if need be,
# without being enabled at boot, and the engine is started; `ensure-docker.sh stop` then stops what this has started.
set -euo pipefail
cd "$(dirname "$0")/.."
log="${DOCKERD_LOG:-/var/log/dockerd.log}"
started=build/tools/dockerd.started # how it was started: its process, or "systemd"

answers() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
composes() { docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1; }

install_with_apt() {
  echo "Installing docker.io, docker-compose and curl with apt-get, not enabled at boot ..."
  local policy=/usr/sbin/policy-rc.d mine="" status=0
  # Debian's way to say that no service is to be started: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
  if [ ! -e "$policy" ]; then
    mine=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  { apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io docker-compose curl >/dev/null; } ||
    status=1
  [ -z "$mine" ] || rm -f "$mine"
  local unit
  for unit in docker.service docker.socket containerd.service; do
    systemctl disable "$unit" >/dev/null 2>&1 || true
  done
  update-rc.d docker disable >/dev/null 2>&1 || true
  return $status
}

start() {
  mkdir -p "$(dirname "$started")"
  if [ -d /run/systemd/system ]; then
    systemctl start docker
    echo systemd >"$started"
  else
    # It outlives `make`, and must not keep its output open.
    setsid nohup dockerd >"$log" 2>&1 </dev/null &
    echo $! >"$started"
  fi
  for _ in $(seq 150); do
    answers && return
    sleep 0.2
  done
  tail -n 20 "$log" >&2 || true
  return 1
}

stop() {
  [ -f "$started" ] || return 0
  local what
  what=$(cat "$started")
  rm -f "$started"
  if [ "$what" = systemd ]; then
    systemctl stop docker.service docker.socket containerd.service || true
    return
  fi
  kill "$what" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$what" 2>/dev/null || break
    sleep 0.1
  done
  # What it leaves on purpose for its next start.
  ip link delete docker0 2>/dev/null || true
}

ensure() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  { { answers || command -v dockerd >/dev/null; } && composes; } || install_with_apt || return 1
  answers || { echo "Starting the Docker engine ..." && start; }
}

if [ "${1:-}" = stop ]; then stop; exit; fi
if answers && composes; then exit 0; fi
if [ -n "${CI:-}" ] && ensure; then exit 0; fi
cat >&2 <<'MESSAGE'
Docker with Compose is not running here: the tests in tests/containers/ are skipped. Either will do, then try again:
  anywhere         start Docker Desktop, or the engine (sudo systemctl start docker): https://docs.docker.com/get-started/get-docker/
  Debian, Ubuntu   sudo apt-get install docker.io docker-compose, and add yourself to the group docker
MESSAGE
[ -z "${CI:-}" ]
