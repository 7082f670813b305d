package dicomweb

import (
	"context"
	"io"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Backend is what the handler serves from. Its errors wrap the kinds of errors.go. It is
// used by many requests at once. UIDs that it is given obey PS3.5 §9.1.
type Backend interface {
	// Store keeps one object; body is a Part 10 stream that it reads to its end, or as
	// far as it needs to refuse it. It returns without error only when the object would
	// survive a power cut. An error that is no *FailureError counts as reason 0110. What
	// was read of the object's identity is returned with an error too.
	Store(ctx context.Context, rq StoreRequest, body io.Reader) (Reference, error)
	// Search returns the matches of q in a stable order from q.Offset on, at most
	// q.Limit+1: one more tells that there are others.
	Search(ctx context.Context, q Query) ([]dataset.Dataset, error)
	// Instances lists what is stored at the target, by series and instance number; a
	// target with nothing in it is ErrNotFound, more than max instances ErrLimit.
	Instances(ctx context.Context, t Target, max int) ([]Instance, error)
	// Open returns the stored Part 10 bytes of an instance that Instances listed.
	Open(ctx context.Context, in Instance) (File, error)
}

// Renderer is the add-on of a Backend that has pictures of what it stores.
type Renderer interface {
	// Rendered returns a picture of the target and its media type, one of accept
	// ("image/png", "image/*", "*/*"); without one ErrNotFound or ErrNotAcceptable.
	Rendered(ctx context.Context, t Target, accept []string) (mediaType string, body io.ReadCloser, err error)
}

// File is a stored object.
type File interface {
	io.ReadCloser
	io.ReaderAt
}

// StoreRequest is what a STOW-RS request says about all its parts.
type StoreRequest struct {
	// StudyInstanceUID is the study that the request addressed, or "".
	StudyInstanceUID string
	// RemoteAddr is the client's as the listener saw it.
	RemoteAddr string
}

// Reference names an object for the store response.
type Reference struct {
	StudyInstanceUID, SeriesInstanceUID, SOPClassUID, SOPInstanceUID string
}

// Target is a study, a series of it, or an instance of that.
type Target struct {
	StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID string
}

// Instance is a stored object as a Backend lists it.
type Instance struct {
	Reference
	TransferSyntaxUID string
	// Size of the Part 10 stream in bytes.
	Size int64
	// Key is the Backend's own name of the bytes.
	Key string
}
