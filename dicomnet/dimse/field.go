package dimse

import "fmt"

// Field is a command field (0000,0100).
type Field uint16

// Command fields (PS3.7 Table E.1-1).
const (
	FieldCStoreRQ        Field = 0x0001
	FieldCStoreRSP       Field = 0x8001
	FieldCGetRQ          Field = 0x0010
	FieldCGetRSP         Field = 0x8010
	FieldCFindRQ         Field = 0x0020
	FieldCFindRSP        Field = 0x8020
	FieldCMoveRQ         Field = 0x0021
	FieldCMoveRSP        Field = 0x8021
	FieldCEchoRQ         Field = 0x0030
	FieldCEchoRSP        Field = 0x8030
	FieldNEventReportRQ  Field = 0x0100
	FieldNEventReportRSP Field = 0x8100
	FieldNGetRQ          Field = 0x0110
	FieldNSetRQ          Field = 0x0120
	FieldNActionRQ       Field = 0x0130
	FieldNActionRSP      Field = 0x8130
	FieldNCreateRQ       Field = 0x0140
	FieldNCreateRSP      Field = 0x8140
	FieldNDeleteRQ       Field = 0x0150
	FieldCCancelRQ       Field = 0x0FFF
)

var fieldNames = map[Field]string{
	FieldCStoreRQ: "C-STORE-RQ", FieldCGetRQ: "C-GET-RQ", FieldCFindRQ: "C-FIND-RQ", FieldCMoveRQ: "C-MOVE-RQ",
	FieldCEchoRQ: "C-ECHO-RQ", FieldNEventReportRQ: "N-EVENT-REPORT-RQ", FieldNGetRQ: "N-GET-RQ", FieldNSetRQ: "N-SET-RQ",
	FieldNActionRQ: "N-ACTION-RQ", FieldNCreateRQ: "N-CREATE-RQ", FieldNDeleteRQ: "N-DELETE-RQ", FieldCCancelRQ: "C-CANCEL-RQ",
	FieldCStoreRSP: "C-STORE-RSP", FieldCGetRSP: "C-GET-RSP", FieldCFindRSP: "C-FIND-RSP", FieldCMoveRSP: "C-MOVE-RSP",
	FieldCEchoRSP: "C-ECHO-RSP", FieldNEventReportRSP: "N-EVENT-REPORT-RSP", FieldNActionRSP: "N-ACTION-RSP",
	FieldNCreateRSP: "N-CREATE-RSP",
}

// responseBit tells a response from its request.
const responseBit Field = 0x8000

// Response reports whether the field is that of a response.
func (f Field) Response() bool { return f&responseBit != 0 }

// String returns the standard's name.
func (f Field) String() string {
	if s, ok := fieldNames[f]; ok {
		return s
	}
	return fmt.Sprintf("command %04XH", uint16(f))
}
