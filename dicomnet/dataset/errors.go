package dataset

import "errors"

// The kinds of failure a caller may branch on with errors.Is. Every error of
// this package wraps exactly one of them, or the error of the underlying
// reader or writer.
var (
	// ErrTruncated means that the input ended inside an element, item or
	// sequence.
	ErrTruncated = errors.New("dataset: truncated")
	// ErrLimit means that a field of Limits would have been exceeded.
	ErrLimit = errors.New("dataset: limit exceeded")
	// ErrSyntax means that the bytes are not a DICOM data set.
	ErrSyntax = errors.New("dataset: malformed")
	// ErrUnsupported means a transfer syntax that this package does not read
	// or write.
	ErrUnsupported = errors.New("dataset: unsupported transfer syntax")
)
