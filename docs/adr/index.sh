#!/usr/bin/env bash
# Makes docs/adr/README.md from the records' header tables; --check fails when it is stale
# or a record lacks a header row.
set -euo pipefail
cd "$(dirname "$0")"
out=$(
  echo "# Architecture decision records"
  echo
  echo "Made by index.sh; one page at most each."
  echo
  echo "| no | decision | status |"
  echo "|---|---|---|"
  for f in [0-9]*.md; do
    title=$(sed -n '1s/^# //p' "$f")
    status=$(sed -n 's/^| status | \(.*\) |$/\1/p' "$f")
    [ -n "$title" ] && [ -n "$status" ] || { echo "adr: $f has no title or status row" >&2; exit 1; }
    echo "| [${f%%-*}]($f) | ${title#* } | $status |"
  done
)
if [ "${1:-}" = --check ]; then
  [ "$out" = "$(cat README.md)" ] || { echo "adr: docs/adr/README.md is stale; run docs/adr/index.sh" >&2; exit 1; }
else
  printf '%s\n' "$out" > README.md
fi
