package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/neckfrac/neckfrac/dicomnet"
	"github.com/neckfrac/neckfrac/dicomnet/dicomweb"
	"github.com/neckfrac/neckfrac/pipeline/scp"
)

func statementStatuses(_ *testing.T, b *bytes.Buffer) {
	for _, s := range []struct {
		title   string
		answers []scp.Answer
	}{
		{"C-STORE", scp.StoreAnswers()},
		{"N-CREATE of Instance Availability Notification", scp.NotificationAnswers()},
		{"N-ACTION of Storage Commitment", scp.CommitmentAnswers()},
	} {
		fmt.Fprintf(b, "## Statuses of %s\n\n| status | when | comment |\n|---|---|---|\n", s.title)
		for _, a := range s.answers {
			fmt.Fprintf(b, "| %04XH | %s | %s |\n", uint16(a.Status), a.Cause, a.Comment)
		}
		fmt.Fprintln(b)
	}
}

func statementTLS(t *testing.T, b *bytes.Buffer) {
	profile, err := dicomnet.NewClientTLS(dicomnet.TLSConfig{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := profile.Config()
	var suites []string
	for _, id := range cfg.CipherSuites {
		suites = append(suites, tls.CipherSuiteName(id))
	}
	fmt.Fprint(b, "## TLS\n\nBCP 195 RFC 8996, 9325 profile (PS3.15 §B.12), on a listener of its own (`dicom.tls`) and for `send`, reports and sources.\n\n| item | value |\n|---|---|\n")
	for _, r := range [][2]string{
		{"versions", tls.VersionName(cfg.MinVersion) + " to " + tls.VersionName(tls.VersionTLS13) + "; `dicom.tls.min_version` raises the first"},
		{"suites of TLS 1.2", strings.Join(suites, ", ")},
		{"renegotiation", map[bool]string{true: "never"}[cfg.Renegotiation == tls.RenegotiateNever]},
		{"session resumption", map[bool]string{true: "none"}[cfg.SessionTicketsDisabled]},
		{"peers' certificates", "always asked for and verified; an AE title is bound to its certificate by `dicom.peers`, else A-ASSOCIATE-RJ (1,1,3)"},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
	fmt.Fprintln(b)
}

func statementLimits(t *testing.T, b *bytes.Buffer) {
	for _, s := range []struct {
		title, file string
		value       any
	}{
		{"Limits of associations", "../../dicomnet/limits.go", dicomnet.DefaultLimits()},
		{"Limits of DICOMweb requests", "../../dicomnet/dicomweb/config.go", dicomweb.DefaultLimits()},
	} {
		fmt.Fprintf(b, "## %s\n\nOf the library; what the configuration sets instead stands above.\n\n| limit | default | what it bounds |\n|---|---|---|\n", s.title)
		docs := fieldDocs(t, s.file, "Limits")
		v := reflect.ValueOf(s.value)
		for f := range fields(v.Type()) {
			if f.Type.Kind() == reflect.Struct {
				continue // a reader's own limits
			}
			if docs[f.Name] == "" {
				t.Errorf("%s of %s has no comment", f.Name, s.file)
			}
			what := docs[f.Name]
			for _, start := range []string{" is ", " caps "} {
				what = strings.TrimPrefix(what, f.Name+start)
			}
			fmt.Fprintf(b, "| %s | %s | %s |\n", f.Name, limitValue(f.Name, v.FieldByIndex(f.Index)), what)
		}
		fmt.Fprintln(b)
	}
}

func limitValue(name string, v reflect.Value) string {
	if d, ok := v.Interface().(time.Duration); ok {
		for _, u := range []struct {
			size time.Duration
			name string
		}{{time.Hour, "h"}, {time.Minute, "min"}} {
			if d%u.size == 0 {
				return fmt.Sprintf("%d %s", d/u.size, u.name)
			}
		}
		return fmt.Sprintf("%g s", d.Seconds())
	}
	n := v.Int
	if v.CanUint() {
		n = func() int64 { return int64(v.Uint()) }
	}
	if strings.HasSuffix(name, "Bytes") || name == "MinRate" {
		for _, u := range []struct {
			size int64
			name string
		}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
			if n()%u.size == 0 && n() > 0 {
				rate := map[bool]string{true: "/s"}[name == "MinRate"]
				return fmt.Sprintf("%d %s%s", n()/u.size, u.name, rate)
			}
		}
	}
	return fmt.Sprint(n())
}

// fieldDocs are the first sentences of the comments of a struct's fields; fields of one
// line share theirs.
func fieldDocs(t *testing.T, file, name string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		last := ""
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			if text := strings.Join(strings.Fields(field.Doc.Text()), " "); text != "" {
				first, _, _ := strings.Cut(text, ". ")
				last = strings.ReplaceAll(strings.TrimSuffix(first, "."), "|", "\\|")
			}
			for _, id := range field.Names {
				out[id.Name] = last
			}
		}
		return false
	})
	return out
}
