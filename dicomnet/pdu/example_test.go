package pdu_test

import (
	"bytes"
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

func ExampleReader_Next() {
	wire := []byte{0x07, 0, 0, 0, 0, 4, 0, 0, 2, 6}
	p, err := pdu.NewReader(bytes.NewReader(wire), pdu.Limits{}).Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	abort := p.(*pdu.Abort)
	fmt.Println(abort, abort.Reason)
	// Output: A-ABORT (2,6) invalid PDU parameter value
}
