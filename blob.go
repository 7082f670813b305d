package neckfrac

import (
	"context"
	"io"
	"os"
	"time"
)

// BlobRef names stored bytes by their SHA-256, so that a name can't be forged from
// a peer's input and a wrong byte is noticed.
type BlobRef struct {
	// Digest is the lower-case hex SHA-256 of the bytes.
	Digest string `json:"digest"`
	// Size is the number of bytes.
	Size int64 `json:"size"`
}

// Blobs keeps bytes as received, and artefacts. Implementations are safe for
// concurrent use.
type Blobs interface {
	// Put stores what r yields and returns only when the bytes and their name would
	// survive a power cut (file and directory synced). More than max bytes is Limit,
	// a full store Unavailable; on any error nothing is left behind. Equal bytes
	// share one blob.
	Put(ctx context.Context, r io.Reader, max int64) (BlobRef, error)
	// Open gives the bytes as a local read-only file that the caller closes; remote
	// stores spool first. A missing blob is NotFound, a size that differs Internal.
	Open(ctx context.Context, ref BlobRef) (*os.File, error)
	// Remove forgets a blob; removing what is not there is no error.
	Remove(ctx context.Context, ref BlobRef) error
	// Walk calls fn for every stored blob in unspecified order until fn fails.
	Walk(ctx context.Context, fn func(BlobRef) error) error
}

// StopMarks remembers how the last service stopped. A blob store and a ledger that hold the
// same mark are those that it stopped with, and nothing was received since: an older copy
// of either holds another, and a store that was received into holds none.
type StopMarks interface {
	// StopMark returns the mark, "" for none.
	StopMark(ctx context.Context) (string, error)
	// SetStopMark replaces the mark; when it returns without error, the new one would
	// survive a power cut. A mark is at most MaxStopMark bytes of letters and digits.
	SetStopMark(ctx context.Context, mark string) error
}

// MaxStopMark bounds a mark, in bytes.
const MaxStopMark = 64

// ValidStopMark reports whether a mark can be set.
func ValidStopMark(mark string) bool {
	for i := range len(mark) {
		if c := mark[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(mark) <= MaxStopMark
}

// KeptBlobs is the ledger's list of blobs that no row names and that must stay all the
// same: a ledger that was lost may have acknowledged them.
type KeptBlobs interface {
	// KeepBlobs adds to the list; what is on it already stays as it is.
	KeepBlobs(ctx context.Context, refs []BlobRef, at time.Time) error
	// Kept calls fn for each of the list, until fn fails.
	Kept(ctx context.Context, fn func(BlobRef) error) error
}
