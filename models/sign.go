package models

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"

	"github.com/neckfrac/neckfrac"
)

// Trust says whose packs may be opened. The zero value opens none.
type Trust struct {
	// Keys may sign packs of any domain.
	Keys []ed25519.PublicKey
	// SyntheticKeys may sign packs of the domain synthetic only: the key that ships
	// with the demonstration pack.
	SyntheticKeys []ed25519.PublicKey
	// MinVersion refuses older packs; empty accepts all.
	MinVersion string
	// AllowRandomWeights opens packs that were made to measure speed.
	AllowRandomWeights bool
}

// verify checks the detached signature over the manifest's bytes.
func (t Trust) verify(manifest, signature []byte, domain neckfrac.Domain) error {
	const op = "pack: signature"
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(signature)))
	if err != nil || len(raw) != ed25519.SignatureSize {
		return neckfrac.Errorf(neckfrac.Invalid, op, "malformed")
	}
	by := func(keys []ed25519.PublicKey) bool {
		for _, k := range keys {
			if len(k) == ed25519.PublicKeySize && ed25519.Verify(k, manifest, raw) {
				return true
			}
		}
		return false
	}
	if by(t.Keys) {
		return nil
	}
	if by(t.SyntheticKeys) {
		if domain != neckfrac.DomainSynthetic {
			return neckfrac.Errorf(neckfrac.Unauthorized, op, "the key may sign synthetic packs only")
		}
		return nil
	}
	return neckfrac.Errorf(neckfrac.Unauthorized, op, "not made by a trusted key")
}

// SignManifest returns the content of manifest.sig for the bytes of manifest.json.
func SignManifest(manifest []byte, key ed25519.PrivateKey) []byte {
	return []byte(base64.StdEncoding.EncodeToString(ed25519.Sign(key, manifest)) + "\n")
}

// NewKey makes a key pair.
func NewKey() (ed25519.PublicKey, ed25519.PrivateKey, error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	return pub, key, neckfrac.E("new key", err)
}

const maxKeyBytes = 4096

// ParsePublicKey reads an ed25519 public key in PEM (PKIX, RFC 8410).
func ParsePublicKey(b []byte) (ed25519.PublicKey, error) {
	der, err := decodePEM(b, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if pub, ok := k.(ed25519.PublicKey); err == nil && ok {
		return pub, nil
	}
	return nil, neckfrac.Errorf(neckfrac.Invalid, "public key", "not an ed25519 key")
}

// ParsePrivateKey reads an ed25519 private key in PEM (PKCS 8, RFC 8410).
func ParsePrivateKey(b []byte) (ed25519.PrivateKey, error) {
	der, err := decodePEM(b, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if key, ok := k.(ed25519.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, neckfrac.Errorf(neckfrac.Invalid, "private key", "not an ed25519 key")
}

// FormatPublicKey writes what ParsePublicKey reads.
func FormatPublicKey(k ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "public key", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// FormatPrivateKey writes what ParsePrivateKey reads.
func FormatPrivateKey(k ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Invalid, "private key", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func decodePEM(b []byte, kind string) ([]byte, error) {
	if len(b) > maxKeyBytes {
		return nil, neckfrac.Errorf(neckfrac.Limit, "key", "over %d bytes", maxKeyBytes)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "key", "not one PEM block %q", kind)
	}
	return block.Bytes, nil
}
