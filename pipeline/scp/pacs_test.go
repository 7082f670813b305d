package scp_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dicomnettest"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// pacs is a scripted archive: it accepts all that is proposed, answers C-FIND, C-MOVE and
// C-GET from its objects and keeps what it was asked.
type pacs struct {
	t       *testing.T
	objects []dataset.Dataset
	// moved gets the objects of a C-MOVE, before its answer.
	moved func(destination string, objects []dataset.Dataset)
	// cut breaks the connection in the middle of the first object of a C-GET.
	cut bool
	// loose sends every object, whatever is asked for.
	loose bool
	// status ends a retrieval instead of success.
	status dimse.Status
	// failed is the Failed SOP Instance UID List of that end.
	failed []string

	asked    []dataset.Dataset
	answers  []dimse.Status
	contexts map[byte]pdu.PresentationContext
}

// dial is the scp.Dialer of the archive.
func (p *pacs) dial(ctx context.Context, proposals []dicomnet.Service) (*dicomnet.Client, error) {
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		p.serve(dicomnettest.NewPeer(p.t, theirs))
	}()
	p.t.Cleanup(func() { _ = ours.Close(); <-done })
	cfg := dicomnettest.ClientConfig()
	cfg.Proposals = proposals
	return dicomnet.NewClient(ctx, ours, cfg)
}

func (p *pacs) serve(peer *dicomnettest.Peer) {
	rq := peer.Next().(*pdu.AssociateRQ)
	ac := &pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext}
	ac.UserInformation.RoleSelections = rq.UserInformation.RoleSelections
	p.contexts = map[byte]pdu.PresentationContext{}
	for _, pc := range rq.PresentationContexts {
		p.contexts[pc.ID] = pc
		ac.PresentationResults = append(ac.PresentationResults, pdu.PresentationResult{ID: pc.ID, TransferSyntax: pc.TransferSyntaxes[0]})
	}
	peer.Send(ac)
	for {
		next := peer.Next()
		if next.Type() == pdu.TypeReleaseRQ {
			peer.Send(&pdu.ReleaseRP{})
		}
		u, ok := next.(*pdu.PDataTF)
		if !ok {
			return
		}
		id := u.PDVs[0].ContextID
		cmd, err := dimse.Decode(u.PDVs[0].Data)
		if err != nil {
			p.t.Error(err)
			return
		}
		keys := p.decode(id, peer.Next().(*pdu.PDataTF).PDVs[0].Data)
		p.asked = append(p.asked, keys)
		if !p.answer(peer, id, cmd, keys) {
			return
		}
	}
}

func (p *pacs) answer(peer *dicomnettest.Peer, id byte, cmd dimse.Command, keys dataset.Dataset) bool {
	send := func(c dimse.Command) { peer.Send(dicomnettest.Command(p.t, id, c)) }
	switch cmd := cmd.(type) {
	case *dimse.CFindRQ:
		matches := p.matches(keys)
		if text(keys, dataset.TagQueryRetrieveLevel) == "SERIES" {
			matches = slices.CompactFunc(matches, func(a, b dataset.Dataset) bool {
				return text(a, dataset.TagSeriesInstanceUID) == text(b, dataset.TagSeriesInstanceUID)
			})
		}
		for _, m := range matches {
			peer.Send(dicomnettest.Command(p.t, id, &dimse.CFindRSP{MessageID: cmd.MessageID, Status: dimse.Pending, HasIdentifier: true}), p.data(id, m))
		}
		send(&dimse.CFindRSP{MessageID: cmd.MessageID})
	case *dimse.CMoveRQ:
		if p.moved != nil {
			p.moved(cmd.MoveDestination, p.matches(keys))
		}
		send(&dimse.CMoveRSP{MessageID: cmd.MessageID, Status: p.status, HasIdentifier: p.failed != nil})
		p.sendFailed(peer, id)
	case *dimse.CGetRQ:
		for i, m := range p.matches(keys) {
			if !p.store(peer, uint16(i+1), m) {
				return false
			}
		}
		send(&dimse.CGetRSP{MessageID: cmd.MessageID, Status: p.status, HasIdentifier: p.failed != nil})
		p.sendFailed(peer, id)
	}
	return true
}

func (p *pacs) sendFailed(peer *dicomnettest.Peer, id byte) {
	if p.failed != nil {
		peer.Send(p.data(id, dataset.Dataset{dataset.NewText(dataset.TagFailedSOPInstanceUIDList, p.failed...)}))
	}
}

// store sends one object and keeps how it was answered.
func (p *pacs) store(peer *dicomnettest.Peer, n uint16, ds dataset.Dataset) bool {
	class := text(ds, dataset.TagSOPClassUID)
	var id byte
	for k, pc := range p.contexts {
		if pc.AbstractSyntax == class && pc.TransferSyntaxes[0] == dataset.ExplicitVRLittleEndian {
			id = k
		}
	}
	if id == 0 {
		p.answers = append(p.answers, dimse.SOPClassNotSupported)
		return true
	}
	peer.Send(dicomnettest.Command(p.t, id, &dimse.CStoreRQ{MessageID: n, AffectedSOPClassUID: class, AffectedSOPInstanceUID: text(ds, dataset.TagSOPInstanceUID)}))
	data := p.data(id, ds)
	if p.cut {
		data.PDVs[0].Data, data.PDVs[0].Last = data.PDVs[0].Data[:64], false
		peer.Send(data)
		return false
	}
	peer.Send(data)
	p.answers = append(p.answers, peer.NextCommand().(*dimse.CStoreRSP).Status)
	return true
}

// matches are the objects that the keys select: a list of UIDs at the level of the query,
// one at those above.
func (p *pacs) matches(keys dataset.Dataset) (out []dataset.Dataset) {
	for _, ds := range p.objects {
		chosen := true
		if p.loose {
			keys = nil
		}
		for _, tag := range []dataset.Tag{dataset.TagStudyInstanceUID, dataset.TagSeriesInstanceUID, dataset.TagSOPInstanceUID} {
			if want, ok := keys.Strings(tag); ok && !slices.Contains(want, text(ds, tag)) {
				chosen = false
			}
		}
		if chosen {
			out = append(out, ds)
		}
	}
	return out
}

func (p *pacs) syntax(id byte) dataset.TransferSyntax {
	ts, _ := dataset.LookupTransferSyntax(p.contexts[id].TransferSyntaxes[0])
	return ts
}

func (p *pacs) data(id byte, ds dataset.Dataset) *pdu.PDataTF {
	var b bytes.Buffer
	if err := dataset.Encode(&b, p.syntax(id), ds); err != nil {
		p.t.Error(err)
	}
	return dicomnettest.Data(id, true, b.Bytes())
}

func (p *pacs) decode(id byte, b []byte) dataset.Dataset {
	r, err := dataset.NewReader(bytes.NewReader(b), p.syntax(id), dataset.Limits{})
	if err != nil {
		p.t.Error(err)
		return nil
	}
	ds, err := r.ReadDataset()
	if err != nil {
		p.t.Error(err)
	}
	return ds
}
