package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/neckfrac/neckfrac"
)

// StoreState says what became of a stored blob.
type StoreState string

// The states of contract.md's verify-store.
const (
	// StoreOK: the bytes are those that were acknowledged.
	StoreOK StoreState = "ok"
	// StoreMissing: a row names bytes that are not there.
	StoreMissing StoreState = "missing"
	// StoreAltered: other bytes, or fewer, are there under the name.
	StoreAltered StoreState = "altered"
	// StoreOrphan: bytes that no row names; the start after a clean stop sweeps them, unless
	// a lost ledger may have acknowledged them.
	StoreOrphan StoreState = "orphan"
)

// StoreEntry is one line of a verification.
type StoreEntry struct {
	// Instance is the SOP Instance UID, "" for an orphan and for what is no instance.
	Instance neckfrac.InstanceUID `json:"sop_instance_uid,omitempty"`
	State    StoreState           `json:"state"`
	Digest   string               `json:"digest"`
}

// Stored lists what a ledger has promised.
type Stored interface {
	// Stored calls fn for every instance in use, until fn fails.
	Stored(ctx context.Context, fn func(neckfrac.InstanceUID, neckfrac.BlobRef) error) error
	// References calls fn for every blob that a row refers to, until fn fails.
	References(ctx context.Context, fn func(neckfrac.BlobRef) error) error
}

// VerifyStore reads every stored blob and calls each with its entry: one for every
// instance, and one for any other blob that is not ok. done is told how many blobs are
// read of how many; it may be nil. Nothing is written, and a service may run beside it:
// what arrives after the start is left out.
func VerifyStore(ctx context.Context, blobs neckfrac.Blobs, ledger Stored, each func(StoreEntry) error, done func(n, of int)) error {
	const op = "verify store"
	// Bytes come before their row, so that blobs listed first and without a row by the end
	// have none.
	present := map[string]bool{}
	err := blobs.Walk(ctx, func(r neckfrac.BlobRef) error { present[r.Digest] = true; return nil })
	if err != nil {
		return neckfrac.E(op, err)
	}
	instances := map[neckfrac.BlobRef][]neckfrac.InstanceUID{}
	err = ledger.Stored(ctx, func(uid neckfrac.InstanceUID, r neckfrac.BlobRef) error {
		instances[r] = append(instances[r], uid)
		return nil
	})
	if err != nil {
		return neckfrac.E(op, err)
	}
	refs := map[neckfrac.BlobRef]bool{}
	note := func(r neckfrac.BlobRef) error { refs[r] = true; return nil }
	if err := ledger.References(ctx, note); err != nil {
		return neckfrac.E(op, err)
	}
	n := 0
	for r := range refs {
		state, err := verifyBlob(ctx, blobs, r)
		if err != nil {
			return neckfrac.E(op, err)
		}
		for _, uid := range instances[r] {
			if err := each(StoreEntry{Instance: uid, State: state, Digest: r.Digest}); err != nil {
				return err
			}
		}
		if len(instances[r]) == 0 && state != StoreOK {
			if err := each(StoreEntry{State: state, Digest: r.Digest}); err != nil {
				return err
			}
		}
		if n++; done != nil {
			done(n, len(refs))
		}
	}
	return orphans(ctx, ledger, present, refs, each)
}

// orphans tells of blobs that have no row, asked for once more: one may have got its row
// while the others were read.
func orphans(ctx context.Context, ledger Stored, present map[string]bool, refs map[neckfrac.BlobRef]bool, each func(StoreEntry) error) error {
	for r := range refs {
		delete(present, r.Digest)
	}
	if len(present) == 0 {
		return nil
	}
	err := ledger.References(ctx, func(r neckfrac.BlobRef) error { delete(present, r.Digest); return nil })
	if err != nil {
		return neckfrac.E("verify store", err)
	}
	for digest := range present {
		if err := each(StoreEntry{State: StoreOrphan, Digest: digest}); err != nil {
			return err
		}
	}
	return nil
}

// verifyBlob compares a blob with its name.
func verifyBlob(ctx context.Context, blobs neckfrac.Blobs, r neckfrac.BlobRef) (StoreState, error) {
	f, err := blobs.Open(ctx, r)
	switch {
	case err == nil:
	case neckfrac.KindOf(err) == neckfrac.NotFound:
		return StoreMissing, nil
	case neckfrac.KindOf(err) == neckfrac.Internal:
		return StoreAltered, nil // another size
	default:
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		// A sector that can't be read is a loss like any other; the rest goes on.
		return StoreAltered, nil
	}
	if hex.EncodeToString(sum.Sum(nil)) != r.Digest {
		return StoreAltered, nil
	}
	return StoreOK, nil
}
