package pixel_test

import (
	"fmt"

	"github.com/neckfrac/neckfrac/pipeline/pixel"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
)

func ExampleDecode() {
	codestream, err := pixeltest.EncodeJLS([]uint16{1, 2, 3, 4, 5, 6}, pixeltest.JLS{Rows: 2, Cols: 3, Bits: 12})
	if err != nil {
		fmt.Println(err)
	}
	values := make([]uint16, 6)
	err = pixel.Decode(values, pixel.JPEGLSLossless, codestream, pixel.Format{Rows: 2, Cols: 3, BitsStored: 12})
	fmt.Println(values, err)

	err = pixel.Decode(values, pixel.JPEGLSLossless, codestream, pixel.Format{Rows: 3, Cols: 2, BitsStored: 12})
	fmt.Println(err)
	// Output:
	// [1 2 3 4 5 6] <nil>
	// pixel: decode: jpeg-ls: size differs from the header's
}
