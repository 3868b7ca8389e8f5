#!/usr/bin/env bash
# What is quick of `make check`, before a commit; as far as it can be, only for the files that are committed. `make hooks`
# installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/build/tools/bin

files=()
while IFS= read -r -d '' file; do files+=("$file"); done < <(git diff --cached --name-only --diff-filter=ACMR -z)
[ ${#files[@]} -gt 0 ] || exit 0
has() { printf '%s\n' "${files[@]}" | grep -qE "$1"; }

node_modules/.bin/prettier --check --log-level warn --ignore-unknown "${files[@]}"
if has '\.(ts|mts|mjs)$'; then
  code=()
  for file in "${files[@]}"; do case $file in *.ts | *.mts | *.mjs) code+=("$file") ;; esac; done
  node_modules/.bin/eslint --no-warn-ignored "${code[@]}"
  node_modules/.bin/tsc
  node --import tsx scripts/check-assembly.ts
fi
if has '^assembly/'; then node scripts/build.mjs --check; fi
if has '\.sh$|^\.ci/run$'; then scripts/check-shell.sh; fi
if has '\.md$'; then
  node_modules/.bin/remark --frail --quiet --ignore-pattern build .
  node --import tsx scripts/check-documents.ts
fi
