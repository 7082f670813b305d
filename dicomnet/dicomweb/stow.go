package dicomweb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

const (
	typeDICOM  = "application/dicom"
	typeJSON   = "application/dicom+json"
	typeOctets = "application/octet-stream"
)

// tagOtherFailuresSequence is (0008,119A): failures of parts that named no object.
const tagOtherFailuresSequence dataset.Tag = 0x0008119A

// store answers STOW-RS (PS3.18 §10.5).
func (h *handler) store(w http.ResponseWriter, r *http.Request, res resource) {
	leave, err := h.stores.enter(r.RemoteAddr)
	if err != nil {
		h.fail(w, "store", err)
		return
	}
	defer leave()
	body, err := h.openParts(w, r)
	if err != nil {
		h.fail(w, "store", err)
		return
	}
	out, err := h.storeParts(r.Context(), body, StoreRequest{StudyInstanceUID: res.StudyInstanceUID, RemoteAddr: r.RemoteAddr})
	if err != nil && len(out.kept) == 0 && len(out.failed) == 0 {
		h.fail(w, "store", err)
		return
	}
	if err != nil {
		// What was kept before the body broke off is kept, and has to be told.
		out.fail(Reference{}, reasonNotReadable)
	}
	if len(out.failed) > 0 {
		// One line a request: a body of bad parts must not write the log full.
		h.cfg.Log.Warn("objects not stored", "stage", "stow", "failed", len(out.failed), "kept", len(out.kept), "err", cmp.Or(out.cause, err))
	}
	w.Header().Set("Content-Type", typeJSON)
	status := out.status(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.WriteHeader(status)
	w.Write(AppendJSON(nil, out.response(h.cfg.BaseURL, res.StudyInstanceUID), JSONOptions{}))
}

// openParts checks what the request says of its body.
func (h *handler) openParts(w http.ResponseWriter, r *http.Request) (*parts, error) {
	lim := h.cfg.Limits
	ct := r.Header.Get("Content-Type")
	if len(ct) > lim.AcceptBytes {
		return nil, fmt.Errorf("dicomweb: content type: %w", ErrLimit)
	}
	mediaType, params, err := mime.ParseMediaType(ct)
	if err != nil {
		return nil, fmt.Errorf("dicomweb: content type: %w", ErrUnsupported)
	}
	// Without the parameter each part says what it is.
	if inner := params["type"]; mediaType != "multipart/related" || inner != "" && !strings.EqualFold(inner, typeDICOM) {
		return nil, fmt.Errorf("dicomweb: content type: %w", ErrUnsupported)
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, fmt.Errorf("dicomweb: content encoding: %w", ErrUnsupported)
	}
	boundary, err := boundaryOf(params)
	if err != nil {
		return nil, err
	}
	ranges, err := parseAccept(r, lim)
	if err != nil {
		return nil, err
	}
	if _, ok := accepts(ranges, typeJSON, "application/json"); !ok {
		return nil, fmt.Errorf("dicomweb: store response: %w", ErrNotAcceptable)
	}
	if r.ContentLength > lim.BodyBytes {
		return nil, fmt.Errorf("dicomweb: body: %w", ErrLimit)
	}
	return newParts(&pacedReader{r: http.MaxBytesReader(w, r.Body, lim.BodyBytes), pace: h.progress(w)}, boundary, lim), nil
}

// storeParts hands every part to the Backend. It returns an error where the body itself
// can't be read on.
func (h *handler) storeParts(ctx context.Context, p *parts, rq StoreRequest) (*stored, error) {
	out := &stored{}
	for {
		mediaType, _, err := p.next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, invalidFraming(err)
		}
		if mediaType != typeDICOM {
			out.fail(Reference{}, reasonNotReadable)
			continue
		}
		ref, err := h.backend.Store(ctx, rq, p)
		if err == nil {
			out.kept = append(out.kept, ref)
			continue
		}
		reason := uint16(reasonProcessing)
		var failure *FailureError
		if errors.As(err, &failure) {
			reason = failure.Reason
		}
		if errors.Is(err, ErrLimit) {
			reason = reasonOutOfResources
		}
		if out.cause == nil {
			out.cause = err
		}
		out.fail(ref, reason)
	}
}

// invalidFraming gives a broken body its kind; limits and timeouts keep theirs.
func invalidFraming(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.Is(err, ErrLimit) || errors.As(err, &tooLarge) {
		return err
	}
	return fmt.Errorf("dicomweb: body: %w: %w", ErrInvalid, err)
}

// stored is the account of one store request.
type stored struct {
	kept   []Reference
	failed []failedPart
	cause  error // of the first failure
}

type failedPart struct {
	Reference
	reason uint16
}

func (s *stored) fail(ref Reference, reason uint16) {
	s.failed = append(s.failed, failedPart{ref, reason})
}

// status is PS3.18 Table 10.5.3-1's; broken is what ended the body early, if anything.
func (s *stored) status(broken error) int {
	switch {
	case len(s.failed) == 0 && len(s.kept) == 0:
		return http.StatusBadRequest
	case len(s.failed) == 0:
		return http.StatusOK
	case len(s.kept) > 0:
		return http.StatusAccepted
	case broken != nil:
		return statusOf(broken)
	}
	for _, f := range s.failed {
		if f.reason != reasonOutOfResources {
			return http.StatusConflict
		}
	}
	return http.StatusServiceUnavailable
}

// response is the Store Instances Response Module (PS3.18 Annex I).
func (s *stored) response(base, study string) dataset.Dataset {
	ds := dataset.Dataset{}
	for _, k := range s.kept {
		if study == "" {
			study = k.StudyInstanceUID
		} else if study != k.StudyInstanceUID {
			study = "-" // several: no one address holds them all
			break
		}
	}
	if study != "" && study != "-" {
		ds = append(ds, dataset.NewText(dataset.TagRetrieveURL, base+"/studies/"+study))
	}
	var failed, other, kept []dataset.Dataset
	for _, f := range s.failed {
		item := dataset.Dataset{dataset.NewInt(dataset.TagFailureReason, int64(f.reason))}
		if f.SOPInstanceUID == "" || f.SOPClassUID == "" {
			other = append(other, item)
			continue
		}
		failed = append(failed, append(f.Reference.item(), item...))
	}
	for _, k := range s.kept {
		url := base + "/studies/" + k.StudyInstanceUID + "/series/" + k.SeriesInstanceUID + "/instances/" + k.SOPInstanceUID
		kept = append(kept, append(k.item(), dataset.NewText(dataset.TagRetrieveURL, url)))
	}
	for _, s := range []struct {
		tag   dataset.Tag
		items []dataset.Dataset
	}{{dataset.TagFailedSOPSequence, failed}, {dataset.TagReferencedSOPSequence, kept}, {tagOtherFailuresSequence, other}} {
		if len(s.items) > 0 {
			ds = append(ds, dataset.NewSequence(s.tag, s.items...))
		}
	}
	return ds
}

func (r Reference) item() dataset.Dataset {
	return dataset.Dataset{
		dataset.NewText(dataset.TagReferencedSOPClassUID, r.SOPClassUID),
		dataset.NewText(dataset.TagReferencedSOPInstanceUID, r.SOPInstanceUID),
	}
}

// pacedReader moves the connection's deadline with what arrives.
type pacedReader struct {
	r    io.Reader
	pace *progress
}

func (p *pacedReader) Read(b []byte) (int, error) {
	p.pace.reading()
	return p.r.Read(b)
}
