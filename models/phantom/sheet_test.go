package phantom_test

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// TestSheetMarksWhatIsBroken: the boxes of broken levels and the red of visible fractures
// are on the sheet of the patient and not on that of the twin.
func TestSheetMarksWhatIsBroken(t *testing.T) {
	t.Parallel()
	c := small(31)
	c.Mode, c.Fractures = phantom.Forced, []phantom.FractureSpec{{Level: neckfrac.C5, Type: phantom.Burst}}
	for _, intact := range []bool{false, true} {
		c.Intact = intact
		var b bytes.Buffer
		if err := generate(t, c).ContactSheet(&b); err != nil {
			t.Fatalf("ContactSheet: %v", err)
		}
		img, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		var yellow, red, tinted int
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				switch p := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA); {
				case p == color.RGBA{255, 220, 0, 255}:
					yellow++
				case p.R == 255 && p.G == p.B && p.G < 90:
					red++
				case p.R != p.G || p.G != p.B:
					tinted++
				}
			}
		}
		// Three marked planes have a box, of 20 mm at least on a side.
		if broken := yellow > 300 && red > 50; broken == intact || intact && yellow+red > 0 || tinted < 1000 {
			t.Errorf("intact %t: %d yellow, %d red, %d tinted pixels", intact, yellow, red, tinted)
		}
	}
}
