package chaos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// implementation identifies the sender in associations; a random UID under 2.25 (PS3.5
// §B.2).
const implementation = "2.25.175301283519284726450193826471028364511"

// Sender is a modality that sends its studies until each slice got a Success, over
// several associations at once.
type Sender struct {
	// Called is the AE title of the service.
	Called string
	// Associations is how many run at once. Defaults to 1.
	Associations int
	Log          *Log

	mu      sync.Mutex
	studies []Study
	acked   map[Slice]bool
}

// Add gives the sender one more study.
func (s *Sender) Add(st Study) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.studies = append(s.studies, st)
}

// Studies lists what was added.
func (s *Sender) Studies() []Study {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Study(nil), s.studies...)
}

// item is one instance that has to be sent.
type item struct {
	study Study
	k     int
}

func (i item) slice() Slice { return Slice{i.study.Index, i.k} }

// Pending counts the slices that were not acknowledged, and their bytes.
func (s *Sender) Pending() (n int, size int64) {
	for _, i := range s.pending() {
		n++
		size += int64(len(i.study.Bytes(i.k)))
	}
	return n, size
}

func (s *Sender) pending() []item {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []item
	for _, st := range s.studies {
		for k := range st.Slices {
			if !s.acked[Slice{st.Index, k}] {
				out = append(out, item{st, k})
			}
		}
	}
	return out
}

// ErrRefused means that the service answered something else than Success.
var ErrRefused = errors.New("chaos: refused")

// Send stores what is pending, and returns when all of it is acknowledged or an
// association broke. n is told of every byte and every answer.
func (s *Sender) Send(ctx context.Context, addr string, n *Nemesis) error {
	todo := s.pending()
	lanes := min(max(s.Associations, 1), len(todo))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	errs := make([]error, lanes)
	var wg sync.WaitGroup
	for lane := range lanes {
		var mine []item
		for i := lane; i < len(todo); i += lanes {
			mine = append(mine, todo[i])
		}
		wg.Go(func() {
			if errs[lane] = s.lane(ctx, addr, mine, &next, n); errs[lane] != nil {
				cancel() // the others would wait for their answers
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// lane sends over one association.
func (s *Sender) lane(ctx context.Context, addr string, items []item, next *atomic.Int64, n *Nemesis) error {
	bodies := make([][]byte, len(items))
	begun := make([]Op, len(items))
	for i, it := range items {
		bodies[i] = it.study.Bytes(it.k)
		sum := sha256.Sum256(bodies[i])
		begun[i] = Op{Outcome: Invoke, Study: it.study.Index, Slice: it.k, SHA256: hex.EncodeToString(sum[:])}
	}
	if err := s.Log.Begin(begun); err != nil {
		return err
	}
	var d net.Dialer
	tcp, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	conn := n.Conn(tcp)
	client, err := dicomnet.NewClient(ctx, conn, dicomnet.ClientConfig{
		CallingAETitle: "CHAOS", CalledAETitle: s.Called, ImplementationClassUID: implementation,
		Proposals: []dicomnet.Service{{SOPClassUIDs: []string{dataset.CTImageStorage}, TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian}}},
	})
	if err != nil {
		tcp.Close()
		return fmt.Errorf("chaos: %w", err)
	}
	defer client.Abort()
	for i, it := range items {
		number := int(next.Add(1)) - 1
		conn.before(number)
		if err := s.store(ctx, client, it, bodies[i]); err != nil {
			return err
		}
		n.after(number)
	}
	return client.Release(ctx)
}

// store sends one instance and notes what came of it.
func (s *Sender) store(ctx context.Context, client *dicomnet.Client, it item, body []byte) error {
	status, err := client.Store(ctx, dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage,
		SOPInstanceUID: it.study.Instance(it.k), TransferSyntaxUID: dataset.ExplicitVRLittleEndian}, bytes.NewReader(body))
	op := Op{Outcome: Unknown, Study: it.study.Index, Slice: it.k, Status: uint16(status)}
	switch {
	case err == nil && status == dimse.Success:
		op.Outcome = OK
		s.ack(it.slice())
	case err == nil:
		op.Outcome, err = Fail, fmt.Errorf("%w: status %v", ErrRefused, status)
	default:
		op.Status = 0
	}
	return errors.Join(err, s.Log.End(op))
}

func (s *Sender) ack(k Slice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.acked == nil {
		s.acked = map[Slice]bool{}
	}
	s.acked[k] = true
}
