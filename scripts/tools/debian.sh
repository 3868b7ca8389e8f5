#!/usr/bin/env bash
# debian.sh <program>=<package>[,<package>]...: unpacks packages of Debian or Ubuntu, and the packages they need that are not
# installed, into build/tools/debian/, and links the programs in build/tools/bin/. Needs no root and changes nothing outside
# build/tools/: no package is installed and none of their scripts run, so no service is registered, enabled or started. apt
# keeps its lists here, too, for as long as it takes, and checks signatures as always, with the sources and keys of the machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build/tools/bin
tools=$PWD/build/tools
root=$tools/debian

# Two runs of make at once take turns.
exec 9>"$tools/.debian.lock"
flock 9

debs=$(mktemp -d "$tools/debs.XXXXXX")
trap 'rm -rf "$debs"' EXIT
chmod 755 "$debs"
mkdir -p "$debs/partial" "$debs/lists/partial" "$root"

# The machine's own apt.conf may have hooks to run after an update, so of it only how to download is taken over (a proxy).
{
  apt-config dump | grep -E '^Acquire::' || true
  cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::State "$debs";
Dir::State::lists "$debs/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$debs";
Dir::Cache::archives "$debs";
Acquire::Languages "none";
APT::Install-Recommends "false";
Debug::NoLocking "true";
CONF
} >"$debs/apt.conf"
export APT_CONFIG=$debs/apt.conf

quietly() {
  "$@" >"$debs/log" 2>&1 || { tail -n 20 "$debs/log" >&2; return 1; }
}

# Download only; --reinstall, since a package that is installed may still have no program on this PATH.
packages=$(for one in "$@"; do echo "${one#*=}"; done | tr ',' '\n')
# A source that cannot be had is none of our business if the packages come from the others.
apt-get -qq update >/dev/null 2>&1 || true
# shellcheck disable=SC2086
quietly apt-get -qq -y --download-only --reinstall install $packages
for deb in "$debs"/*.deb; do
  dpkg -x "$deb" "$root"
done

# The libraries that this machine has not are beside the program.
libraries=$(find "$root" -type d -path '*lib/*-linux-gnu*' -print | paste -sd: -)
for one in "$@"; do
  program=${one%%=*}
  # A script in bin may only find the program where a package would have been installed.
  for folder in "lib/$program" bin sbin; do
    file=$root/usr/$folder/$program
    [ -x "$file" ] || continue
    rm -f "$tools/bin/$program"
    if [[ $(ldd "$file" 2>/dev/null) == *"not found"* ]]; then
      # What stands in single quotes is for the script that is written.
      # shellcheck disable=SC2016
      printf '#!/bin/sh\nLD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "%s" "$@"\n' \
        "$libraries" "$file" >"$tools/bin/$program"
      chmod +x "$tools/bin/$program"
    else
      ln -s "../debian/usr/$folder/$program" "$tools/bin/$program"
    fi
    continue 2
  done
  echo "The packages have no program $program." >&2
  exit 1
done
