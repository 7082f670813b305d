package phantom

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/nifti"
)

// Digest is the SHA-256 of voxels, labels and fracture mask, in hexadecimal.
func (t *Study) Digest() string {
	h := sha256.New()
	buf := make([]byte, 0, 1<<16)
	for i, v := range t.Volume.HU {
		buf = binary.LittleEndian.AppendUint16(buf, uint16(v))
		if len(buf) == cap(buf) || i == len(t.Volume.HU)-1 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(t.Labels.Voxel)
	h.Write(t.Fracture)
	return hex.EncodeToString(h.Sum(nil))
}

// WriteTruth writes labels.nii.gz, fracture.nii.gz and, last, truth.json into dir,
// which is created. A folder with a truth.json is complete.
func (t *Study) WriteTruth(dir string) error {
	const op = "phantom: write truth"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return neckfrac.E(op, err)
	}
	if err := nifti.WriteFile(filepath.Join(dir, "labels.nii.gz"), t.Labels.Grid, t.Labels.Voxel); err != nil {
		return neckfrac.E(op, err)
	}
	if err := nifti.WriteFile(filepath.Join(dir, "fracture.nii.gz"), t.Labels.Grid, t.Fracture); err != nil {
		return neckfrac.E(op, err)
	}
	truth := t.Truth
	truth.Digest = t.Digest()
	return neckfrac.E(op, writeJSON(filepath.Join(dir, "truth.json"), truth))
}

// writeJSON replaces a file at once, so that a reader never sees half of it.
func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".partial", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".partial", name)
}
