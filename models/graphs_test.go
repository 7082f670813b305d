package models_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

func TestOpenGraphs(t *testing.T) {
	t.Parallel()
	for _, random := range []bool{false, true} {
		dir := trainingFolder(t, random)
		if err := os.Remove(filepath.Join(dir, "fit.json")); err != nil {
			t.Fatal(err)
		}
		g, err := models.OpenGraphs(dir)
		if err != nil {
			t.Fatal(err)
		}
		if g.RandomWeights() != random || len(g.Models()) != 4 {
			t.Errorf("random %v, models %+v", g.RandomWeights(), g.Models())
		}
		before, err := g.Digest()
		if err != nil || len(before) != 64 {
			t.Errorf("digest %q %v", before, err)
		}
		if _, err := models.Open(dir, models.Trust{AllowRandomWeights: true}); err == nil {
			t.Error("graphs without a fit opened as a pack")
		}
		name := g.Models()[0].Files[0]
		if err := os.WriteFile(filepath.Join(dir, name), []byte("other"), 0o644); err != nil {
			t.Fatal(err)
		}
		if after, err := g.Digest(); err != nil || after == before {
			t.Errorf("the digest does not see a change: %v", err)
		}
		for _, bad := range []string{"../" + name, "models.json", "absent.onnx"} {
			if _, err := g.ReadFile(bad); neckfrac.KindOf(err) != neckfrac.NotFound {
				t.Errorf("%s: %v", bad, err)
			}
		}
	}
}

func TestOpenGraphsNeedsBothStages(t *testing.T) {
	t.Parallel()
	dir := trainingFolder(t, false)
	os.Remove(filepath.Join(dir, "model2_classify.onnx"))
	if _, err := models.OpenGraphs(dir); neckfrac.KindOf(err) != neckfrac.Invalid {
		t.Errorf("without a classifier: %v", err)
	}
	if _, err := models.OpenGraphs(t.TempDir()); neckfrac.KindOf(err) != neckfrac.NotFound {
		t.Errorf("an empty folder: %v", err)
	}
}
