package dicomweb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// metadata sends the headers of the target as DICOM JSON (PS3.18 §10.4.1.1.2), object by
// object.
func (h *handler) metadata(w http.ResponseWriter, r *http.Request, t Target) error {
	contentType, err := h.jsonType(r)
	if err != nil {
		return err
	}
	list, err := h.list(r.Context(), t, h.cfg.Limits.Instances)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	out := &pacedWriter{w: w, pace: h.progress(w)}
	for i, in := range list {
		err := h.describe(r, out, in, i == 0)
		if i == 0 && err != nil { // the first decides whether an answer begins at all
			return err
		}
		if err != nil && r.Context().Err() == nil {
			h.cfg.Log.Error("stored object can't be described", "stage", "metadata", "err", err)
		}
		begun(err)
		if r.Method == http.MethodHead {
			return nil
		}
	}
	_, err = out.Write([]byte{']'})
	begun(err)
	return nil
}

// describe sends one object's JSON behind its separator. A large one keeps the turn of its
// header until it has left. An error means that nothing of it was sent.
func (h *handler) describe(r *http.Request, out io.Writer, in Instance, first bool) error {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := h.backend.Open(ctx, in)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := h.header(ctx, f, in)
	if err != nil {
		return err
	}
	defer head.done()
	if head.pixels.Present {
		head.ds = head.ds.Put(dataset.Element{Tag: head.pixels.Tag, VR: head.pixels.VR, Fragments: [][]byte{}})
	}
	text := []byte{','}
	if first {
		text[0] = '['
	}
	base := h.instanceURL(in) + "/bulkdata/"
	text = AppendJSON(text, head.ds, JSONOptions{InlineBytes: h.cfg.Limits.InlineBytes, BulkDataURI: func(path string) string { return base + path }})
	head.ds = nil
	if cap(text) <= freeBytes {
		head.done()
	}
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = out.Write(text)
	begun(err)
	return nil
}

func (h *handler) instanceURL(in Instance) string {
	return h.cfg.BaseURL + "/studies/" + in.StudyInstanceUID + "/series/" + in.SeriesInstanceUID + "/instances/" + in.SOPInstanceUID
}

// bulkData sends the value that a BulkDataURI of metadata names (PS3.18 §10.4.1.1.5).
func (h *handler) bulkData(w http.ResponseWriter, r *http.Request, res resource) error {
	path, err := bulkPath(res.rest)
	if err != nil {
		return err
	}
	ranges, err := parseAccept(r, h.cfg.Limits)
	if err != nil {
		return err
	}
	in, f, err := h.one(r.Context(), res.Target)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := h.header(r.Context(), f, in)
	if err != nil {
		return err
	}
	defer head.done()
	if px := head.pixels; len(path) == 1 && px.Present && px.Tag == path[0].tag {
		pixels, err := h.layout(f, in, head.ds, px)
		head.done()
		if err != nil {
			return err
		}
		return h.sendFrames(w, r, in, f, pixels, ranges, nil)
	}
	value, ok := lookup(head.ds, path)
	if !ok {
		return fmt.Errorf("dicomweb: bulk data: %w", ErrNotFound)
	}
	m, ok := accepts(ranges, typeOctets)
	if !ok {
		return fmt.Errorf("dicomweb: bulk data: %w", ErrNotAcceptable)
	}
	if head.ds = nil; len(value) <= freeBytes {
		value = bytes.Clone(value) // of its own, so that the header it lay in is free
		head.done()
	}
	return h.sendBytes(w, r, m, typeOctets, int64(len(value)), func(out io.Writer) error {
		_, err := out.Write(value)
		return err
	})
}

// sendBytes sends one value, in one part if the client asked for parts.
func (h *handler) sendBytes(w http.ResponseWriter, r *http.Request, m mediaRange, contentType string, size int64, write func(io.Writer) error) error {
	if m.multipart() {
		mw := h.multipart(w, strings.TrimSpace(strings.Split(contentType, ";")[0]))
		if r.Method == http.MethodHead {
			return nil
		}
		begun(mw.part(contentType))
		begun(write(mw))
		begun(mw.close())
		return nil
	}
	w.Header().Set("Content-Type", contentType)
	if size >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	if r.Method == http.MethodHead {
		return nil
	}
	begun(write(&pacedWriter{w: w, pace: h.progress(w)}))
	return nil
}

// one finds and opens the instance of a target.
func (h *handler) one(ctx context.Context, t Target) (Instance, File, error) {
	list, err := h.list(ctx, t, 1)
	if err != nil {
		return Instance{}, nil, err
	}
	f, err := h.backend.Open(ctx, list[0])
	return list[0], f, err
}

type bulkStep struct {
	tag  dataset.Tag
	item int
}

// bulkPath reads tag(/item/tag)*.
func bulkPath(seg []string) ([]bulkStep, error) {
	var path []bulkStep
	for i := 0; i < len(seg); i += 2 {
		tag, ok := parseTagKey(seg[i])
		if !ok {
			return nil, fmt.Errorf("dicomweb: bulk data: %w", ErrNotFound)
		}
		step := bulkStep{tag: tag}
		if i+1 < len(seg) {
			n, err := strconv.ParseUint(seg[i+1], 10, 31)
			if err != nil {
				return nil, fmt.Errorf("dicomweb: bulk data: %w", ErrNotFound)
			}
			step.item = int(n)
		}
		path = append(path, step)
	}
	return path, nil
}

func lookup(ds dataset.Dataset, path []bulkStep) ([]byte, bool) {
	for _, step := range path[:len(path)-1] {
		items, ok := ds.Items(step.tag)
		if !ok || step.item >= len(items) {
			return nil, false
		}
		ds = items[step.item]
	}
	e, ok := ds.Find(path[len(path)-1].tag)
	if !ok || !binaryVR(e.VR) || e.Fragments != nil {
		return nil, false
	}
	return e.Value, true
}
