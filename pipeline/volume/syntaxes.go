package volume

import "github.com/neckfrac/neckfrac/dicomnet/dataset"

// Syntaxes lists the transfer syntaxes that Assemble reads pixels in; a receiver offers
// no other by itself. An image in another one is refused as pixel-unreadable.
func Syntaxes() []string {
	return []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian, dataset.DeflatedExplicitVRLittleEndian, dataset.ExplicitVRBigEndian}
}
