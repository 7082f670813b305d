package dicomnet

import "github.com/neckfrac/neckfrac/dicomnet/pdu"

// The actions, in the standard's words (PS3.8 Tables 9-6 to 9-9).
const (
	none Action = ""

	ae1  Action = "AE-1"  // issue transport connect request
	ae2  Action = "AE-2"  // send A-ASSOCIATE-RQ
	ae3  Action = "AE-3"  // issue A-ASSOCIATE confirmation (accept)
	ae4  Action = "AE-4"  // issue A-ASSOCIATE confirmation (reject), close transport
	ae5  Action = "AE-5"  // issue transport connection response, start ARTIM
	ae6  Action = "AE-6"  // stop ARTIM; issue A-ASSOCIATE indication, or send A-ASSOCIATE-RJ and start ARTIM
	ae7  Action = "AE-7"  // send A-ASSOCIATE-AC
	ae8  Action = "AE-8"  // send A-ASSOCIATE-RJ, start ARTIM
	dt1  Action = "DT-1"  // send P-DATA-TF
	dt2  Action = "DT-2"  // issue P-DATA indication
	ar1  Action = "AR-1"  // send A-RELEASE-RQ
	ar2  Action = "AR-2"  // issue A-RELEASE indication
	ar3  Action = "AR-3"  // issue A-RELEASE confirmation, close transport
	ar4  Action = "AR-4"  // send A-RELEASE-RP, start ARTIM
	ar5  Action = "AR-5"  // stop ARTIM
	ar6  Action = "AR-6"  // issue P-DATA indication
	ar7  Action = "AR-7"  // send P-DATA-TF
	ar8  Action = "AR-8"  // issue A-RELEASE indication (collision)
	ar9  Action = "AR-9"  // send A-RELEASE-RP
	ar10 Action = "AR-10" // issue A-RELEASE confirmation
	aa1  Action = "AA-1"  // send A-ABORT (service user), start ARTIM
	aa2  Action = "AA-2"  // stop ARTIM, close transport
	aa3  Action = "AA-3"  // issue A-ABORT or A-P-ABORT indication, close transport
	aa4  Action = "AA-4"  // issue A-P-ABORT indication
	aa5  Action = "AA-5"  // stop ARTIM
	aa6  Action = "AA-6"  // ignore PDU
	aa7  Action = "AA-7"  // send A-ABORT
	aa8  Action = "AA-8"  // send A-ABORT (service provider), issue A-P-ABORT indication, start ARTIM
)

// actions says what each action does. AE-6 and AR-8 have a second outcome in
// Step.
var actions = map[Action]Transition{
	ae1:  {Action: ae1, Next: Sta4},
	ae2:  {Action: ae2, Next: Sta5, Send: pdu.TypeAssociateRQ},
	ae3:  {Action: ae3, Next: Sta6},
	ae4:  {Action: ae4, Next: Sta1, Close: true},
	ae5:  {Action: ae5, Next: Sta2, Timer: TimerStart},
	ae6:  {Action: ae6, Next: Sta3, Timer: TimerStop},
	ae7:  {Action: ae7, Next: Sta6, Send: pdu.TypeAssociateAC},
	ae8:  {Action: ae8, Next: Sta13, Send: pdu.TypeAssociateRJ, Timer: TimerStart},
	dt1:  {Action: dt1, Next: Sta6, Send: pdu.TypePDataTF},
	dt2:  {Action: dt2, Next: Sta6},
	ar1:  {Action: ar1, Next: Sta7, Send: pdu.TypeReleaseRQ},
	ar2:  {Action: ar2, Next: Sta8},
	ar3:  {Action: ar3, Next: Sta1, Close: true},
	ar4:  {Action: ar4, Next: Sta13, Send: pdu.TypeReleaseRP, Timer: TimerStart},
	ar5:  {Action: ar5, Next: Sta1, Timer: TimerStop},
	ar6:  {Action: ar6, Next: Sta7},
	ar7:  {Action: ar7, Next: Sta8, Send: pdu.TypePDataTF},
	ar8:  {Action: ar8, Next: Sta9},
	ar9:  {Action: ar9, Next: Sta11, Send: pdu.TypeReleaseRP},
	ar10: {Action: ar10, Next: Sta12},
	aa1:  {Action: aa1, Next: Sta13, Send: pdu.TypeAbort, AbortSource: pdu.AbortByUser, Timer: TimerStart},
	aa2:  {Action: aa2, Next: Sta1, Timer: TimerStop, Close: true},
	aa3:  {Action: aa3, Next: Sta1, Close: true},
	aa4:  {Action: aa4, Next: Sta1},
	aa5:  {Action: aa5, Next: Sta1, Timer: TimerStop},
	aa6:  {Action: aa6, Next: Sta13},
	aa7:  {Action: aa7, Next: Sta13, Send: pdu.TypeAbort, AbortSource: pdu.AbortByProvider},
	aa8:  {Action: aa8, Next: Sta13, Send: pdu.TypeAbort, AbortSource: pdu.AbortByProvider, Timer: TimerStart},
}

// table is PS3.8 Table 9-10, a row per event and a column per state.
var table = [numEvents][numStates]Action{
	//         Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
	Evt1 - 1:  {ae1, none, none, none, none, none, none, none, none, none, none, none, none},
	Evt2 - 1:  {none, none, none, ae2, none, none, none, none, none, none, none, none, none},
	Evt3 - 1:  {none, aa1, aa8, none, ae3, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa6},
	Evt4 - 1:  {none, aa1, aa8, none, ae4, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa6},
	Evt5 - 1:  {ae5, none, none, none, none, none, none, none, none, none, none, none, none},
	Evt6 - 1:  {none, ae6, aa8, none, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa7},
	Evt7 - 1:  {none, none, ae7, none, none, none, none, none, none, none, none, none, none},
	Evt8 - 1:  {none, none, ae8, none, none, none, none, none, none, none, none, none, none},
	Evt9 - 1:  {none, none, none, none, none, dt1, none, ar7, none, none, none, none, none},
	Evt10 - 1: {none, aa1, aa8, none, aa8, dt2, ar6, aa8, aa8, aa8, aa8, aa8, aa6},
	Evt11 - 1: {none, none, none, none, none, ar1, none, none, none, none, none, none, none},
	Evt12 - 1: {none, aa1, aa8, none, aa8, ar2, ar8, aa8, aa8, aa8, aa8, aa8, aa6},
	Evt13 - 1: {none, aa1, aa8, none, aa8, aa8, ar3, aa8, aa8, ar10, ar3, aa8, aa6},
	Evt14 - 1: {none, none, none, none, none, none, none, ar4, ar9, none, none, ar4, none},
	Evt15 - 1: {none, none, aa1, aa2, aa1, aa1, aa1, aa1, aa1, aa1, aa1, aa1, none},
	Evt16 - 1: {none, aa2, aa3, none, aa3, aa3, aa3, aa3, aa3, aa3, aa3, aa3, aa2},
	Evt17 - 1: {none, aa5, aa4, aa4, aa4, aa4, aa4, aa4, aa4, aa4, aa4, aa4, ar5},
	Evt18 - 1: {none, aa2, none, none, none, none, none, none, none, none, none, none, aa2},
	Evt19 - 1: {none, aa1, aa8, none, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa8, aa7},
}
