#!/usr/bin/env bash
# Our pixel decoders against pylibjpeg, pyjpegls and DCMTK, value by value: phantoms that
# those encode in each transfer syntax, and with NECKFRAC_SHARED every real compressed file.
# cases.py decodes and writes what it sees; a Go test decodes the same codestreams.
# Prints a count per syntax; exit code 1 when one value differs.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/pixels-venv
if [ ! -x "$venv/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pydicom==3.0.2 pylibjpeg==2.1.0 \
    pylibjpeg-libjpeg==2.5.0 pylibjpeg-openjpeg==2.6.0 pyjpegls==1.5.1 imagecodecs==2026.3.6
fi
if ! command -v dcmcjpeg >/dev/null || ! command -v dcmcrle >/dev/null; then
  command -v apt-get >/dev/null || { echo "pixels: DCMTK is missing and there is no apt-get" >&2; exit 1; }
  apt-get update >/dev/null && apt-get install -y --no-install-recommends dcmtk libopenjp2-7 >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" .ci/pixels/cases.py "$work" ${NECKFRAC_SHARED:+"$NECKFRAC_SHARED/data"}
NECKFRAC_PIXELS=$work NECKFRAC_REQUIRE_OPENJPEG=1 "${GO:-go}" test -count 1 -run '^TestPeers$' -v ./pipeline/pixel/openjpeg | grep -v '^=== '
