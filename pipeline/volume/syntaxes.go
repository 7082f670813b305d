package volume

import (
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pixel"
)

// Syntaxes lists the transfer syntaxes that Assemble reads pixels in here and now: what
// needs no decoder, and what package pixel has one for in this process. A receiver offers
// no other by itself. An image in another one is refused as pixel-unreadable.
func Syntaxes() []string {
	native := []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian, dataset.DeflatedExplicitVRLittleEndian, dataset.ExplicitVRBigEndian}
	return append(native, pixel.Syntaxes()...)
}
