package neckfrac_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestReliabilityRowsAreTested: docs/conformance/reliability.md claims what a reader can
// run, for U1 to U16, D1 to D15 and S1 to S11, each once and in order.
func TestReliabilityRowsAreTested(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/conformance/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	have := testNames(t)
	var got []string
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	for _, row := range regexp.MustCompile(`(?m)^\| ([UDS]\d+) \|.*$`).FindAllStringSubmatch(string(doc), -1) {
		got = append(got, row[1])
		if !named.MatchString(row[0]) {
			t.Errorf("%s names no test", row[1])
		}
	}
	var want []string
	for _, g := range []struct {
		letter string
		last   int
	}{{"U", 16}, {"D", 15}, {"S", 11}} {
		for n := 1; n <= g.last; n++ {
			want = append(want, g.letter+strconv.Itoa(n))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	for _, test := range named.FindAllStringSubmatch(string(doc), -1) {
		if !have[test[1]] {
			t.Errorf("there is no %s", test[1])
		}
	}
}

// testNames are the tests and fuzz targets of the module's source.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]*)\(`)
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (p == "build" || p == "tools" || strings.HasPrefix(p, ".") && p != "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, "_test.go"):
			return nil
		}
		b, err := os.ReadFile(p)
		for _, m := range declared.FindAllSubmatch(b, -1) {
			out[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
