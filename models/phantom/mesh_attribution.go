package phantom

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/neckfrac/neckfrac"
)

// bodyParts3D is the line that the Database Center for Life Science asks for.
const bodyParts3D = "BodyParts3D, (c) The Database Center for Life Science licensed under CC Attribution-Share Alike 2.1 Japan"

// noAttribution is what stands in for a licence that nobody named.
const noAttribution = "licence unknown: the anatomy's folder names none; do not pass this study on"

// Bounds of the texts that are searched for an attribution.
const (
	maxAttribution = 400
	maxReadme      = 64 << 10
)

// readAttribution takes the first line of ATTRIBUTION.txt. Without that file, a README.md
// or LICENSE that holds the line which BodyParts3D asks for stands for it, since that
// atlas is where most such folders come from. Nothing else is guessed.
func readAttribution(dir string) (string, error) {
	text, err := readText(filepath.Join(dir, "ATTRIBUTION.txt"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if line = plain(line); line != "" {
			if len(line) > maxAttribution {
				return "", neckfrac.Errorf(neckfrac.Limit, "attribution", "a line of %d bytes, at most %d are kept", len(line), maxAttribution)
			}
			return line, nil
		}
	}
	for _, name := range []string{"README.md", "README", "LICENSE", "LICENSE.txt"} {
		text, err := readText(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		if strings.Contains(strings.ReplaceAll(plain(text), "*", ""), bodyParts3D) {
			return bodyParts3D + " - changed: sampled, scaled, bent, broken", nil
		}
	}
	return noAttribution, nil
}

// plain is a text on one line, without control characters and runs of space.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// readText reads the start of a small file; a missing one is empty.
func readText(name string) (string, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", neckfrac.Errorf(neckfrac.Unavailable, "attribution", "%w", errors.Unwrap(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxReadme))
	if err != nil {
		return "", neckfrac.Errorf(neckfrac.Unavailable, "attribution", "%w", errors.Unwrap(err))
	}
	return string(b), nil
}
