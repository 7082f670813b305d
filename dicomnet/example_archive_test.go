package dicomnet_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// dialArchive returns a client of a small archive of the examples, which knows
// two studies and sends one instance, and what ends both.
func dialArchive() (client *dicomnet.Client, end func()) {
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- serveArchive(theirs) }()
	client, err := dicomnet.NewClient(context.Background(), ours, dicomnet.ClientConfig{
		CallingAETitle: "WORKSTATION", CalledAETitle: "ARCHIVE", ImplementationClassUID: "2.25.2",
		Proposals: []dicomnet.Service{
			{SOPClassUIDs: []string{dataset.StudyRootQueryFind, dataset.StudyRootQueryGet}, TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian}},
			{SOPClassUIDs: []string{dataset.CTImageStorage}, TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian}, Role: dicomnet.RoleSCP},
		},
	})
	if err != nil {
		panic(err) // no peer but our own
	}
	return client, func() {
		if err := <-done; err != nil {
			fmt.Println(err)
		}
	}
}

// serveArchive answers what the examples ask, PDU by PDU.
func serveArchive(conn net.Conn) error {
	defer conn.Close()
	r := pdu.NewReader(bufio.NewReader(conn), pdu.Limits{})
	var out []byte
	send := func(units ...pdu.PDU) (err error) {
		out = out[:0]
		for _, u := range units {
			if out, err = u.AppendBinary(out); err != nil {
				return err
			}
		}
		_, err = conn.Write(out)
		return err
	}
	for {
		u, err := r.Next()
		if err != nil {
			return err
		}
		switch u := u.(type) {
		case *pdu.AssociateRQ:
			err = send(acceptAll(u))
		case *pdu.ReleaseRQ:
			return send(&pdu.ReleaseRP{})
		case *pdu.PDataTF:
			var answer []pdu.PDU
			if answer, err = archiveAnswer(u.PDVs[0]); err == nil && answer != nil {
				err = send(answer...)
			}
		default:
			err = fmt.Errorf("archive: %v", u.Type())
		}
		if err != nil {
			return err
		}
	}
}

func acceptAll(rq *pdu.AssociateRQ) *pdu.AssociateAC {
	ac := &pdu.AssociateAC{ProtocolVersion: 1, ApplicationContext: dataset.ApplicationContext}
	ac.UserInformation.RoleSelections = rq.UserInformation.RoleSelections
	for _, pc := range rq.PresentationContexts {
		ac.PresentationResults = append(ac.PresentationResults, pdu.PresentationResult{ID: pc.ID, TransferSyntax: pc.TransferSyntaxes[0]})
	}
	return ac
}

// archiveAnswer answers one fragment: a query at its end, the rest by itself.
func archiveAnswer(v pdu.PDV) ([]pdu.PDU, error) {
	const find, get, ct = 1, 3, 5
	switch {
	case !v.Command && v.ContextID == find:
		return []pdu.PDU{
			message(find, &dimse.CFindRSP{MessageID: 1, Status: dimse.Pending, HasIdentifier: true}), study("2.25.100"),
			message(find, &dimse.CFindRSP{MessageID: 1, Status: dimse.Pending, HasIdentifier: true}), study("2.25.101"),
			message(find, &dimse.CFindRSP{MessageID: 1}),
		}, nil
	case !v.Command && v.ContextID == get:
		return []pdu.PDU{
			message(ct, &dimse.CStoreRQ{MessageID: 9, AffectedSOPClassUID: dataset.CTImageStorage, AffectedSOPInstanceUID: "2.25.7"}),
			&pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: ct, Last: true, Data: []byte("pixels")}}},
		}, nil
	case v.Command && v.ContextID == ct:
		return []pdu.PDU{message(get, &dimse.CGetRSP{MessageID: 1, SubOperations: dimse.SubOperations{Completed: 1}})}, nil
	}
	return nil, nil // the command of a query: its identifier follows
}

func message(id byte, c dimse.Command) pdu.PDU {
	b, err := dimse.Append(nil, c)
	if err != nil {
		panic(err) // a command of our own
	}
	return &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: id, Command: true, Last: true, Data: b}}}
}

func study(uid string) pdu.PDU {
	implicit, _ := dataset.LookupTransferSyntax(dataset.ImplicitVRLittleEndian)
	var b bytes.Buffer
	if err := dataset.Encode(&b, implicit, dataset.Dataset{dataset.NewText(dataset.TagStudyInstanceUID, uid)}); err != nil {
		panic(err) // a data set of our own
	}
	return &pdu.PDataTF{PDVs: []pdu.PDV{{ContextID: 1, Last: true, Data: b.Bytes()}}}
}
