package neckfrac_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/neckfrac/neckfrac"

// room says what a package may import of ours and of others, and what would break if
// it imported more. Imports of _test.go files are free, but for the fakes' rule below.
type room struct {
	path   string
	ours   []string
	others []string
	why    string
}

// rooms is architecture.md's table. "pkg/..." admits a whole tree. Packages that are
// not listed may not exist.
var rooms = []room{
	{"", nil, nil, "the domain is what every adapter shares; one driver here and all of them carry it"},
	{"cmd/neckfrac", []string{"..."}, []string{"*"}, "wiring is the only place that sees everything"},
	{"chaos", []string{"", "dicomnet/...", "pipeline/ledger/sqlite", "pipeline/blob/fsblob"}, nil, "what judges the receiver reads its stores and shares no code with its way in"},
	{"chaos/powercut", []string{"dicomnet/pdu", "dicomnet/dimse"}, nil, "system calls are judged without the code that made them"},
	{"dicomnet", []string{"dicomnet/..."}, nil, "a DICOM library that knows about necks can't be used or tested alone"},
	{"dicomnet/pdu", nil, nil, "a PDU that knows its DIMSE handler can't be replayed from bytes"},
	{"dicomnet/dataset", nil, nil, "the bounded reader is the border to hostile bytes and stands alone"},
	{"dicomnet/dimse", []string{"dicomnet/dataset"}, nil, "commands are data sets, nothing else"},
	{"dicomnet/dicomweb", []string{"dicomnet/dataset"}, nil, "web services over a Backend: the library's other half, without associations"},
	{"dicomnet/dicomnettest", []string{"dicomnet/..."}, nil, "test peers of the library"},
	{"pipeline", []string{"", "pipeline/volume", "pipeline/assess", "pipeline/artefact"}, nil, "use cases call pure steps and ports; a driver here would tie them to one site"},
	{"pipeline/scp", []string{"", "pipeline", "dicomnet/..."}, nil, "the one place where the network and the pipeline meet"},
	{"pipeline/pixel", nil, nil, "a codec sees a codestream and the size it must have, nothing of the patient"},
	{"pipeline/pixel/openjpeg", []string{"pipeline/pixel"}, []string{"github.com/ebitengine/purego"}, "C that reads a stranger's bytes is loaded in the runner alone, and without cgo"},
	{"pipeline/pixel/pixeltest", nil, nil, "an encoder that shared code with its decoder would share its mistakes"},
	{"pipeline/volume", []string{"", "dicomnet/dataset", "pipeline/pixel"}, nil, "pixels are decoded in the runner, which has no network"},
	{"pipeline/assess", []string{""}, nil, "thresholds are compared once, in a pure function"},
	{"pipeline/artefact", []string{""}, []string{"golang.org/x/image"}, "pictures are drawn from a volume, never from a file"},
	{"pipeline/pipelinetest", []string{""}, nil, "fakes of the ports know the ports alone"},
	{"pipeline/predictortest", []string{""}, nil, "the suite sees what every predictor sees"},
	{"pipeline/ledger/sqlite", []string{""}, []string{"modernc.org/sqlite", "github.com/pressly/goose/v3"}, "one driver an adapter"},
	{"pipeline/ledger/ledgertest", []string{""}, []string{"github.com/google/go-cmp"}, "the suite sees what every ledger sees"},
	{"pipeline/blob/fsblob", []string{""}, []string{"golang.org/x/sys"}, "one driver an adapter"},
	{"pipeline/blob/blobtest", []string{""}, nil, "the suite sees what every store sees"},
	{"pipeline/queue/inproc", []string{""}, nil, "one driver an adapter"},
	{"pipeline/queue/queuetest", []string{""}, nil, "the suite sees what every queue sees"},
	{"models", []string{"", "models/input"}, nil, "a pack is verified without a runtime"},
	{"models/input", []string{""}, nil, "the only preprocessing; a runtime here would skew training"},
	{"models/level", []string{"", "models/input"}, nil, "naming levels is pure geometry on the segmenter's grid"},
	{"models/onnx", []string{"", "models", "models/input", "models/level"}, []string{"github.com/yalue/onnxruntime_go"}, "the only cgo"},
	{"models/nifti", []string{""}, nil, "for data sets and phantoms, never for serve"},
	{"models/stl", []string{""}, nil, "meshes for phantoms, never for serve"},
	{"models/phantom", []string{"", "models/nifti", "models/stl", "dicomnet/dataset"}, nil, "a generator that knew a model could please it"},
	{"models/realism", []string{""}, nil, "a judge of pictures sees volumes and marks, never who drew them or how"},
	{"models/dataset", []string{"", "models", "models/input", "models/level", "models/nifti"}, nil, "training tensors come from the service's own code"},
	{"models/bench", []string{"", "models/phantom", "models/evaluate"}, nil, "a benchmark is a generator and figures; a pack here could choose what it is judged on"},
	{"models/evaluate", []string{"", "models", "models/input", "models/level", "models/nifti", "models/dataset"}, nil, "a judge that trains is no judge; truth files have one reader, models/dataset"},
	{"fhir", []string{""}, []string{"github.com/google/fhir/go", "google.golang.org/protobuf", "github.com/go-jose/go-jose/v4"}, "protos stay inside"},
	{"cds-hooks", []string{"", "fhir"}, []string{"github.com/go-jose/go-jose/v4"}, "a card reads the ledger, it asks nobody"},
	{"api", []string{""}, []string{"github.com/labstack/echo/v4", "github.com/go-jose/go-jose/v4", "github.com/prometheus/client_golang"}, "the listener mounts handlers, it does not know them"},
	{"api/ui", nil, nil, "embedded files"},
}

