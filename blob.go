package neckfrac

import (
	"context"
	"io"
	"os"
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
