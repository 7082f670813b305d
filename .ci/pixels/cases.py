"""Write codestreams beside the values that other decoders see in them, for TestPeers.

    cases.py OUT [DATA]

A case N is OUT/N.json (syntax, rows, columns, bits, signed, name, tolerance), N.stream and
N.values (16 bits, little endian; missing where the peer refuses the stream). DATA, beside pydicom's own test files, is searched for compressed single-channel images.
"""

import json
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.filereader import read_file_meta_info
from pydicom.pixels import get_decoder
from pydicom.uid import (
    HTJ2K, CTImageStorage, ExplicitVRLittleEndian, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000,
    JPEG2000Lossless, JPEGLossless,
    JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless, RLELossless, generate_uid,
)

OURS = {JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless, RLELossless, JPEG2000Lossless, JPEG2000,
        HTJ2KLossless, HTJ2K}
# The peer of a syntax where it is not pylibjpeg.
PLUGIN = {JPEGLSLossless: "pyjpegls", JPEGLSNearLossless: "pyjpegls", RLELossless: "pydicom"}


def phantom(rows: int, cols: int, stored: int, signed: bool, noise: int, seed: int) -> Dataset:
    """A body with bone, noise and air whose values use all stored bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:rows * 1j, -1:1:cols * 1j]
    body = (x * x + y * y < 0.7) * 0.45 + (x * x + (y - 0.2) ** 2 < 0.03) * 0.3
    full = (1 << stored) - 1
    a = (body * full + (body > 0) * rng.integers(0, noise + 1, (rows, cols))).astype(np.int64)
    a[0, :2] = 0, full
    a = np.clip(a, 0, full) - (1 << (stored - 1)) * signed
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.PatientID, ds.PatientName, ds.Modality, ds.StudyID = "PIXELS", "Phantom", "CT", "1"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, cols, 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, stored, stored - 1, int(signed)
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.PixelData = a.astype("<i2" if signed else "<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


class Cases:
    def __init__(self, out: Path) -> None:
        self.out, self.count = out, 0

    def add(self, name: str, ds: Dataset, stream: bytes, values: np.ndarray | None, tolerance: int = 0) -> None:
        at = self.out / str(self.count)
        self.count += 1
        at.with_suffix(".stream").write_bytes(stream)
        if values is not None:  # else the peer refuses it
            at.with_suffix(".values").write_bytes(values.astype("<i8").astype("<u2").tobytes())
        at.with_suffix(".json").write_text(json.dumps({
            "Name": name, "Syntax": str(ds.file_meta.TransferSyntaxUID), "Rows": ds.Rows, "Cols": ds.Columns,
            "Bits": ds.BitsStored, "Signed": bool(ds.PixelRepresentation), "Tolerance": tolerance}))

    def file(self, name: str, ds: Dataset, want: np.ndarray | None = None) -> None:
        """Add every frame as a peer decodes it; want is what a lossless one must be.

        A wavelet in floating point may be rounded in another order by another version.
        """
        uid = ds.file_meta.TransferSyntaxUID
        frames = int(ds.get("NumberOfFrames", 1) or 1)
        streams = generate_frames(ds.PixelData, number_of_frames=frames)
        for i, stream in enumerate(streams):
            try:
                values, _ = get_decoder(uid).as_array(ds, index=i, decoding_plugin=PLUGIN.get(uid, "pylibjpeg"))
            except Exception as fault:  # whatever a peer's codec raises
                if want is not None:
                    raise
                print(f"pixels: the peer refuses {name}: {fault}".splitlines()[0])
                values = None
            if want is not None and not np.array_equal(values, want):
                raise SystemExit(f"pixels: {name}: the peer's own round trip fails")
            self.add(name, ds, stream, values, 1 if uid == JPEG2000 else 0)


def encoded(path: Path, work: Path):
    """Yield name and data set of one phantom in each syntax that a peer writes."""
    for name, command in {
        "dcmcjpeg +e1": ["dcmcjpeg", "+e1"],
        **{f"dcmcjpeg +el +sv {p}": ["dcmcjpeg", "+el", "+sv", str(p)] for p in range(1, 8)},
        "dcmcrle": ["dcmcrle"],
    }.items():
        to = work / "transcoded.dcm"
        subprocess.run([*command, path, to], check=True)
        yield name, dcmread(to), True
    for uid, name, options in [
        (RLELossless, "pydicom rle", {}),
        (JPEGLSLossless, "pydicom jpeg-ls", {}),
        (JPEGLSNearLossless, "pydicom jpeg-ls near", {"jls_error": 3}),
        (JPEG2000Lossless, "pydicom j2k", {}),
        (JPEG2000, "pydicom j2k lossy", {"j2k_cr": [6]}),
    ]:
        ds = dcmread(path)
        if uid == JPEGLSNearLossless and ds.PixelRepresentation:
            continue  # pydicom does not write it
        ds.compress(uid, generate_instance_uid=False, **options)
        yield name, ds, uid not in (JPEGLSNearLossless, JPEG2000)


def point_transform(path: Path, work: Path, bits: int) -> Dataset:
    """JPEG lossless that drops low bits, which pylibjpeg reads wrongly and DCMTK rightly."""
    to = work / "transcoded.dcm"
    subprocess.run(["dcmcjpeg", "+el", "+sv", "4", "+pt", str(bits), path, to], check=True)
    return dcmread(to)


def high_throughput(ds: Dataset):
    """OpenJPH writes and reads, since pydicom's peers write no HTJ2K."""
    a = ds.pixel_array
    ds.BitsStored, ds.HighBit = 16, 15  # OpenJPH has the bits of the array
    for uid, options, exact in [(HTJ2KLossless, {"reversible": True}, True),
                                (HTJ2KLosslessRPCL, {"reversible": True, "tile": (64, 96)}, True),
                                (HTJ2K, {"reversible": False, "level": 0.001}, False)]:
        stream = imagecodecs.htj2k_encode(a, **options)
        values = imagecodecs.htj2k_decode(stream)
        if exact and not np.array_equal(values, a):
            raise SystemExit("pixels: OpenJPH's own round trip fails")
        ds.file_meta.TransferSyntaxUID = uid
        yield "openjph", stream + b"\0" * (len(stream) % 2), values, 0 if exact else 2