// never lists edges that a wider rule could let in one day, each with what it breaks.
var never = []struct{ from, to, why string }{
	{"pipeline/...", "fhir", "a result is stored before it is rendered"},
	{"pipeline/...", "cds-hooks", "a hook never waits for the pipeline"},
	{"pipeline/...", "api", "the pipeline runs without a listener"},
	{"pipeline/...", "models/...", "any predictor behind the port must do"},
	{"dicomnet/...", "", "the library must not learn what a neck is"},
	{"fhir", "dicomnet/...", "resources render the ledger, not DICOM"},
	{"api", "pipeline/...", "HTTP changes the world only through root ports"},
	{"models/phantom", "models", "a generator that knew a model could please it"},
}

func TestImportsFollowTheHouse(t *testing.T) {
	t.Parallel()
	byPath := map[string]room{}
	for _, r := range rooms {
		byPath[r.path] = r
	}
	for pkg, files := range packages(t) {
		r, ok := byPath[pkg]
		if !ok {
			t.Errorf("package %q is not in the table of rooms: add it with its reason, or move its code", pkg)
			continue
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			for _, imp := range imports(t, f) {
				if why := forbidden(r, imp); why != "" {
					t.Errorf("%s imports %s: %s", f, imp, why)
				}
			}
		}
	}
}

func TestRoomsExist(t *testing.T) {
	t.Parallel()
	have := packages(t)
	for _, r := range rooms {
		if _, ok := have[r.path]; !ok {
			t.Errorf("room %q has no Go file: a rule for nothing hides a move", r.path)
		}
	}
}

func TestFakesStayInTests(t *testing.T) {
	t.Parallel()
	for _, files := range packages(t) {
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			for _, imp := range imports(t, f) {
				if strings.HasPrefix(imp, module) && strings.HasSuffix(path.Base(imp), "test") && !strings.HasSuffix(filepath.Dir(f), "test") {
					t.Errorf("%s imports %s: a released binary must not hold a fake", f, imp)
				}
			}
		}
	}
}

func TestCgoOnlyInOnnx(t *testing.T) {
	t.Parallel()
	for pkg, files := range packages(t) {
		for _, f := range files {
			if slices.Contains(imports(t, f), "C") {
				t.Errorf("%s uses cgo in %q: a C compiler is needed for models/onnx alone", f, pkg)
			}
		}
	}
}

// forbidden returns why r may not import imp, or "".
func forbidden(r room, imp string) string {
	if imp != module && !strings.HasPrefix(imp, module+"/") {
		if std(imp) || slices.ContainsFunc(r.others, func(o string) bool { return o == "*" || imp == o || strings.HasPrefix(imp, o+"/") }) {
			return ""
		}
		return r.why
	}
	to := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
	for _, n := range never {
		if within(r.path, n.from) && within(to, n.to) && r.path != "cmd/neckfrac" {
			return n.why
		}
	}
	if slices.ContainsFunc(r.ours, func(p string) bool { return within(to, p) }) {
		return ""
	}
	return r.why
}

func within(p, pattern string) bool {
	tree, ok := strings.CutSuffix(pattern, "...")
	if !ok {
		return p == pattern
	}
	tree = strings.TrimSuffix(tree, "/")
	return tree == "" || p == tree || strings.HasPrefix(p, tree+"/")
}

func std(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

// packages maps each package's path below the module to its Go files.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); p != "." && (name[0] == '.' || name == "testdata" || name == "build" || name == "bin" || name == "node_modules") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && p != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(p, ".go") {
			dir := filepath.ToSlash(filepath.Dir(p))
			if dir == "." {
				dir = ""
			}
			out[dir] = append(out[dir], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range f.Imports {
		out = append(out, strings.Trim(s.Path.Value, `"`))
	}
	return out
}
