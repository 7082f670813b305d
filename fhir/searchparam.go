package fhir

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// observationCode is the only code that Observations here have.
var observationCode = neckfrac.CodeFractureFlag.Value

// reportStatuses are R4's codes of DiagnosticReport.status.
var reportStatuses = map[string]bool{
	"registered": true, "partial": true, "preliminary": true, "final": true, "amended": true, "corrected": true,
	"appended": true, "cancelled": true, "entered-in-error": true, "unknown": true,
}

// parseSearch refuses what it does not know: a parameter that is silently left out
// would answer another question than the one that was asked (R4 §3.1.1.3 strict).
func (s *Server) parseSearch(ctx context.Context, t resourceType, values url.Values) (query, error) {
	q := query{count: s.cfg.Limits.DefaultCount}
	known := map[string]string{"_count": "_count", "_page": "_page", "_format": "_format"}
	if len(t.include) > 0 {
		known["_include"] = "_include"
	}
	for _, p := range t.params {
		for _, k := range p.keys {
			known[k] = p.name
		}
	}
	for key, list := range values {
		name, ok := known[key]
		if !ok {
			return query{}, s.unknownParam(t, key)
		}
		if len(list) != 1 {
			return query{}, &badSearch{IssueNotSupported, "A search parameter is given more than once."}
		}
		if err := s.parseParam(ctx, &q, t, name, list[0]); err != nil {
			return query{}, err
		}
	}
	return q, nil
}

func (s *Server) unknownParam(t resourceType, key string) error {
	for _, p := range t.params {
		if key == p.name && p.typ == "reference" {
			return &badSearch{IssueNotSupported, "People are searched by identifier: use the :identifier modifier with system|value."}
		}
	}
	return &badSearch{IssueNotSupported, "A search parameter or modifier is not known; see the CapabilityStatement."}
}

func (s *Server) parseParam(ctx context.Context, q *query, t resourceType, name, value string) error {
	switch name {
	case "_format":
		return nil
	case "_count":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return &badSearch{IssueInvalid, "_count must be a whole number above 0."}
		}
		q.count = min(n, s.cfg.Limits.MaxCount)
	case "_page":
		c, ok := parseCursor(value)
		if !ok {
			return &badSearch{IssueInvalid, "The page link is not one of this server's."}
		}
		q.offset, q.skip = c.offset, c.skip
	case "_include":
		if value != t.include[0] {
			return &badSearch{IssueNotSupported, "This _include is not supported; see the CapabilityStatement."}
		}
		q.include = true
	case "identifier":
		return q.identifier(value)
	case "patient", "subject":
		return s.parsePerson(ctx, q, value)
	case "status":
		return q.setStatus(value)
	case "code":
		return q.setCode(value)
	}
	return nil
}

// identifier reads a token, R4 §3.1.1.4.10: system|value, |value or value.
func (q *query) identifier(value string) error {
	if strings.Contains(value, ",") {
		return &badSearch{IssueNotSupported, "Search for one identifier at a time."}
	}
	system, v, bar := strings.Cut(value, "|")
	if !bar {
		system, v = "", value
	}
	if v == "" {
		return &badSearch{IssueInvalid, "An identifier needs a value."}
	}
	if system == neckfrac.AssessmentSystem {
		return &badSearch{IssueNotSupported, "Reports are found here by Study Instance UID or accession number."}
	}
	uid, isOID := strings.CutPrefix(v, "urn:oid:")
	switch {
	case isOID && (system == systemDICOMUID || !bar):
		u, err := neckfrac.ParseStudyUID(uid)
		if err != nil {
			q.nobody = true
			return nil
		}
		q.study.UID = u
	case system == "":
		q.study.Accession = neckfrac.AccessionNumber(v)
	default:
		q.nobody = true
	}
	return nil
}

// parsePerson limits the search to one live person, or to nobody (W16). Both halves
// are required: a number without its system names nobody.
func (s *Server) parsePerson(ctx context.Context, q *query, value string) error {
	system, v, ok := strings.Cut(value, "|")
	if !ok || system == "" || v == "" || strings.Contains(value, ",") {
		return &badSearch{IssueInvalid, "A person's identifier is system|value, one at a time."}
	}
	if q.person {
		return &badSearch{IssueNotSupported, "Search for one person at a time."}
	}
	k, outcome, err := s.resolver.Resolve(ctx, "", []neckfrac.FHIRIdentifier{{System: system, Value: v}})
	if err != nil {
		return err
	}
	q.person = true
	q.nobody = q.nobody || outcome != Match
	q.study.Patients = []neckfrac.PatientKey{k}
	return nil
}

func (q *query) setStatus(value string) error {
	q.status = codeSet{}
	for c := range strings.SplitSeq(value, ",") {
		if !reportStatuses[c] {
			return &badSearch{IssueInvalid, "status is not a code of DiagnosticReport.status."}
		}
		q.status[c] = true
	}
	return nil
}

func (q *query) setCode(value string) error {
	q.code = codeSet{}
	for c := range strings.SplitSeq(value, ",") {
		system, v, ok := strings.Cut(c, "|")
		if !ok {
			system, v = neckfrac.OwnSystem, c
		}
		if v == "" {
			return &badSearch{IssueInvalid, "code needs a value."}
		}
		if system == neckfrac.OwnSystem {
			q.code[v] = true
		}
	}
	return nil
}
