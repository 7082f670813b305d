#!/usr/bin/env bash
# Storage commitment against pynetdicom, in both roles: it asks our service and takes the
# report on an association of ours, and our sender asks it and takes the report on its own.
# All on loopback, with a synthetic study, without a pack.
#
#   .ci/commitment/run.sh
#
# Prints a line per check and "N passed, N failed"; exit code 1 when one failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
service=''

# shellcheck disable=SC2329
cleanup() {
  [ -n "$service" ] && kill "$service" 2>/dev/null && wait "$service" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

venv=build/commitment-venv
if ! [ -x $venv/bin/python ] || ! $venv/bin/python -c 'import pynetdicom' 2>/dev/null; then
  python3 -m venv $venv && $venv/bin/pip install -q 'pynetdicom==3.0.4' || exit 1
fi
read -r report archive < <(python3 -c '
import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))')
bin/neckfrac phantom --out "$work/phantom" --layout dicom >/dev/null 2>&1 || exit 1
find "$work/phantom" -name '*.dcm' | sort | head -n 20 >"$work/files"

cat >"$work/neckfrac.yaml" <<YAML
dicom:
  addr: "127.0.0.1:0"
  commitment: {scp: true}
  peers: [{ae: PEER, cidr: 127.0.0.0/8, addr: "127.0.0.1:$report", tls: "off"}]
retention: {committed_days: 30}
http: {addr: "127.0.0.1:0"}
admin: {addr: "127.0.0.1:0"}
data: {dir: $work/data}
models: {pack: none}
YAML
bin/neckfrac serve --config "$work/neckfrac.yaml" 2>"$work/service.log" &
service=$!
for _ in $(seq 300); do
  grep -qs '^neckfrac: DICOM' "$work/service.log" && break
  kill -0 $service 2>/dev/null || break
  sleep 0.1
done
dicom=$(sed -nE 's/^neckfrac: DICOM NECKFRAC on [^ ]*:([0-9]+) .*/\1/p' "$work/service.log")
[ -n "$dicom" ] || { cat "$work/service.log" >&2; exit 1; }

$venv/bin/python .ci/commitment/peers.py bin/neckfrac "$dicom" "$report" "$archive" "$work/files" | tee "$work/checks"
grep -q 'ERROR\|panic' "$work/service.log" && { echo "FAIL  the service logged errors" | tee -a "$work/checks"; grep 'ERROR\|panic' "$work/service.log" | head -5; }
passed=$(grep -c '^ok' "$work/checks") failed=$(grep -c '^FAIL' "$work/checks")
echo "commitment: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
