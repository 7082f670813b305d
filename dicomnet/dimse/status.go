package dimse

import (
	"fmt"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Status is the outcome of an operation (0000,0900).
type Status uint16

// Statuses of PS3.7 Annex C, of the storage service (PS3.4 Table B.2-1) and of
// query and retrieve (PS3.4 Tables C.4-1 to C.4-3). Where the standard gives a
// range, the constant is its first code.
const (
	Success                            Status = 0x0000
	NoSuchAttribute                    Status = 0x0105
	InvalidAttributeValue              Status = 0x0106
	AttributeListError                 Status = 0x0107
	ProcessingFailure                  Status = 0x0110
	DuplicateSOPInstance               Status = 0x0111
	NoSuchSOPInstance                  Status = 0x0112
	NoSuchEventType                    Status = 0x0113
	NoSuchArgument                     Status = 0x0114
	InvalidArgumentValue               Status = 0x0115
	AttributeValueOutOfRange           Status = 0x0116
	InvalidSOPInstance                 Status = 0x0117
	NoSuchSOPClass                     Status = 0x0118
	ClassInstanceConflict              Status = 0x0119
	MissingAttribute                   Status = 0x0120
	MissingAttributeValue              Status = 0x0121
	SOPClassNotSupported               Status = 0x0122
	NoSuchActionType                   Status = 0x0123
	NotAuthorized                      Status = 0x0124
	DuplicateInvocation                Status = 0x0210
	UnrecognizedOperation              Status = 0x0211
	MistypedArgument                   Status = 0x0212
	ResourceLimitation                 Status = 0x0213
	OutOfResources                     Status = 0xA700
	UnableToCalculateMatches           Status = 0xA701
	UnableToPerformSubOperations       Status = 0xA702
	MoveDestinationUnknown             Status = 0xA801
	DataSetDoesNotMatchSOPClass        Status = 0xA900
	CoercionOfDataElements             Status = 0xB000
	ElementsDiscarded                  Status = 0xB006
	DataSetDoesNotMatchSOPClassWarning Status = 0xB007
	CannotUnderstand                   Status = 0xC000
	Cancel                             Status = 0xFE00
	Pending                            Status = 0xFF00
	PendingWarning                     Status = 0xFF01
)

// Class says what a status means for the sender.
type Class int

// Status classes (PS3.7 Annex C).
const (
	ClassSuccess Class = iota
	ClassWarning       // done, with a remark
	ClassPending       // more responses follow
	ClassCancel
	ClassFailure
)

// Class returns the class of a status. Codes outside the ranges of PS3.7
// Annex C count as failures: nothing unknown may pass for stored.
func (s Status) Class() Class {
	switch {
	case s == Success:
		return ClassSuccess
	case s == 0x0001 || s == AttributeListError || s == AttributeValueOutOfRange || s>>12 == 0xB:
		return ClassWarning
	case s == Pending || s == PendingWarning:
		return ClassPending
	case s == Cancel:
		return ClassCancel
	}
	return ClassFailure
}

var statusNames = map[Status]string{
	Success: "success", ProcessingFailure: "processing failure", DuplicateSOPInstance: "duplicate SOP instance",
	NoSuchSOPInstance: "no such SOP instance", InvalidSOPInstance: "invalid SOP instance", NoSuchSOPClass: "no such SOP class",
	ClassInstanceConflict: "class-instance conflict", MissingAttribute: "missing attribute",
	MissingAttributeValue: "missing attribute value", SOPClassNotSupported: "SOP class not supported",
	NotAuthorized: "not authorized", DuplicateInvocation: "duplicate invocation",
	UnrecognizedOperation: "unrecognized operation", MistypedArgument: "mistyped argument",
	ResourceLimitation: "resource limitation", OutOfResources: "out of resources",
	DataSetDoesNotMatchSOPClass: "data set does not match SOP class", CoercionOfDataElements: "coercion of data elements",
	ElementsDiscarded: "elements discarded", DataSetDoesNotMatchSOPClassWarning: "data set does not match SOP class (warning)",
	NoSuchAttribute: "no such attribute", InvalidAttributeValue: "invalid attribute value", AttributeListError: "attribute list error",
	NoSuchEventType: "no such event type", NoSuchArgument: "no such argument", InvalidArgumentValue: "invalid argument value",
	AttributeValueOutOfRange: "attribute value out of range", NoSuchActionType: "no such action type",
	UnableToCalculateMatches: "unable to calculate number of matches", UnableToPerformSubOperations: "unable to perform sub-operations",
	MoveDestinationUnknown: "move destination unknown",
	CannotUnderstand:       "cannot understand", Cancel: "cancel", Pending: "pending", PendingWarning: "pending (warning)",
}

// String returns the code in hexadecimal and, if known, its name.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return fmt.Sprintf("%04XH %s", uint16(s), name)
	}
	return fmt.Sprintf("%04XH", uint16(s))
}

// statusOf takes status and comment out of a response. A response without a
// status is a failure.
func statusOf(ds dataset.Dataset) (Status, string) {
	comment, _ := ds.Text(dataset.TagErrorComment)
	s, ok := ds.Uint16(dataset.TagStatus)
	if !ok {
		return ProcessingFailure, comment
	}
	return Status(s), comment
}
