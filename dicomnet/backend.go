package dicomnet

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"github.com/neckfrac/neckfrac/dicomnet/dimse"
	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Backend is the application behind a Server. It is called from many
// goroutines at once.
type Backend interface {
	// NewSession begins an association that negotiation found acceptable. ctx
	// is the association's: it ends with it, and with the server. An error
	// rejects: a *RejectError with its own code, any other (2,1,1).
	NewSession(ctx context.Context, info AssociationInfo) (Session, error)
}

// Session serves one association. Its methods are called one at a time. More
// services are add-on interfaces: [Actor], [EventReceiver], [Creator].
type Session interface {
	// Echo answers a C-ECHO. An error becomes the status as in Store.
	Echo(ctx context.Context) error
	// Store takes one instance. body yields the bytes of the data set in
	// rq.TransferSyntaxUID, without file meta information, at most
	// Limits.MaxObjectBytes; it ends with io.EOF only if the whole data set
	// arrived. Any other error of body means that the association is broken:
	// keep nothing, no response will be sent.
	//
	// Only nil is answered as Success, so return it only when the instance is
	// safe, and only after body's io.EOF: nil with bytes unread is answered as
	// a processing failure. A *StatusError is the peer's status, any other
	// error 0110H. body is not valid after Store returned.
	Store(ctx context.Context, rq *StoreRequest, body io.Reader) error
	// Close ends the session. It is called once, whatever ended the
	// association, and after every other method returned.
	Close()
}

// BackendFunc adapts a function to Backend.
type BackendFunc func(ctx context.Context, info AssociationInfo) (Session, error)

// NewSession implements Backend.
func (f BackendFunc) NewSession(ctx context.Context, info AssociationInfo) (Session, error) {
	return f(ctx, info)
}

// AssociationInfo is what is known of an association. All but ID, RemoteAddr
// and TLS is the peer's word.
type AssociationInfo struct {
	// ID is unique within the process, for logs.
	ID         uint64
	RemoteAddr net.Addr
	// CalledAETitle and CallingAETitle have passed dataset.ValidAETitle. They
	// may hold slashes and dots: never use them in a path.
	CalledAETitle             string
	CallingAETitle            string
	ImplementationClassUID    string
	ImplementationVersionName string
	// Accepted lists the presentation contexts that were accepted.
	Accepted []AcceptedContext
	// UserIdentityType is that of the user identity that came, 0 if none.
	UserIdentityType UserIdentityType
	// Extended and CommonExtended are what the peer has to say about SOP
	// classes (PS3.7 Annex D.3.3.5, D.3.3.6). They are not answered: no service
	// class here depends on them.
	Extended       []pdu.ExtendedNegotiation
	CommonExtended []pdu.CommonExtendedNegotiation
	// TLS is nil for a plain connection.
	TLS *tls.ConnectionState
}

// AcceptedContext is a presentation context both sides agreed on.
type AcceptedContext struct {
	ID                byte
	SOPClassUID       string
	TransferSyntaxUID string
	// Role is the role of the association's requestor.
	Role Role
}

// StoreRequest names the instance of a C-STORE.
type StoreRequest struct {
	// SOPClassUID and SOPInstanceUID are well-formed UIDs as the command
	// states them; whether the data set agrees is the handler's to check.
	SOPClassUID    string
	SOPInstanceUID string
	// TransferSyntaxUID is how the data set is encoded. In a client it picks
	// the presentation context.
	TransferSyntaxUID string
	Priority          dimse.Priority
	// MoveOriginatorAETitle and MoveOriginatorMessageID are set if a C-MOVE
	// caused the store.
	MoveOriginatorAETitle   string
	MoveOriginatorMessageID uint16
}
