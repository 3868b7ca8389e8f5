#!/usr/bin/env bash
# Makes sure that the images for the tests in tests/containers/ are here, and writes their names to
# build/tools/containers.env, in the variables that the compose.yaml files of deploy/ read; what the environment names
# already is kept. Without CI they are the public ones, pulled once. With CI set, where none can be pulled, they are made of
# the programs that the other tests run (redis-server, webdis, Node.js, build/tools/envoy), under names of their own.
# If they cannot be had, or without Docker, those tests are skipped; with CI set, that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/build/tools
names=build/tools/containers.env
export PATH=$PATH:$tools/bin
rm -f "$names"
docker info >/dev/null 2>&1 || [ -n "${CI:-}" ] || exit 0

# Where the libraries are that scripts/tools/debian.sh has unpacked, and the program behind its link or script.
libraries=""
if [ -d "$tools/debian" ]; then
  libraries=$(find "$tools/debian" -type d -path '*lib/*-linux-gnu*' -prune -print | paste -sd: -)
fi
program() {
  local path
  path=$(command -v "$1")
  case $path in "$tools"/bin/*) path=$tools/debian/usr/bin/$1 ;; esac
  realpath "$path"
}

# image <name> <program>=<file>...: an image of these programs and the libraries they load, and of nothing else, not even a
# shell. Its tag is a digest of the programs, so it is made once.
image() {
  local name=$1 one reference root
  shift
  reference="ai-token-ratelimit-test/$name:$(sha256sum "${@#*=}" | sha256sum | cut -c 1-12)"
  if ! docker image inspect "$reference" >/dev/null 2>&1; then
    echo "Making the image $reference ..." >&2
    root=$(mktemp -d)
    mkdir -p "$root/usr/local/bin" && install -d -m 1777 "$root/tmp"
    for one in "$@"; do
      cp "${one#*=}" "$root/usr/local/bin/${one%%=*}"
      LD_LIBRARY_PATH=$libraries ldd "${one#*=}" | grep -oE '/[^ ]+' | xargs -r cp -L --parents -t "$root"
    done
    # Libraries that were unpacked get to where the image's loader looks.
    if [ -d "$root$tools/debian" ]; then
      cp -a "$root$tools/debian/." "$root/"
      rm -rf "${root:?}$tools"
    fi
    tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/local/bin' - "$reference" >/dev/null
    rm -rf "$root"
  fi
  echo "$reference"
}

if [ -n "${CI:-}" ]; then
  : "${REDIS_IMAGE:=$(image redis "redis-server=$(program redis-server)" "redis-cli=$(program redis-cli)")}"
  : "${WEBDIS_IMAGE:=$(image webdis "webdis=$(program webdis)")}"
  : "${ENVOY_IMAGE:=$(image envoy "envoy=$(realpath build/tools/envoy)")}"
  : "${NODE_IMAGE:=$(image node "node=$(node --print process.execPath)")}"
else
  : "${REDIS_IMAGE:=redis:7.4-alpine}"
  : "${WEBDIS_IMAGE:=nicolas/webdis:0.1.22}"
  : "${ENVOY_IMAGE:=envoyproxy/envoy:v1.40.0}"
  : "${NODE_IMAGE:=node:22-alpine}"
fi

for image in "$REDIS_IMAGE" "$WEBDIS_IMAGE" "$ENVOY_IMAGE" "$NODE_IMAGE"; do
  docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" || {
    echo "The image $image could not be pulled: the tests in tests/containers/ are skipped." >&2
    [ -z "${CI:-}" ]
    exit
  }
done

mkdir -p "$(dirname "$names")"
cat >"$names" <<NAMES
REDIS_IMAGE=$REDIS_IMAGE
WEBDIS_IMAGE=$WEBDIS_IMAGE
ENVOY_IMAGE=$ENVOY_IMAGE
NODE_IMAGE=$NODE_IMAGE
NAMES
