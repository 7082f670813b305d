package dicomweb

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// Level is what a search returns one of.
type Level uint8

// The levels of the Study Root model.
const (
	LevelStudy Level = iota
	LevelSeries
	LevelInstance
)

// Query is a search (PS3.18 §8.3.4, §10.6). Empty fields match all. Texts may hold the
// wildcards * and ? where said.
type Query struct {
	Level Level
	// Lists of UIDs, any of which matches; nil is no limit.
	StudyInstanceUIDs, SeriesInstanceUIDs, SOPInstanceUIDs []string
	// PatientID, PatientName and AccessionNumber may hold wildcards.
	PatientID, PatientName, AccessionNumber string
	IssuerOfPatientID                       string
	// StudyDate is a closed range of days.
	StudyDate DateRange
	// ModalitiesInStudy and Modality are lists, any of which matches.
	ModalitiesInStudy, Modality []string
	// Include lists attributes wanted beyond those of the level; IncludeAll wants all.
	Include    []dataset.Tag
	IncludeAll bool
	Limit      int
	Offset     int
}

// DateRange is from a day to a day, both included, as YYYYMMDD; "" is open.
type DateRange struct{ From, To string }

// parsed is a query with what its answer has to warn about.
type parsed struct {
	Query
	fuzzy bool
}

// parseQuery reads the query string of a search at res. Unknown parameters and keys that
// are not matched here are ErrInvalid.
func parseQuery(raw string, res resource, lim Limits) (parsed, error) {
	if len(raw) > lim.QueryBytes {
		return parsed{}, fmt.Errorf("dicomweb: query: %w", ErrLimit)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return parsed{}, fmt.Errorf("dicomweb: query: %w", ErrInvalid)
	}
	p := parsed{Query: Query{Level: res.level, Limit: lim.Results}}
	if res.StudyInstanceUID != "" {
		p.StudyInstanceUIDs = []string{res.StudyInstanceUID}
	}
	if res.SeriesInstanceUID != "" {
		p.SeriesInstanceUIDs = []string{res.SeriesInstanceUID}
	}
	for name, all := range values {
		if name == "includefield" {
			if err := p.include(all, lim); err != nil {
				return parsed{}, err
			}
			continue
		}
		if len(all) != 1 && !(tagOf(name) == dataset.TagStudyInstanceUID || tagOf(name) == dataset.TagSeriesInstanceUID || tagOf(name) == dataset.TagSOPInstanceUID) {
			return parsed{}, fmt.Errorf("dicomweb: query: repeated parameter: %w", ErrInvalid)
		}
		if err := p.parameter(name, strings.Join(all, ","), lim); err != nil {
			return parsed{}, err
		}
	}
	return p, nil
}

func (p *parsed) parameter(name, v string, lim Limits) (err error) {
	switch name {
	case "limit":
		// A cap is a server's right, PS3.18 §8.3.4.4; the answer says that more is there.
		p.Limit, err = count(v, 1<<31-1)
		p.Limit = min(p.Limit, lim.Results)
		return err
	case "offset":
		p.Offset, err = count(v, lim.Offset)
		return err
	case "accept": // read with the header
		return nil
	case "fuzzymatching":
		p.fuzzy = v == "true"
		if v != "true" && v != "false" {
			return fmt.Errorf("dicomweb: query: fuzzymatching: %w", ErrInvalid)
		}
		return nil
	}
	tag := tagOf(name)
	if tag == 0 {
		return fmt.Errorf("dicomweb: query: unknown parameter: %w", ErrInvalid)
	}
	if v == "" || v == "*" { // universal matching: the attribute is asked for
		p.Include = append(p.Include, tag)
		return nil
	}
	return p.key(tag, v, lim)
}

