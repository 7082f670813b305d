package dicomweb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
)

// retrieve answers WADO-RS (PS3.18 §10.4).
func (h *handler) retrieve(w http.ResponseWriter, r *http.Request, res resource) {
	leave, err := h.retrieves.enter(r.RemoteAddr)
	if err != nil {
		h.fail(w, "retrieve", err)
		return
	}
	defer leave()
	switch res.part {
	case "":
		err = h.objects(w, r, res.Target)
	case "metadata":
		err = h.metadata(w, r, res.Target)
	case "frames":
		err = h.frames(w, r, res)
	case "bulkdata":
		err = h.bulkData(w, r, res)
	case "rendered":
		err = h.rendered(w, r, res.Target)
	}
	if err != nil {
		h.fail(w, res.part, err)
	}
}

// begun marks an answer that failed after its header: cutting the connection is the one
// way to tell that it is not whole.
func begun(err error) {
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// objects sends whole objects as stored.
func (h *handler) objects(w http.ResponseWriter, r *http.Request, t Target) error {
	ranges, err := parseAccept(r, h.cfg.Limits)
	if err != nil {
		return err
	}
	list, err := h.list(r.Context(), t, h.cfg.Limits.Instances)
	if err != nil {
		return err
	}
	m, err := pick(ranges, list)
	if err != nil {
		return err
	}
	if !m.multipart() && m.mediaType == typeDICOM && len(list) == 1 {
		return h.object(w, r, list[0])
	}
	mw := h.multipart(w, typeDICOM)
	for _, in := range list {
		if r.Method == http.MethodHead {
			return nil
		}
		begun(h.sendObject(r.Context(), mw, in))
	}
	begun(mw.close())
	return nil
}

// list asks the Backend; an empty answer is none.
func (h *handler) list(ctx context.Context, t Target, most int) ([]Instance, error) {
	list, err := h.backend.Instances(ctx, t, most)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("dicomweb: target: %w", ErrNotFound)
	}
	return list, err
}

// pick takes the first range under which every listed object can go out.
func pick(ranges []mediaRange, list []Instance) (mediaRange, error) {
	for _, m := range ranges {
		if _, ok := accepts([]mediaRange{m}, typeDICOM); !ok || !m.multipart() && m.mediaType == typeDICOM && len(list) != 1 {
			continue
		}
		all := true
		for _, in := range list {
			all = all && m.takes(in.TransferSyntaxUID)
		}
		if all {
			return m, nil
		}
	}
	return mediaRange{}, fmt.Errorf("dicomweb: objects: %w", ErrNotAcceptable)
}

// object sends one object by itself.
func (h *handler) object(w http.ResponseWriter, r *http.Request, in Instance) error {
	f, err := h.backend.Open(r.Context(), in)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", typeDICOM+"; transfer-syntax="+in.TransferSyntaxUID)
	w.Header().Set("Content-Length", fmt.Sprint(in.Size))
	if r.Method == http.MethodHead {
		return nil
	}
	begun(copyExactly(&pacedWriter{w: w, pace: h.progress(w)}, f, in.Size))
	return nil
}

func (h *handler) sendObject(ctx context.Context, mw *multipartWriter, in Instance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := h.backend.Open(ctx, in)
	if err != nil {
		h.cfg.Log.Error("stored object does not open", "stage", "wado", "err", err)
		return err
	}
	defer f.Close()
	if err := mw.part(typeDICOM + "; transfer-syntax=" + in.TransferSyntaxUID); err != nil {
		return err
	}
	return copyExactly(mw, f, in.Size)
}

func copyExactly(w io.Writer, r io.Reader, n int64) error {
	got, err := io.Copy(w, io.LimitReader(r, n))
	if err == nil && got != n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// rendered sends a picture that the Backend has.
func (h *handler) rendered(w http.ResponseWriter, r *http.Request, t Target) error {
	renderer, ok := h.backend.(Renderer)
	if !ok {
		return fmt.Errorf("dicomweb: rendered: %w", ErrNotFound)
	}
	ranges, err := parseAccept(r, h.cfg.Limits)
	if err != nil {
		return err
	}
	var accept []string
	for _, m := range ranges {
		if !m.multipart() {
			accept = append(accept, m.mediaType)
		}
	}
	if len(accept) == 0 {
		return fmt.Errorf("dicomweb: rendered: %w", ErrNotAcceptable)
	}
	mediaType, body, err := renderer.Rendered(r.Context(), t, accept)
	if err != nil {
		return err
	}
	defer body.Close()
	w.Header().Set("Content-Type", mediaType)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = io.Copy(&pacedWriter{w: w, pace: h.progress(w)}, body)
	begun(err)
	return nil
}

// multipartWriter writes multipart/related (RFC 2387).
type multipartWriter struct {
	w        io.Writer
	boundary string
	first    bool
}

// multipart begins the answer.
func (h *handler) multipart(w http.ResponseWriter, inner string) *multipartWriter {
	b := newBoundary()
	w.Header().Set("Content-Type", `multipart/related; type="`+inner+`"; boundary=`+b)
	return &multipartWriter{w: &pacedWriter{w: w, pace: h.progress(w)}, boundary: b, first: true}
}

func (m *multipartWriter) part(contentType string) error {
	lead := "\r\n--"
	if m.first {
		lead, m.first = "--", false
	}
	_, err := io.WriteString(m.w, lead+m.boundary+"\r\n"+textproto.CanonicalMIMEHeaderKey("content-type")+": "+contentType+"\r\n\r\n")
	return err
}

func (m *multipartWriter) Write(b []byte) (int, error) { return m.w.Write(b) }

func (m *multipartWriter) close() error {
	_, err := io.WriteString(m.w, "\r\n--"+m.boundary+"--\r\n")
	return err
}
