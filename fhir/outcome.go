package fhir

import (
	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	oopb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/operation_outcome_go_proto"
)

// Issue is the type of a problem, a code of R4 issue-type.
type Issue string

const (
	IssueInvalid      Issue = "invalid"
	IssueRequired     Issue = "required"
	IssueNotSupported Issue = "not-supported"
	IssueNotFound     Issue = "not-found"
	IssueTooLong      Issue = "too-long"
	IssueForbidden    Issue = "forbidden"
	IssueConflict     Issue = "conflict"
	IssueTransient    Issue = "transient"
	IssueException    Issue = "exception"
)

var issueTypes = map[Issue]cpb.IssueTypeCode_Value{
	IssueInvalid:      cpb.IssueTypeCode_INVALID,
	IssueRequired:     cpb.IssueTypeCode_REQUIRED,
	IssueNotSupported: cpb.IssueTypeCode_NOT_SUPPORTED,
	IssueNotFound:     cpb.IssueTypeCode_NOT_FOUND,
	IssueTooLong:      cpb.IssueTypeCode_TOO_LONG,
	IssueForbidden:    cpb.IssueTypeCode_FORBIDDEN,
	IssueConflict:     cpb.IssueTypeCode_CONFLICT,
	IssueTransient:    cpb.IssueTypeCode_TRANSIENT,
	IssueException:    cpb.IssueTypeCode_EXCEPTION,
}

// OperationOutcome is one error. text is a fixed sentence: never input of a caller,
// never patient data. An unknown issue reads as exception.
func OperationOutcome(issue Issue, text string) Resource {
	code, ok := issueTypes[issue]
	if !ok {
		code = cpb.IssueTypeCode_EXCEPTION
	}
	return Resource{typ: "OperationOutcome", msg: &oopb.OperationOutcome{Issue: []*oopb.OperationOutcome_Issue{{
		Severity:    &oopb.OperationOutcome_Issue_SeverityCode{Value: cpb.IssueSeverityCode_ERROR},
		Code:        &oopb.OperationOutcome_Issue_CodeType{Value: code},
		Diagnostics: str(text),
	}}}}
}
