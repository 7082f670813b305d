// Package dicomnet is the DICOM upper layer and the DIMSE services built on
// it (PS3.7, PS3.8): a server for C-ECHO, C-STORE, N-ACTION, N-EVENT-REPORT and
// N-CREATE, and a client for these and C-FIND, C-MOVE and C-GET.
//
//	net.Conn ─ meter ─ pdu.Reader ─ fsm_table ─ message ─ Backend / Session
//	           limits  bytes        state       fragments  the application
//
// The state machine of PS3.8 §9.2 is data: fsm_table.go holds Table 9-10 under
// the standard's own names and [Step] looks it up. Servers are written against
// [Backend] and [Session], in which a method is a command; further services
// are add-on interfaces of the session: [Actor], [EventReceiver], [Creator]. A
// client is a [Dial] away. Roles are negotiated by [Service].Role on both
// sides, users by [UserIdentity].
//
// Guarantees of a [Server]:
//
//   - the bytes of an instance are streamed to [Session.Store], never held
//     whole, and end with io.EOF only if the last fragment arrived;
//   - a C-STORE-RSP is sent after Store returned, once, and not at all if the
//     association broke in between; only a nil error is answered as Success;
//   - every size, count and time has a limit in [Limits], and none is infinite;
//   - a panic of the application ends its association, not the process;
//   - no goroutine outlives [Server.Shutdown] unless the application hangs.
//
// AE titles are names, not authentication: bind peers by TLS and address in
// [Config].Admit. The package logs neither data sets nor what a peer wrote,
// except AE titles of the legal alphabet.
//
// It knows nothing of what the instances mean and serves one operation at a
// time per association: an asynchronous operations window is answered 1, 1.
// As a server it answers no queries, and does not answer extended negotiation.
package dicomnet