def main() -> None:
    out = Path(sys.argv[1])
    cases = Cases(out)
    for seed, (rows, cols, stored, signed, noise) in enumerate([
        (512, 512, 16, True, 60), (512, 512, 12, False, 15), (256, 320, 12, True, 300), (97, 131, 16, False, 5000),
        (64, 64, 10, False, 0), (48, 200, 14, True, 2000),
    ]):
        ds = phantom(rows, cols, stored, signed, noise, seed)
        path = out / "phantom.dcm"
        ds.save_as(path, enforce_file_format=True)
        want = ds.pixel_array
        for name, coded, exact in encoded(path, out):
            cases.file(f"{name} of {rows}x{cols}x{stored}{'s' if signed else 'u'}", coded, want if exact else None)
        for bits in (1, 4):
            coded = point_transform(path, out, bits)
            stream = next(generate_frames(coded.PixelData, number_of_frames=1))
            cases.add(f"dcmcjpeg +pt {bits} of {rows}x{cols}x{stored}", coded, stream, want >> bits << bits)
        for name, stream, values, tolerance in high_throughput(ds):
            cases.add(f"{name} of {rows}x{cols}x{stored}", ds, stream, values, tolerance)
    phantoms = cases.count
    skipped = 0
    # pydicom's wheel holds files of many makers; DATA may hold more.
    for folder in [Path(pydicom.__file__).parent / "data" / "test_files", *map(Path, sys.argv[2:])]:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.stat().st_size < 200 or path.read_bytes()[128:132] != b"DICM":
                continue
            if read_file_meta_info(path).get("TransferSyntaxUID") not in OURS:
                continue
            ds = dcmread(path)
            if ds.get("SamplesPerPixel") == 1 and ds.BitsAllocated == 16 and "PixelData" in ds:
                cases.file(path.name, ds)
            else:
                skipped += 1
    print(f"pixels: {phantoms} phantoms, {cases.count - phantoms} frames of other files; "
          f"{skipped} files are not of one channel with 16 bits")


if __name__ == "__main__":
    main()
