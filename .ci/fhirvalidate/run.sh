#!/usr/bin/env bash
# Validates FHIR R4 JSON offline with HL7's validator:
#   run.sh [--ig DIR]... [--ignore REGEX]... [--warnings] FOLDER_OR_FILE...
# Needs a JDK 17 and Maven. The first run downloads about 145 MB and builds into a cache outside this tree; later
# runs need no network. The last line is "N passed, N failed".
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${FHIRVALIDATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/neckfrac/fhirvalidate}
# The build is named by what it was made from, so that a change never runs old classes.
version=$(cd "$source_dir" && find pom.xml src -type f | sort | xargs sha256sum | sha256sum | cut -c1-16)
build=$cache/$version

if [[ ! -f $build/ready ]]; then
  for tool in java mvn; do
    command -v "$tool" > /dev/null || { echo "fhirvalidate: $tool not found" >&2; exit 2; }
  done
  rm -rf "$build"
  mkdir -p "$build"
  cp -R "$source_dir/pom.xml" "$source_dir/src" "$build"
  mvn --quiet --batch-mode --file "$build/pom.xml" package >&2
  touch "$build/ready"
fi

# One core and a small heap: the run shares its machine with the other checks.
exec java -Xmx"${FHIRVALIDATE_HEAP:-1500m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -cp "$build/target/fhirvalidate-1.jar:$build/target/jars/*" org.neckfrac.ci.Main "$@"
