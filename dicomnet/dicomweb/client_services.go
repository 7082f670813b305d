package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// acceptObjects asks for objects as they are stored.
const acceptObjects = `multipart/related; type="application/dicom"; transfer-syntax=*`

// Retrieve reads the objects of a target (WADO-RS) and hands each Part 10 stream to fn
// as it arrives; what fn leaves unread is skipped, an error of fn ends the retrieval and
// comes back. A stream that the server cuts ends with an error, never with io.EOF, and
// the retrieval with it. base is the service's address ("https://pacs.example.org/dicom-web").
func (c *Client) Retrieve(ctx context.Context, base string, t Target, fn func(body io.Reader) error) error {
	address, err := targetURL(base, t)
	if err != nil {
		return err
	}
	lim := c.cfg.Limits
	rs, body, done, err := c.get(ctx, address, acceptObjects, lim.ResponseBytes)
	if err != nil {
		return err
	}
	defer done()
	mediaType, params, err := mediaTypeOf(rs)
	switch {
	case err != nil:
		return err
	case rs.StatusCode == http.StatusNoContent:
		return fmt.Errorf("dicomweb: retrieve: %w", ErrNotFound)
	case mediaType == typeDICOM: // one object without a wrapping, as some servers send it
		return one(body, lim.ObjectBytes, fn)
	case mediaType != "multipart/related":
		return fmt.Errorf("dicomweb: retrieve: %w", ErrUnsupported)
	}
	boundary, err := boundaryOf(params)
	if err != nil {
		return err
	}
	p := newParts(body, boundary, Limits{PartBytes: lim.ObjectBytes, Parts: lim.Objects, BodyBytes: lim.ResponseBytes}.withDefaults())
	for {
		mediaType, _, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("dicomweb: retrieve: %w", err)
		}
		if mediaType != typeDICOM {
			return fmt.Errorf("dicomweb: retrieve: part: %w", ErrUnsupported)
		}
		if err := fn(p); err != nil {
			return err
		}
	}
}

func one(body io.Reader, size int64, fn func(io.Reader) error) error {
	whole := &limitReader{r: body, left: size}
	if err := fn(whole); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, whole)
	return err
}

// Metadata reads the headers of a target's instances as DICOM JSON.
func (c *Client) Metadata(ctx context.Context, base string, t Target, fn func(Object) error) error {
	address, err := targetURL(base, t)
	if err != nil {
		return err
	}
	return c.json(ctx, address+"/metadata", fn)
}

// Search runs QIDO-RS for studies, for the series of a study or for the instances of a
// study or series, as level and t say; keys are query parameters (PS3.18 §8.3.4). No
// match is no error.
func (c *Client) Search(ctx context.Context, base string, level Level, t Target, keys url.Values, fn func(Object) error) error {
	address, err := collectionURL(base, level, t)
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		address += "?" + keys.Encode()
	}
	return c.json(ctx, address, fn)
}

func (c *Client) json(ctx context.Context, address string, fn func(Object) error) error {
	rs, body, done, err := c.get(ctx, address, typeJSON, c.cfg.Limits.JSON.withDefaults().Bytes+1)
	if err != nil {
		return err
	}
	defer done()
	if rs.StatusCode == http.StatusNoContent {
		return nil
	}
	mediaType, _, err := mediaTypeOf(rs)
	if err != nil {
		return err
	}
	if mediaType != typeJSON && mediaType != "application/json" {
		return fmt.Errorf("dicomweb: answer: %w", ErrUnsupported)
	}
	return DecodeJSON(body, c.cfg.Limits.JSON, fn)
}

func mediaTypeOf(rs *http.Response) (string, map[string]string, error) {
	if rs.StatusCode == http.StatusNoContent {
		return "", nil, nil
	}
	ct := rs.Header.Get("Content-Type")
	mediaType, params, err := mime.ParseMediaType(ct)
	if len(ct) > 4<<10 || err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", nil, fmt.Errorf("dicomweb: answer: content type: %w", ErrUnsupported)
	}
	return mediaType, params, nil
}

// targetURL is the address of a target under the service.
func targetURL(base string, t Target) (string, error) {
	if !dataset.ValidUID(t.StudyInstanceUID) || t.SeriesInstanceUID == "" && t.SOPInstanceUID != "" {
		return "", fmt.Errorf("dicomweb: target: %w", ErrInvalid)
	}
	out, err := service(base)
	if err != nil {
		return "", err
	}
	for _, p := range []struct{ name, uid string }{{"/studies/", t.StudyInstanceUID}, {"/series/", t.SeriesInstanceUID}, {"/instances/", t.SOPInstanceUID}} {
		if p.uid == "" {
			break
		}
		if !dataset.ValidUID(p.uid) {
			return "", fmt.Errorf("dicomweb: target: %w", ErrInvalid)
		}
		out += p.name + p.uid
	}
	return out, nil
}

func collectionURL(base string, level Level, t Target) (string, error) {
	if t == (Target{}) {
		out, err := service(base)
		return out + [...]string{"/studies", "/series", "/instances"}[min(level, LevelInstance)], err
	}
	if t.SOPInstanceUID != "" || level == LevelStudy || level == LevelSeries && t.SeriesInstanceUID != "" {
		return "", fmt.Errorf("dicomweb: search: target: %w", ErrInvalid)
	}
	out, err := targetURL(base, t)
	return out + [...]string{"/studies", "/series", "/instances"}[min(level, LevelInstance)], err
}

// service is a base address without query, so that a path can follow.
func service(base string) (string, error) {
	u, _, err := parseOrigin(base)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return "", fmt.Errorf("dicomweb: base address: %w", ErrInvalid)
	}
	return strings.TrimRight(base, "/"), nil
}
