package powercut

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Response is a C-STORE-RSP with status Success.
type Response struct {
	// Begin is the line at which its first byte may have left.
	Begin int
	// Instance is the SOP Instance UID.
	Instance string
}

// Acknowledged lists the Success responses that a service wrote to sockets of its local
// port. A response counts from the begin of its write, since its peer may have had it
// before the call returned.
func Acknowledged(calls []Call, port string) ([]Response, error) {
	var out []Response
	for _, c := range calls {
		if len(c.Args) == 0 || c.Result <= 0 || !strings.HasPrefix(c.Args[0].Path, "TCP") || !strings.Contains(c.Args[0].Path, ":"+port+"->") {
			continue
		}
		var data []byte
		var err error
		switch c.Name {
		case "write", "sendto":
			data = c.Args[1].Data
		case "writev":
			data, err = vector(c.Args[1].Text)
		default:
			err = fmt.Errorf("%s writes to a socket", c.Name)
		}
		if err == nil {
			out, err = successes(out, c.Begin, data)
		}
		if err != nil {
			return nil, fmt.Errorf("powercut: line %d: %w", c.End, err)
		}
	}
	return out, nil
}

// successes decodes what one call wrote: whole PDUs, since the server writes each at
// once.
func successes(out []Response, begin int, data []byte) ([]Response, error) {
	b := bytes.NewReader(data)
	r := pdu.NewReader(b, pdu.Limits{})
	for b.Len() > 0 {
		p, err := r.Next()
		if err != nil {
			return out, fmt.Errorf("response: %w", err)
		}
		d, ok := p.(*pdu.PDataTF)
		if !ok {
			continue
		}
		for _, v := range d.PDVs {
			if !v.Command || !v.Last {
				continue
			}
			cmd, err := dimse.Decode(v.Data)
			if err != nil {
				return out, fmt.Errorf("response: %w", err)
			}
			if rsp, ok := cmd.(*dimse.CStoreRSP); ok && rsp.Status == dimse.Success {
				out = append(out, Response{begin, rsp.AffectedSOPInstanceUID})
			}
		}
	}
	return out, nil
}
