package neckfrac_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
)

// TestNoPatientData fails on any DICOM file in the tree that does not carry the
// generator's patient id: no real patient data, ever.
func TestNoPatientData(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "build", "node_modules", "data", ".venv":
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() < 132 || info.Size() > 64<<20 {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if bytes.Equal(b[128:132], []byte("DICM")) && !bytes.Contains(b, []byte(neckfrac.PhantomIDPrefix)) {
			t.Errorf("%s is a DICOM file without the generator's patient id", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
