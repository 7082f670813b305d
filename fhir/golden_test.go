package fhir_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neckfrac/neckfrac/fhir"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const goldenDir = "../testdata/fhir"

// golden compares JSON as values, since the order of keys carries nothing.
func golden(t *testing.T, name string, r fhir.Resource) {
	t.Helper()
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("%s: marshal: %v", name, err)
	}
	path := filepath.Join(goldenDir, name+".golden.json")
	if *update {
		var b bytes.Buffer
		if err := json.Indent(&b, got, "", "  "); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%s: %v (run with -update)", name, err)
	}
	if d := cmp.Diff(value(t, want), value(t, got)); d != "" {
		t.Errorf("%s: golden differs (-want +got):\n%s", name, d)
	}
}

func value(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return v
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for _, c := range cases() {
		golden(t, c.name, fhir.Bundle(c.view, binaries(c.view)...))
	}
	golden(t, "ig/codesystem", fhir.CodeSystem())
	golden(t, "operationoutcome", fhir.OperationOutcome(fhir.IssueNotFound, "No such resource."))
	v := cases()[1].view
	golden(t, "searchset", fhir.SearchSet(v.Site, fhir.Page{
		Matches: []fhir.Resource{fhir.DiagnosticReport(v)}, Includes: fhir.Observations(v)[:1],
		Self: v.Site.BaseURL + "/DiagnosticReport?identifier=A-1001", Total: 1,
	}))
}

// TestGoldenFolderHasNoStranger keeps files of dropped cases from being validated
// and trusted for ever.
func TestGoldenFolderHasNoStranger(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"README.md": true}
	for _, n := range []string{"ig/codesystem", "operationoutcome", "searchset", "capabilitystatement"} {
		known[n+".golden.json"] = true
	}
	for _, c := range cases() {
		known[c.name+".golden.json"] = true
	}
	readme, err := os.ReadFile(filepath.Join(goldenDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(os.DirFS(goldenDir), ".", func(name string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		if !known[name] {
			t.Errorf("%s belongs to no case", name)
		}
		if name != "README.md" && !bytes.Contains(readme, []byte("`"+name+"`")) {
			t.Errorf("%s has no line in README.md", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
