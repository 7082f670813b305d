#!/usr/bin/env bash
# DICOMweb against peers: the PyPI dicomweb-client and Orthanc's DICOMweb plugin ask our
# server, our client asks Orthanc. All on loopback, with synthetic objects, without a pack.
#
#   .ci/dicomweb/run.sh
#
# Prints a line per check and "N passed, N failed"; exit code 1 when one failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
service='' orthanc=''

# shellcheck disable=SC2329
cleanup() {
  for p in $service $orthanc; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT

if ! [ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ]; then
  command -v apt-get >/dev/null || { echo "dicomweb: Orthanc is missing and there is no apt-get" >&2; exit 1; }
  { apt-get update && apt-get install -y --no-install-recommends orthanc orthanc-dicomweb; } >/dev/null 2>&1 || exit 1
fi
venv=build/dicomweb-venv
if ! [ -x $venv/bin/python ] || ! $venv/bin/python -c 'import dicomweb_client, pydicom' 2>/dev/null; then
  python3 -m venv $venv && $venv/bin/pip install -q 'dicomweb-client==0.61.2' 'pydicom==3.0.2' || exit 1
fi

cat >"$work/neckfrac.yaml" <<YAML
dicom: {addr: "127.0.0.1:0", transfer_syntaxes: [all, rle]}
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
line=$(grep -m1 '^neckfrac: DICOM' "$work/service.log") || { cat "$work/service.log" >&2; exit 1; }
web=$(sed -E 's/.*page (http:[^ ]+)\/ .*/\1/' <<<"$line")/dicom-web

read -r http_port dicom_port < <(python3 -c '
import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))')
mkdir "$work/orthanc"
cat >"$work/orthanc.json" <<JSON
{"Name": "PEER", "StorageDirectory": "$work/orthanc", "IndexDirectory": "$work/orthanc",
 "HttpPort": $http_port, "HttpBindAddresses": ["127.0.0.1"], "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
 "DicomPort": $dicom_port, "DicomServerEnabled": false, "ConcurrentJobs": 2,
 "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
 "DicomWeb": {"Enable": true, "Root": "/dicom-web/", "Host": "127.0.0.1", "Ssl": false,
  "Servers": {"neckfrac": {"Url": "$web/", "HasDelete": false}}}}
JSON
$(command -v Orthanc || echo /usr/sbin/Orthanc) "$work/orthanc.json" >"$work/orthanc.log" 2>&1 &
orthanc=$!
peer=http://127.0.0.1:$http_port
for _ in $(seq 300); do
  curl -fs "$peer/system" >/dev/null 2>&1 && break
  kill -0 $orthanc 2>/dev/null || { tail -n 20 "$work/orthanc.log" >&2; exit 1; }
  sleep 0.1
done

"$root/$venv/bin/python" .ci/dicomweb/peers.py "$web" "$peer" | tee "$work/checks"
NECKFRAC_DICOMWEB_PEER=$peer/dicom-web go test -count 1 -run '^TestClientAgainstPeer$' -v ./dicomnet/dicomweb >"$work/go.log" 2>&1
sed -nE 's/^ +--- PASS: TestClientAgainstPeer\/([^ ]+).*/ok    our client at Orthanc: \1/p; s/^ +--- FAIL: TestClientAgainstPeer\/([^ ]+).*/FAIL  our client at Orthanc: \1/p' "$work/go.log" | tee -a "$work/checks"
grep -q '^ok' "$work/go.log" || { echo "FAIL  our client at Orthanc" | tee -a "$work/checks"; tail -n 20 "$work/go.log"; }
grep -q 'ERROR\|panic' "$work/service.log" && { echo "FAIL  the service logged errors" | tee -a "$work/checks"; grep 'ERROR\|panic' "$work/service.log" | head -5; }
passed=$(grep -c '^ok' "$work/checks") failed=$(grep -c '^FAIL' "$work/checks")
echo "dicomweb: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
