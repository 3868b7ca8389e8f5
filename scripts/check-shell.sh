#!/usr/bin/env bash
# Checks all shell scripts of the project with ShellCheck. Without it this says so, and succeeds; in CI,
# scripts/ensure-tools.sh has failed before.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v shellcheck >/dev/null || { echo "There is no ShellCheck: shell scripts are not checked." >&2; exit 0; }
find .ci/run scripts deploy tests \( -name '*.sh' -o -path .ci/run \) -not -path '*/node_modules/*' -print0 |
  xargs -0 shellcheck --external-sources