// key is one matching key.
func (p *parsed) key(tag dataset.Tag, v string, lim Limits) (err error) {
	switch tag {
	case dataset.TagStudyInstanceUID:
		p.StudyInstanceUIDs, err = narrow(p.StudyInstanceUIDs, v, lim)
	case dataset.TagSeriesInstanceUID:
		p.SeriesInstanceUIDs, err = narrow(p.SeriesInstanceUIDs, v, lim)
	case dataset.TagSOPInstanceUID:
		p.SOPInstanceUIDs, err = narrow(p.SOPInstanceUIDs, v, lim)
	case dataset.TagPatientID:
		p.PatientID, err = pattern(v)
	case dataset.TagPatientName:
		p.PatientName, err = pattern(v)
	case dataset.TagAccessionNumber:
		p.AccessionNumber, err = pattern(v)
	case dataset.TagIssuerOfPatientID:
		p.IssuerOfPatientID, err = pattern(v)
		if strings.ContainsAny(v, "*?") {
			err = ErrInvalid
		}
	case dataset.TagStudyDate:
		p.StudyDate, err = dateRange(v)
	case dataset.TagModalitiesInStudy:
		p.ModalitiesInStudy, err = codes(v, lim)
	case dataset.TagModality:
		if p.Level == LevelStudy { // as viewers ask for it
			p.ModalitiesInStudy, err = codes(v, lim)
			break
		}
		p.Modality, err = codes(v, lim)
	default:
		err = fmt.Errorf("dicomweb: query: key is not matched here: %w", ErrInvalid)
	}
	return err
}

func (p *parsed) include(all []string, lim Limits) error {
	for _, list := range all {
		for name := range strings.SplitSeq(list, ",") {
			if name == "all" {
				p.IncludeAll = true
				continue
			}
			tag := tagOf(name)
			if tag == 0 {
				return fmt.Errorf("dicomweb: query: includefield: %w", ErrInvalid)
			}
			if p.Include = append(p.Include, tag); len(p.Include) > lim.ListValues {
				return fmt.Errorf("dicomweb: query: includefield: %w", ErrLimit)
			}
		}
	}
	return nil
}

// tagOf reads an attribute's keyword or its eight digits; 0 is neither.
func tagOf(name string) dataset.Tag {
	if t, ok := parseTagKey(name); ok {
		return t
	}
	t, _ := dataset.LookupKeyword(name)
	return t
}

// narrow intersects the list so far, from the path, with one of a parameter.
func narrow(have []string, v string, lim Limits) ([]string, error) {
	out := []string{}
	for i, uid := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '\\' }) {
		if i >= lim.ListValues {
			return nil, fmt.Errorf("dicomweb: query: list of UIDs: %w", ErrLimit)
		}
		if !dataset.ValidUID(uid) {
			return nil, fmt.Errorf("dicomweb: query: UID: %w", ErrInvalid)
		}
		if have == nil || slices.Contains(have, uid) {
			out = append(out, uid)
		}
	}
	return out, nil
}

// maxText is the longest text to match; the wildcards of a longer one could cost much.
const maxText = 64

func pattern(v string) (string, error) {
	if len(v) > maxText {
		return "", fmt.Errorf("dicomweb: query: text: %w", ErrLimit)
	}
	for _, r := range v {
		if r < 0x20 || r == 0x7f || r == '\\' || r == 0xFFFD {
			return "", fmt.Errorf("dicomweb: query: text: %w", ErrInvalid)
		}
	}
	return v, nil
}

// codes is a list of CS values.
func codes(v string, lim Limits) ([]string, error) {
	list := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '\\' })
	if len(list) > lim.ListValues {
		return nil, fmt.Errorf("dicomweb: query: list: %w", ErrLimit)
	}
	for _, c := range list {
		if len(c) > 16 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") != "" {
			return nil, fmt.Errorf("dicomweb: query: code: %w", ErrInvalid)
		}
	}
	return list, nil
}

// dateRange reads a day or a range of days (PS3.4 §C.2.2.2.5).
func dateRange(v string) (DateRange, error) {
	from, to, isRange := strings.Cut(v, "-")
	if !isRange {
		to = from
	}
	for _, day := range []string{from, to} {
		if day == "" && isRange {
			continue
		}
		if _, err := time.Parse("20060102", day); err != nil {
			return DateRange{}, fmt.Errorf("dicomweb: query: date: %w", ErrInvalid)
		}
	}
	if from == "" && to == "" || from != "" && to != "" && from > to {
		return DateRange{}, fmt.Errorf("dicomweb: query: date range: %w", ErrInvalid)
	}
	return DateRange{From: from, To: to}, nil
}

func count(v string, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || len(v) > 10 {
		return 0, fmt.Errorf("dicomweb: query: number: %w", ErrInvalid)
	}
	if n > most {
		return 0, fmt.Errorf("dicomweb: query: number: %w", ErrLimit)
	}
	return n, nil
}
