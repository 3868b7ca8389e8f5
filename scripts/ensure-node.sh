#!/usr/bin/env bash
# Ends with a clear message unless Node.js 20.18 or later, and its npm, are on the PATH.
set -euo pipefail
need="Node.js 20.18 or later is needed: https://nodejs.org/en/download"
command -v node >/dev/null || { echo "$need" >&2; exit 1; }
command -v npm >/dev/null || { echo "npm is needed; it comes with Node.js: https://nodejs.org/en/download" >&2; exit 1; }
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 18) ? 0 : 1)' ||
  { echo "$need (this is $(node --version))" >&2; exit 1; }
