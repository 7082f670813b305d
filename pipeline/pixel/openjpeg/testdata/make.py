"""Makes the codestreams of this folder: see README.md."""
import pathlib

import imagecodecs
import numpy as np
from openjpeg.utils import encode_array

here = pathlib.Path(__file__).parent
y, x = np.mgrid[:48, :40]
pattern = ((x * x * 3 + y * y * 5 + x * y) % 4096).astype("<u2")
pattern[:, :10] = 77
signed = (pattern.astype(int) - 2048).astype("<i2")
ht = imagecodecs.htj2k_encode

for name, codestream in {
    "lossless.j2c": encode_array(pattern, bits_stored=12, use_mct=False),
    "signed.j2c": encode_array(signed, bits_stored=12, use_mct=False),
    "lossy.j2c": encode_array(pattern, bits_stored=12, use_mct=False, compression_ratios=[4]),
    "ht.j2c": ht(pattern, reversible=True),
    "ht_signed.j2c": ht(signed, reversible=True, tile=(16, 32)),
    "ht_lossy.j2c": ht(pattern, reversible=False, level=0.002),
}.items():
    (here / name).write_bytes(codestream)
