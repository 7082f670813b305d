package phantom

import "github.com/neckfrac/neckfrac"

// DrawLevels is the draw of broken levels alone, without a picture.
func DrawLevels(seed uint64, m Mode) []neckfrac.Vertebra {
	return drawLevels(stream(seed, "levels"), m)
}
