#!/usr/bin/env bash
# Gets the ONNX Runtime shared library out of the PyPI wheel, checks wheel and library
# against the digests below, and puts it where the service looks first in a checkout.
# Usage: models/onnx/fetch.sh [DIR]   (default build/ort)
set -euo pipefail
version=1.31.1
dir=${1:-build/ort}
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    platform=manylinux_2_28_x86_64 name=libonnxruntime.so member="onnxruntime/capi/libonnxruntime.so.$version"
    wheel_sha=1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536
    lib_sha=fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3 ;;
  Linux-aarch64)
    platform=manylinux_2_28_aarch64 name=libonnxruntime.so member="onnxruntime/capi/libonnxruntime.so.$version"
    wheel_sha=0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc
    lib_sha=8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467 ;;
  Darwin-arm64)
    platform=macosx_14_0_arm64 name=libonnxruntime.dylib member="onnxruntime/capi/libonnxruntime.$version.dylib"
    wheel_sha=96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c
    lib_sha=d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36 ;;
  *)
    echo "onnxruntime: no wheel is pinned for $(uname -s) $(uname -m); set NECKFRAC_ORT to a library of version 1.24 or newer" >&2
    exit 1 ;;
esac
check() { python3 - "$1" "$2" <<'PY'
import hashlib, sys
with open(sys.argv[1], "rb") as f:
    got = hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()
sys.exit(0 if got == sys.argv[2] else 1)
PY
}
if [ -f "$dir/$name" ] && check "$dir/$name" "$lib_sha"; then
  exit 0
fi
mkdir -p "$dir"
echo "onnxruntime: getting $version for $platform (24 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
  --python-version 312 --platform "$platform" -d "$dir" "onnxruntime==$version"
wheel=$(ls "$dir"/onnxruntime-"$version"-*.whl)
check "$wheel" "$wheel_sha" || { echo "onnxruntime: $wheel does not have the pinned digest" >&2; exit 1; }
python3 - "$wheel" "$member" "$dir/$name" <<'PY'
import os, shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z, z.open(sys.argv[2]) as src, open(sys.argv[3] + ".part", "wb") as dst:
    shutil.copyfileobj(src, dst)
os.replace(sys.argv[3] + ".part", sys.argv[3])
PY
check "$dir/$name" "$lib_sha" || { echo "onnxruntime: $dir/$name does not have the pinned digest" >&2; exit 1; }
rm -f "$wheel"
echo "onnxruntime: $dir/$name"
