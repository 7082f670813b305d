package scp

import (
	"bufio"
	"compress/flate"
	"io"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// maxInflated bounds what a deflated object may say that it holds; it is inflated once
// to see that it is whole, and nothing of it is kept in memory.
const maxInflated = 1 << 30

// inflateReader passes a deflated data set on and inflates it beside, so that its end is
// an error where the stream, the pixels in it or an element behind them are cut. Close
// must be called, also after an error.
type inflateReader struct {
	r       io.Reader
	pw      *io.PipeWriter
	verdict chan error
	err     error
	ended   bool
}

// newInflateReader checks what r yields against a header that took before bytes, inflated.
func newInflateReader(r io.Reader, before int64, p dataset.PixelData) (*inflateReader, error) {
	if p.Encapsulated() {
		return nil, dataset.ErrSyntax
	}
	if before+p.Length > maxInflated {
		return nil, dataset.ErrLimit
	}
	pr, pw := io.Pipe()
	i := &inflateReader{r: r, pw: pw, verdict: make(chan error, 1)}
	go func() {
		err := inflateAll(pr, before, p)
		pr.CloseWithError(err)
		i.verdict <- err
	}()
	return i, nil
}

// inflateAll reads a deflated data set to its end. One byte may follow the last block:
// PS3.5 §A.5 pads to an even length.
func inflateAll(r io.Reader, before int64, p dataset.PixelData) error {
	explicit, _ := dataset.LookupTransferSyntax(dataset.ExplicitVRLittleEndian)
	in := bufio.NewReader(r)
	whole := &wholeReader{r: flate.NewReader(in), before: before, value: newValue(p, explicit), ts: explicit}
	if _, err := io.Copy(io.Discard, whole); err != nil {
		return deflateError(err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(in, 2))
	if err == nil && n > 1 {
		err = dataset.ErrSyntax
	}
	return err
}

// deflateError is a damaged or cut stream in the data set's own words.
func deflateError(err error) error {
	if err == io.ErrUnexpectedEOF {
		return dataset.ErrTruncated
	}
	if _, ok := err.(flate.CorruptInputError); ok {
		return dataset.ErrSyntax
	}
	return err
}

func (i *inflateReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if n > 0 {
		if _, werr := i.pw.Write(p[:n]); werr != nil {
			return n, werr // the verdict
		}
	}
	if err == io.EOF {
		i.pw.Close()
		if verr := i.wait(); verr != nil {
			return n, verr
		}
	}
	return n, err
}

// Close ends the inflating goroutine and waits for it.
func (i *inflateReader) Close() error {
	i.pw.CloseWithError(io.ErrClosedPipe)
	i.wait()
	return nil
}

func (i *inflateReader) wait() error {
	if !i.ended {
		i.err, i.ended = <-i.verdict, true
	}
	return i.err
}
