package dicomnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/dicomnet/dimse"
)

// committer is an archive that takes storage commitment requests: the session
// is asked for an Actor when an N-ACTION arrives.
type committer struct{ archive }

func (committer) Action(_ context.Context, rq *dicomnet.ActionRequest) error {
	if rq.SOPInstanceUID != dataset.StorageCommitmentPushInstance {
		return &dicomnet.StatusError{Status: dimse.NoSuchSOPInstance}
	}
	if rq.ActionTypeID != 1 { // request storage commitment, PS3.4 Table J.3-1
		return &dicomnet.StatusError{Status: dimse.NoSuchActionType}
	}
	items, _ := rq.Information.Items(dataset.TagReferencedSOPSequence)
	fmt.Println("to commit:", len(items))
	return nil
}

// A storage commitment SCP, and what its SCU sends.
func ExampleActor() {
	commitment := []dicomnet.Service{{
		SOPClassUIDs:       []string{dataset.StorageCommitmentPushModel},
		TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian},
	}}
	server, err := dicomnet.NewServer(
		dicomnet.BackendFunc(func(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) { return committer{}, nil }),
		dicomnet.Config{Services: commitment, Admit: dicomnet.AnyPeer, ImplementationClassUID: "2.25.1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := dicomnet.Dial(ctx, listener.Addr().String(), dicomnet.ClientConfig{
		CallingAETitle: "CT1", CalledAETitle: "ARCHIVE", ImplementationClassUID: "2.25.2", Proposals: commitment})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := dicomnet.ActionRequest{
		SOPClassUID: dataset.StorageCommitmentPushModel, SOPInstanceUID: dataset.StorageCommitmentPushInstance, ActionTypeID: 1,
		Information: dataset.Dataset{
			dataset.NewText(dataset.TagTransactionUID, "2.25.9"),
			dataset.NewSequence(dataset.TagReferencedSOPSequence, dataset.Dataset{
				dataset.NewText(dataset.TagReferencedSOPClassUID, dataset.CTImageStorage),
				dataset.NewText(dataset.TagReferencedSOPInstanceUID, "2.25.7"),
			}),
		},
	}
	fmt.Println("accepted:", client.Action(ctx, request) == nil)
	request.ActionTypeID = 2
	fmt.Println(client.Action(ctx, request))
	fmt.Println("release:", client.Release(ctx))
	fmt.Println(server.Shutdown(ctx), <-done)
	// Output:
	// to commit: 1
	// accepted: true
	// dicomnet: action: dicomnet: status 0123H no such action type
	// release: <nil>
	// <nil> dicomnet: server closed
}

// A query for the CT studies of one day: the identifier names the level, the
// keys to match and, empty, the keys to return.
func ExampleClient_Find() {
	client, end := dialArchive()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := client.Find(ctx, dicomnet.FindRequest{
		SOPClassUID: dataset.StudyRootQueryFind,
		Identifier: dataset.Dataset{
			dataset.NewText(dataset.TagQueryRetrieveLevel, "STUDY"),
			dataset.NewText(dataset.TagStudyDate, "20260102"),
			dataset.NewText(dataset.TagModalitiesInStudy, "CT"),
			dataset.NewText(dataset.TagStudyInstanceUID),
		},
	}, func(match dataset.Dataset) error {
		uid, _ := match.UID(dataset.TagStudyInstanceUID)
		fmt.Println("study", uid)
		return nil // an error would cancel the query
	})
	fmt.Println("find:", err)
	fmt.Println("release:", client.Release(ctx))
	// Output:
	// study 2.25.100
	// study 2.25.101
	// find: <nil>
	// release: <nil>
}

// A study is fetched on the association that asks for it: the storage classes
// are proposed in the role of SCP.
func ExampleClient_Get() {
	client, end := dialArchive()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	n, err := client.Get(ctx, dicomnet.GetRequest{
		SOPClassUID: dataset.StudyRootQueryGet,
		Identifier: dataset.Dataset{
			dataset.NewText(dataset.TagQueryRetrieveLevel, "STUDY"),
			dataset.NewText(dataset.TagStudyInstanceUID, "2.25.100"),
		},
	}, func(_ context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
		size, err := io.Copy(io.Discard, body)
		fmt.Println("instance", rq.SOPInstanceUID, size, "bytes")
		return err // nil is answered as Success
	}, nil)
	var status *dicomnet.StatusError
	if errors.As(err, &status) {
		fmt.Println("the archive says", status.Status)
	}
	fmt.Println("completed", n.Completed, "failed", n.Failed, err)
	fmt.Println("release:", client.Release(ctx))
	// Output:
	// instance 2.25.7 6 bytes
	// completed 1 failed 0 <nil>
	// release: <nil>
}
