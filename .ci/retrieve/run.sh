#!/usr/bin/env bash
# Retrieval against peers: Orthanc is the archive and pynetdicom the one that notifies. A
# synthetic study each is fetched by C-GET, by C-MOVE and by WADO-RS and has to end in a
# report. All on loopback.
#
#   .ci/retrieve/run.sh            with the shipped pack models/packs/demo
#   .ci/retrieve/run.sh none       without a pack
#
# Prints a line per check and "N passed, N failed"; exit code 1 when one failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
export NECKFRAC_ORT=${NECKFRAC_ORT:-$PWD/build/ort/libonnxruntime.so}
pack=${1:-models/packs/demo}
work=$(mktemp -d)
service='' orthanc=''

# shellcheck disable=SC2329
cleanup() {
  for p in $service $orthanc; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT

if ! [ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ]; then
  command -v apt-get >/dev/null || { echo "retrieve: Orthanc is missing and there is no apt-get" >&2; exit 1; }
  { apt-get update && apt-get install -y --no-install-recommends orthanc orthanc-dicomweb; } >/dev/null 2>&1 || exit 1
fi
venv=build/retrieve-venv
if ! [ -x $venv/bin/python ] || ! $venv/bin/python -c 'import pynetdicom, pydicom' 2>/dev/null; then
  python3 -m venv $venv && $venv/bin/pip install -q 'pynetdicom==3.0.4' 'pydicom==3.0.2' || exit 1
fi

read -r dicom http archive archive_http < <(python3 -c '
import socket
s = [socket.socket() for _ in range(4)]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))')

cat >"$work/neckfrac.yaml" <<YAML
dicom:
  addr: "127.0.0.1:$dicom"
  sources:
    - {ae: ARCHIVE_GET, addr: "127.0.0.1:$archive", tls: "off", method: c-get}
    - {ae: ARCHIVE_MOVE, addr: "127.0.0.1:$archive", tls: "off", method: c-move}
    - {ae: ARCHIVE_WEB, url: "http://127.0.0.1:$archive_http/dicom-web", tls: "off", method: wado-rs}
http: {addr: "127.0.0.1:$http"}
admin: {addr: "127.0.0.1:0"}
data: {dir: $work/data}
models: {pack: "$pack"}
study: {quiet: 3s}
YAML
mkdir "$work/orthanc"
cat >"$work/orthanc.json" <<JSON
{"Name": "ARCHIVE", "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc",
 "HttpPort": $archive_http, "HttpBindAddresses": ["127.0.0.1"], "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
 "DicomAet": "ARCHIVE", "DicomPort": $archive, "DicomCheckCalledAet": false, "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true,
 "DicomModalities": {"neckfrac": {"AET": "NECKFRAC", "Host": "127.0.0.1", "Port": $dicom, "AllowGet": true, "AllowMove": true}},
 "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
 "DicomWeb": {"Enable": true, "Root": "/dicom-web/", "Host": "127.0.0.1", "Ssl": false}}
JSON

# archive starts Orthanc; a second start has what the first one stored.
archive() {
  $(command -v Orthanc || echo /usr/sbin/Orthanc) "$work/orthanc.json" >>"$work/orthanc.log" 2>&1 &
  orthanc=$!
  for _ in $(seq 300); do
    curl -fs "http://127.0.0.1:$archive_http/system" >/dev/null 2>&1 && return 0
    kill -0 $orthanc 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$work/orthanc.log" >&2
  exit 1
}

bin/neckfrac serve --config "$work/neckfrac.yaml" 2>"$work/service.log" &
service=$!
archive
bin/neckfrac phantom --out "$work/phantoms" -n 4 --seed 11 >"$work/phantom.out" || { cat "$work/phantom.out"; exit 1; }
find "$work/phantoms" -name '*.dcm' | xargs -P 2 -I{} curl -fsS -o /dev/null --data-binary @{} "http://127.0.0.1:$archive_http/instances" || exit 1
for _ in $(seq 300); do
  grep -q '^neckfrac: DICOM' "$work/service.log" && break
  kill -0 $service 2>/dev/null || { cat "$work/service.log" >&2; exit 1; }
  sleep 0.1
done

checks() { $venv/bin/python .ci/retrieve/peers.py "$1" "$work/neckfrac.yaml" "$dicom" "http://127.0.0.1:$http" "$work/phantoms" | tee -a "$work/checks"; }
checks archive
# The archive goes away, is announced to have a study, and comes back.
kill $orthanc && wait $orthanc 2>/dev/null
checks away
archive
checks back
for s in GET MOVE WEB; do
  if grep -q '"msg":"retrieval done".*"source":"ARCHIVE_'$s'"' "$work/service.log"; then
    echo "ok    the log has the end of what ARCHIVE_$s announced"
  else
    echo "FAIL  the log lacks the end of what ARCHIVE_$s announced"
  fi | tee -a "$work/checks"
done
grep -E '"level":"ERROR"|panic' "$work/service.log" && echo "FAIL  the service logged errors" | tee -a "$work/checks"
passed=$(grep -c '^ok' "$work/checks") failed=$(grep -c '^FAIL' "$work/checks")
[ "$failed" = 0 ] || tail -n 30 "$work/service.log"
echo "retrieve: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
