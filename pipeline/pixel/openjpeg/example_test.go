package openjpeg_test

import (
	"fmt"

	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// Without the library, or with one of another version, nothing is decoded.
func ExampleAvailable() {
	if version, err := openjpeg.Available(); err == nil {
		fmt.Println(version != "")
	} else {
		_, err := openjpeg.Decode(make([]uint16, 1), []byte{0xFF, 0x4F}, 1, 1)
		fmt.Println(err != nil)
	}
	// Output: true
}
