#!/usr/bin/env bash
# Makes sure that the image can be pushed and pulled in tests: skopeo and a registry on the PATH, installed with apt if
# need be. Where they cannot be installed, the tests that need them are skipped, but not with CI set.
set -euo pipefail

missing() {
  local tools=()
  command -v skopeo >/dev/null || tools+=(skopeo)
  command -v docker-registry >/dev/null || command -v registry >/dev/null || tools+=(docker-registry)
  echo "${tools[@]}"
}

install_with_apt() {
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo="sudo"
  fi
  echo "Installing $* with apt-get ..."
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

read -r -a tools <<<"$(missing)"
[ ${#tools[@]} -eq 0 ] && exit 0
if command -v apt-get >/dev/null && install_with_apt "${tools[@]}" && [ -z "$(missing)" ]; then exit 0; fi
cat >&2 <<MESSAGE
Not here, and could not be installed: ${tools[*]}. Without them the image is not pushed to a registry in tests:
  Debian, Ubuntu   sudo apt-get install skopeo docker-registry
  elsewhere        https://github.com/containers/skopeo and https://distribution.github.io/distribution (as \`registry\`)
MESSAGE
[ -z "${CI:-}" ]
