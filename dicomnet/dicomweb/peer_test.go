package dicomweb_test

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
)

// TestClientAgainstPeer asks another server, which .ci/dicomweb/run.sh starts and fills.
func TestClientAgainstPeer(t *testing.T) {
	base := os.Getenv("NECKFRAC_DICOMWEB_PEER")
	if base == "" {
		t.Skip("NECKFRAC_DICOMWEB_PEER names no service; .ci/dicomweb/run.sh starts one")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, dicomweb.ClientConfig{Origins: []string{u.Scheme + "://" + u.Host}})
	var study dicomweb.Target
	want := map[string]bool{}
	ok := t.Run("search_for_studies", func(t *testing.T) {
		err := c.Search(t.Context(), base, dicomweb.LevelStudy, dicomweb.Target{}, url.Values{"PatientID": {"NF-TEST-PEER"}}, func(o dicomweb.Object) error {
			if name, _ := o.Dataset.Text(dataset.TagPatientName); name != "Müller^Zoë" {
				t.Errorf("name %q", name)
			}
			study.StudyInstanceUID, _ = o.Dataset.UID(dataset.TagStudyInstanceUID)
			return nil
		})
		if err != nil || study.StudyInstanceUID == "" {
			t.Fatalf("no study: %v", err)
		}
	}) && t.Run("search_for_instances", func(t *testing.T) {
		err := c.Search(t.Context(), base, dicomweb.LevelInstance, study, nil, func(o dicomweb.Object) error {
			uid, _ := o.Dataset.UID(dataset.TagSOPInstanceUID)
			want[uid] = true
			return nil
		})
		if err != nil || len(want) == 0 {
			t.Fatalf("%d instances: %v", len(want), err)
		}
	})
	if !ok {
		return
	}
	t.Run("retrieve_study", func(t *testing.T) {
		got := map[string]bool{}
		err := c.Retrieve(t.Context(), base, study, func(body io.Reader) error {
			m, r, err := dataset.ReadPart10(body, dataset.Limits{})
			if err != nil {
				return err
			}
			ds, err := r.ReadDataset()
			px, _ := ds.Bytes(dataset.TagPixelData)
			if err != nil || len(px) == 0 {
				t.Errorf("object without pixels: %v", err)
			}
			got[m.SOPInstanceUID] = true
			return nil
		})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d of %d objects: %v", len(got), len(want), err)
		}
		for uid := range want {
			if !got[uid] {
				t.Error("an instance did not come")
			}
		}
	})
	t.Run("metadata", func(t *testing.T) {
		n := 0
		err := c.Metadata(t.Context(), base, study, func(o dicomweb.Object) error {
			n++
			if rows, ok := o.Dataset.Uint16(dataset.TagRows); !ok || rows != 16 {
				t.Errorf("rows %d", rows)
			}
			if o.BulkData["7FE00010"] == "" {
				t.Error("no address of the pixels")
			}
			return nil
		})
		if err != nil || n != len(want) {
			t.Fatalf("%d of %d headers: %v", n, len(want), err)
		}
	})
	t.Run("unknown_study", func(t *testing.T) {
		err := c.Retrieve(t.Context(), base, dicomweb.Target{StudyInstanceUID: "1.2.3.4"}, func(body io.Reader) error {
			_, err := io.Copy(&bytes.Buffer{}, body)
			return err
		})
		if !errors.Is(err, dicomweb.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}
