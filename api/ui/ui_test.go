package ui_test

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/api/ui"
)

func read(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(ui.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(ui.Files(), name)
		out[name] = string(b)
		return err
	})
	if err != nil || out["index.html"] == "" {
		t.Fatalf("no page: %v", err)
	}
	return out
}

func TestPageLoadsOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	files := read(t)
	used := map[string]bool{"index.html": true}
	refs := regexp.MustCompile(`(?:from "\./|(?:src|href)="/ui/)([^"]+)"`)
	for name, text := range files {
		for _, m := range refs.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if files[m[1]] == "" {
				t.Errorf("%s loads %s, which is not there", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`https?://[^\s"<]+`).FindAllString(text, -1) {
			if m != "http://www.w3.org/2000/svg" {
				t.Errorf("%s names another place: %s", name, m)
			}
		}
	}
	for name := range files {
		if !used[name] {
			t.Errorf("%s is loaded by nothing", name)
		}
	}
}

// What the content security policy would block, and what could turn a patient's name
// into markup.
func TestTextStaysText(t *testing.T) {
	t.Parallel()
	banned := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|localStorage|sessionStorage|document\.cookie`)
	inline := regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|<style|<script[^>]*>[^<]|javascript:`)
	for name, text := range read(t) {
		if m := banned.FindString(text); m != "" {
			t.Errorf("%s uses %s", name, m)
		}
		if m := inline.FindString(text); path.Ext(name) == ".html" && m != "" {
			t.Errorf("%s has an inline script or style: %q", name, m)
		}
	}
}

func TestPageSaysNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	clearance := regexp.MustCompile(`(?i)\b(normal|cleared|negative|positive|absent|detected|diagnosis|safe|no fracture)\b`)
	sentences := []string{neckfrac.ResearchUse, neckfrac.Action, neckfrac.NotExcluded, neckfrac.PreviewCaption, neckfrac.LimitsText,
		neckfrac.SyntheticPack, neckfrac.ReportTitle, neckfrac.ConfirmationUnknown, "AI flag", "AI severity grade", "Not analysed:"}
	for name, text := range read(t) {
		if path.Ext(name) == ".css" || path.Ext(name) == ".svg" {
			continue
		}
		if m := clearance.FindString(text); m != "" {
			t.Errorf("%s says %q", name, m)
		}
		for _, s := range sentences {
			if strings.Contains(text, s) {
				t.Errorf("%s retypes %q, which the API sends", name, s)
			}
		}
	}
}

// WCAG 2.2 §1.4.3: text has a contrast of 4.5 to its ground, in both schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	parts := strings.SplitN(read(t)["style.css"], "@media (prefers-color-scheme: dark)", 2)
	for i, scheme := range []string{"light", "dark"} {
		vars := map[string]string{}
		block := parts[i][:strings.Index(parts[i], "\n}")]
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
			vars[m[1]] = m[2]
		}
		for _, pair := range [][2]string{
			{"ink", "ground"}, {"ink", "panel"}, {"ink", "raised"}, {"ink", "open"}, {"soft", "ground"}, {"soft", "panel"}, {"soft", "raised"}, {"link", "ground"},
			{"flag", "flag-ground"}, {"flag", "panel"}, {"warn", "warn-ground"}, {"warn", "panel"}, {"warn", "raised"}, {"busy", "busy-ground"}, {"busy", "raised"}, {"none", "none-ground"},
		} {
			c, err := contrast(vars[pair[0]], vars[pair[1]])
			if err != nil || c < 4.5 {
				t.Errorf("%s: %s on %s has %.2f, want 4.5 (%v)", scheme, pair[0], pair[1], c, err)
			}
		}
	}
}

func contrast(a, b string) (float64, error) {
	la, err := luminance(a)
	if err != nil {
		return 0, err
	}
	lb, err := luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05), err
}

func luminance(hex string) (float64, error) {
	if len(hex) != 7 {
		return 0, fmt.Errorf("colour %q", hex)
	}
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0, err
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum, nil
}
