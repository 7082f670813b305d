package main

import (
	"crypto/ed25519"
	"os"
	"path/filepath"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

// syntheticKeyFile is the public key that ships beside the demonstration pack. It is
// trusted for packs of the synthetic domain only, whatever lies beside a pack.
const syntheticKeyFile = "demo.pub"

// trust reads the keys that may sign packs: the configured ones for any domain, the one
// beside the pack's folder for synthetic packs.
func trust(packPath string, trusted []string) (models.Trust, error) {
	var t models.Trust
	for _, f := range trusted {
		k, err := readPublicKey(f)
		if err != nil {
			return t, neckfrac.Errorf(neckfrac.Invalid, "models.trusted_keys", "%s: not a public key file", f)
		}
		t.Keys = append(t.Keys, k)
	}
	beside := filepath.Join(filepath.Dir(filepath.Clean(packPath)), syntheticKeyFile)
	if k, err := readPublicKey(beside); err == nil {
		t.SyntheticKeys = append(t.SyntheticKeys, k)
	}
	return t, nil
}

func readPublicKey(file string) (ed25519.PublicKey, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return models.ParsePublicKey(b)
}

// openPack opens and verifies a pack.
func openPack(path string, trusted []string) (*models.Pack, error) {
	t, err := trust(path, trusted)
	if err != nil {
		return nil, err
	}
	p, err := models.Open(path, t)
	if err != nil {
		return nil, neckfrac.E("pack "+path, err)
	}
	return p, nil
}
