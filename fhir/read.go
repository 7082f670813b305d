package fhir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// serveRead is GET [type]/[id], R4 §3.1.0.1. An id that can't be one is not found:
// nothing else is said about it.
func (s *Server) serveRead(t resourceType) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !acceptsJSON(r, r.URL.Query().Get("_format")) {
			notAcceptable(w)
			return
		}
		res, err := s.read(r.Context(), t, r.PathValue("id"))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, res)
	}
}

func (s *Server) read(ctx context.Context, t resourceType, id string) (Resource, error) {
	if !ValidID(id) {
		return Resource{}, notFound(t.name)
	}
	return t.read(ctx, id)
}

func notFound(typ string) error { return neckfrac.Errorf(neckfrac.NotFound, "read "+typ, "unknown id") }

func (s *Server) studyView(ctx context.Context, id string) (View, error) {
	rec, err := s.records.Record(ctx, neckfrac.StudyID(id))
	if err != nil {
		return View{}, neckfrac.E("read study", err)
	}
	return s.view(ctx, rec, map[neckfrac.PatientKey]string{})
}

func (s *Server) readReport(ctx context.Context, id string) (Resource, error) {
	v, err := s.studyView(ctx, id)
	if err != nil {
		return Resource{}, err
	}
	return DiagnosticReport(v), nil
}

func (s *Server) readImagingStudy(ctx context.Context, id string) (Resource, error) {
	v, err := s.studyView(ctx, id)
	if err != nil {
		return Resource{}, err
	}
	return ImagingStudy(v), nil
}

func (s *Server) readObservation(ctx context.Context, id string) (Resource, error) {
	cut := strings.LastIndexByte(id, '-')
	if cut < 1 {
		return Resource{}, notFound("Observation")
	}
	v, err := s.studyView(ctx, id[:cut])
	if err != nil {
		return Resource{}, err
	}
	return pick(Observations(v), id, "Observation")
}

func (s *Server) readMedia(ctx context.Context, id string) (Resource, error) {
	v, err := s.artefactView(ctx, id)
	if err != nil {
		return Resource{}, err
	}
	return pick(Media(v), id, "Media")
}

func pick(list []Resource, id, typ string) (Resource, error) {
	for _, r := range list {
		if r.ID() == id {
			return r, nil
		}
	}
	return Resource{}, notFound(typ)
}

func (s *Server) artefactView(ctx context.Context, id string) (View, error) {
	_, study, err := s.records.Artefact(ctx, neckfrac.ArtefactID(id))
	if err != nil {
		return View{}, neckfrac.E("read artefact", err)
	}
	return s.studyView(ctx, string(study))
}

func (s *Server) readOrganization(_ context.Context, id string) (Resource, error) {
	return pick([]Resource{Organization(s.cfg.Site)}, id, "Organization")
}

func (s *Server) readCodeSystem(_ context.Context, id string) (Resource, error) {
	return pick([]Resource{CodeSystem()}, id, "CodeSystem")
}

// readDevice knows the installed packs and those of every report that was served. For
// another it looks at the newest studies, since the ledger has no list of packs.
func (s *Server) readDevice(ctx context.Context, id string) (Resource, error) {
	if p, ok := s.pack(id); ok {
		return device(s.cfg.Site, p)
	}
	records, err := s.records.Find(ctx, neckfrac.StudyQuery{Limit: s.cfg.Limits.MaxVisited})
	if err != nil {
		return Resource{}, neckfrac.E("read Device", err)
	}
	for _, rec := range records {
		if rec.Latest != nil && deviceID(rec.Latest.Pack) == id {
			s.remember(rec.Latest.Pack)
			return device(s.cfg.Site, rec.Latest.Pack)
		}
	}
	return Resource{}, notFound("Device")
}

func device(site Site, p neckfrac.PackID) (Resource, error) {
	if d, ok := Device(site, p); ok {
		return d, nil
	}
	return Resource{}, notFound("Device")
}

func (s *Server) pack(id string) (neckfrac.PackID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.packs[id]
	return p, ok
}

func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if !acceptsJSON(r, r.URL.Query().Get("_format")) {
		notAcceptable(w)
		return
	}
	s.write(w, r, s.CapabilityStatement())
}

// serveBinary is R4 Binary's rule: the bytes as they are, or the resource where the
// client names the FHIR media type.
func (s *Server) serveBinary(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	v, a, err := s.picture(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	_, asFHIR := accepts(r.Header, ContentType)
	format := r.URL.Query().Get("_format")
	raw, _ := accepts(r.Header, a.ContentType)
	asFHIR = asFHIR || format != "" && acceptsJSON(r, format)
	if !asFHIR && (!raw || format != "") {
		notAcceptable(w)
		return
	}
	data, err := s.bytes(r.Context(), a)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if asFHIR {
		s.write(w, r, Binary(v, a, data))
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("ETag", `"`+a.Blob.Digest+`"`)
	_, _ = w.Write(data) // a peer that left is nobody's error
}

// picture finds a key image that its study's latest result lets out. Pictures of
// older results are gone: they could contradict the latest.
func (s *Server) picture(ctx context.Context, id string) (View, neckfrac.Artefact, error) {
	if !ValidID(id) {
		return View{}, neckfrac.Artefact{}, notFound("Binary")
	}
	v, err := s.artefactView(ctx, id)
	if err != nil {
		return View{}, neckfrac.Artefact{}, err
	}
	for _, a := range v.keyImages() {
		if string(a.ID) == id {
			return v, a, nil
		}
	}
	return View{}, neckfrac.Artefact{}, notFound("Binary")
}

// bytes reads a blob whole and checks it against its name.
func (s *Server) bytes(ctx context.Context, a neckfrac.Artefact) ([]byte, error) {
	const op = "read Binary"
	limit := s.cfg.Limits.MaxBinaryBytes
	if a.Blob.Size < 0 || a.Blob.Size > limit {
		return nil, neckfrac.Errorf(neckfrac.Internal, op, "artefact larger than %d bytes", limit)
	}
	f, err := s.blobs.Open(ctx, a.Blob)
	if err != nil {
		return nil, neckfrac.E(op, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, a.Blob.Size+1))
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.Internal, op, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != a.Blob.Digest {
		return nil, neckfrac.Errorf(neckfrac.Internal, op, "bytes differ from their digest")
	}
	return data, nil
}
