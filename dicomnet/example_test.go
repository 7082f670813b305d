package dicomnet_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// archive is a session that counts the bytes of what it is sent.
type archive struct{}

func (archive) Echo(context.Context) error { return nil }
func (archive) Close()                     {}
func (archive) Store(_ context.Context, rq *dicomnet.StoreRequest, body io.Reader) error {
	n, err := io.Copy(io.Discard, body)
	if err != nil {
		return err // broken off: no response will be sent
	}
	fmt.Println("stored", rq.SOPInstanceUID, n, "bytes")
	return nil // the peer hears Success
}

// A C-ECHO and C-STORE SCP.
func ExampleServer() {
	backend := func(_ context.Context, info dicomnet.AssociationInfo) (dicomnet.Session, error) {
		fmt.Println("association from", info.CallingAETitle)
		return archive{}, nil
	}
	server, err := dicomnet.NewServer(dicomnet.BackendFunc(backend), dicomnet.Config{
		Services: []dicomnet.Service{{
			SOPClassUIDs:       []string{dataset.Verification, dataset.CTImageStorage},
			TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian, dataset.ImplicitVRLittleEndian},
		}},
		Admit: func(_ context.Context, info dicomnet.AssociationInfo) error {
			if info.CalledAETitle != "ARCHIVE" {
				return dicomnet.RejectCalledAE
			}
			return nil
		},
		ImplementationClassUID: "2.25.1",
		Logger:                 slog.New(slog.DiscardHandler),
	})
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

	send(listener.Addr().String()) // what a scanner does: see ExampleDial

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(server.Shutdown(ctx), <-done)
	// Output:
	// association from CT1
	// stored 2.25.7 4 bytes
	// 0000H success
	// <nil> dicomnet: server closed
}

// send is a C-STORE SCU.
func send(addr string) {
	ctx := context.Background()
	client, err := dicomnet.Dial(ctx, addr, dicomnet.ClientConfig{
		CallingAETitle: "CT1", CalledAETitle: "ARCHIVE", ImplementationClassUID: "2.25.2",
		Proposals: []dicomnet.Service{{
			SOPClassUIDs:       []string{dataset.CTImageStorage},
			TransferSyntaxUIDs: []string{dataset.ExplicitVRLittleEndian},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rq := dicomnet.StoreRequest{SOPClassUID: dataset.CTImageStorage, SOPInstanceUID: "2.25.7", TransferSyntaxUID: dataset.ExplicitVRLittleEndian}
	status, err := client.Store(ctx, rq, strings.NewReader("data"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status)
	if err := client.Release(ctx); err != nil {
		fmt.Println(err)
	}
}

func ExampleDial() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := dicomnet.NewServer(dicomnet.BackendFunc(func(context.Context, dicomnet.AssociationInfo) (dicomnet.Session, error) {
		return archive{}, nil
	}), dicomnet.Config{
		Services: []dicomnet.Service{{
			SOPClassUIDs:       []string{dataset.Verification},
			TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian},
		}},
		Admit: dicomnet.AnyPeer, ImplementationClassUID: "2.25.1", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := dicomnet.Dial(ctx, listener.Addr().String(), dicomnet.ClientConfig{
		CallingAETitle: "WORKSTATION", CalledAETitle: "ARCHIVE", ImplementationClassUID: "2.25.2",
		Proposals: []dicomnet.Service{{
			SOPClassUIDs:       []string{dataset.Verification, dataset.CTImageStorage},
			TransferSyntaxUIDs: []string{dataset.ImplicitVRLittleEndian},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("echo:", client.Echo(ctx))
	fmt.Println("CT accepted in:", client.Accepted(dataset.CTImageStorage))
	fmt.Println("release:", client.Release(ctx))
	fmt.Println(server.Shutdown(ctx), <-done)
	// Output:
	// echo: <nil>
	// CT accepted in: []
	// release: <nil>
	// <nil> dicomnet: server closed
}
