package dataset_test

import (
	"slices"
	"strings"
	"testing"
)

// The differences from dcmdump (DCMTK 3.6.7) that are meant, each with its reason. What no
// rule explains fails TestBesideDcmdump.

// refusalRule allows that one of the two reads what the other refuses.
type refusalRule struct {
	// says is part of the refusal, why the reason of the rule.
	says, why string
	// also, if not nil, has to hold of the reading of the other.
	also func(read []string) bool
}

// weRefuse is stricter: what DCMTK mends by a guess would be a guess about a patient here.
var weRefuse = []refusalRule{
	{says: "misplaced delimiter", why: "DCMTK passes over an item or delimiter outside a sequence; what follows could belong anywhere"},
	{says: ": VR: ", why: "DCMTK reads two bytes that are no VR as an unknown one and guesses the width of the length"},
	{says: "item expected", why: "DCMTK ends a sequence at what is no item, and reads on behind it"},
	{says: "item without its delimiter", why: "DCMTK reads what follows into an item whose delimiter is missing"},
	{says: "item longer than its sequence", why: "DCMTK believes the item, we believe neither"},
	{says: "sequence longer than its item", why: "DCMTK believes the sequence, we believe neither"},
	{says: "value longer than its item", why: "DCMTK takes the value across the end of its item"},
	{says: "truncated", why: "an object that is cut behind the header of a sequence, or behind a fragment, is whole to DCMTK; here no cut is", also: hasCutSequence},
	{says: "neither meta information nor a data set", why: "without a meta header DCMTK reads whatever comes; a CT begins with group 0008"},
	{says: "no meta information", why: "DCMTK reads a data set behind DICM; its transfer syntax is a guess"},
	{says: "UN of undefined length", why: "big endian is retired: a sequence in it that nobody knows is not worth a second byte order"},
}

// theyRefuse is looser: each is read and stored as it came, and refused where it would
// be used.
var theyRefuse = []refusalRule{
	{says: "Illegal element with OB or OW Value Representation and undefined length", why: "fragments of another element than the pixels are read over"},
	{says: "compressed Transfer Syntax uses explicit length", why: "native pixels in a compressed syntax are stored; the runner refuses them (pixel-unreadable)"},
	{says: "Sequence Delimitation Item missing", why: "a tag that our dictionary lacks is UN in implicit VR, and a sequence to DCMTK whose value is none", also: hasUN},
	{says: "dcmdump died", why: "DCMTK crashed"},
}

// hasCutSequence reports whether there is a sequence without items at the top, wherever
// its tag has sorted it to, or the pixels end with a fragment.
func hasCutSequence(lines []string) bool {
	for i, s := range lines {
		l := lineOf(s)
		last := i+1 == len(lines)
		if l.depth == "0" && l.vr == "SQ" && (last || lineOf(lines[i+1]).tag != "item") || last && l.depth == "1" && l.tag == "item" && l.vr != "" {
			return true
		}
	}
	return false
}

func hasUN(lines []string) bool {
	return slices.ContainsFunc(lines, func(s string) bool { return lineOf(s).vr == "UN" })
}

// lineRule allows two lines to differ, or one to have no fellow: "" stands for none.
type lineRule struct {
	why  string
	same func(ours, theirs line) bool
}

// line is depth, tag, VR and the rest; of an item the tag is "item", and of a fragment the
// VR is its length.
type line struct{ depth, tag, vr, rest string }

func lineOf(s string) (l line) {
	for i, f := range strings.Fields(s) {
		switch i {
		case 0:
			l.depth = f
		case 1:
			l.tag = f
		case 2:
			l.vr = f
		default:
			l.rest += f
		}
	}
	return l
}

var standardVRs = strings.Fields("AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV")

// nameRules allow other names for one thing: such objects agree.
var nameRules = []lineRule{
	{"DCMTK calls a VR that it does not know ??", func(o, t line) bool {
		return t.vr == "??" && o.but(t) && (o.vr == "UN" || !slices.Contains(standardVRs, o.vr))
	}},
	{"DCMTK leaves open what implicit VR does not tell: xs is US or SS, ox is OB or OW", func(o, t line) bool {
		return o.but(t) && (t.vr == "xs" && (o.vr == "US" || o.vr == "SS") || t.vr == "ox" && (o.vr == "OB" || o.vr == "OW"))
	}},
}

var lineRules = []lineRule{
	{"our dictionary holds what is used here; what it lacks is UN in implicit VR, of the same length", func(o, t line) bool {
		return o.vr == "UN" && o.but(t)
	}},
	{"DCMTK calls encapsulated pixels OB, whatever stands there", func(o, t line) bool {
		return o.tag == "(7fe0,0010)" && o.rest == "" && o.vr == "OW" && t.vr == "OB" && o.but(t)
	}},
	{"DCMTK takes (FFFF,FFFF) for no element", func(o, t line) bool { return o.tag == "(ffff,ffff)" && t == line{} }},
	{"DCMTK ends the meta header where its group length says, we where group 0002 ends", func(o, t line) bool {
		return o == line{} && strings.HasPrefix(t.tag, "(0002,") && t.depth == "0" || o.tag == "(0008,0000)" && t == line{}
	}},
}

// but reports whether all but the VR is the same.
func (l line) but(o line) bool { l.vr = o.vr; return l == o }

// sameLine reports whether two lines say the same, whatever it is called.
func sameLine(ours, theirs string) bool {
	if ours == theirs {
		return true
	}
	o, t := lineOf(ours), lineOf(theirs)
	return slices.ContainsFunc(nameRules, func(r lineRule) bool { return r.same(o, t) })
}

// explain finds the rules that allow a difference, none where something is left.
func explain(outcome string, ours, theirs reading) []string {
	switch outcome {
	case "we refuse only":
		return refusal(weRefuse, ours.refused, theirs.lines)
	case "they refuse only":
		return refusal(theyRefuse, theirs.refused, ours.lines)
	}
	return alignment(ours.lines, theirs.lines)
}

func refusal(rules []refusalRule, says string, read []string) []string {
	for _, r := range rules {
		if strings.Contains(says, r.says) && (r.also == nil || r.also(read)) {
			return []string{r.why}
		}
	}
	return nil
}

// alignment walks both lists, with a rule for each place where they part.
func alignment(ours, theirs []string) (used []string) {
	use := func(o, t line) bool {
		i := slices.IndexFunc(lineRules, func(r lineRule) bool { return r.same(o, t) })
		if i >= 0 && !slices.Contains(used, lineRules[i].why) {
			used = append(used, lineRules[i].why)
		}
		return i >= 0
	}
	for len(ours) > 0 || len(theirs) > 0 {
		var o, t line
		if len(ours) > 0 {
			o = lineOf(ours[0])
		}
		if len(theirs) > 0 {
			t = lineOf(theirs[0])
		}
		switch {
		case len(ours) > 0 && len(theirs) > 0 && (sameLine(ours[0], theirs[0]) || use(o, t)):
			ours, theirs = ours[1:], theirs[1:]
		case len(ours) > 0 && use(o, line{}):
			ours = ours[1:]
		case len(theirs) > 0 && use(line{}, t):
			theirs = theirs[1:]
		default:
			return nil
		}
	}
	return used
}

// TestDumpRules pins that a rule allows what it says and no more.
func TestDumpRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		ours, theirs []string
		allowed      bool
	}{
		{"unknown VR", []string{"0 (0009,1001) UN 8"}, []string{"0 (0009,1001) ?? 8"}, true},
		{"unknown VR of another length", []string{"0 (0009,1001) UN 8"}, []string{"0 (0009,1001) ?? 10"}, false},
		{"a VR that both know", []string{"0 (0008,0060) CS 2"}, []string{"0 (0008,0060) LO 2"}, false},
		{"known here, unknown there", []string{"0 (0008,0060) CS 2"}, []string{"0 (0008,0060) ?? 2"}, false},
		{"a tag that is missing here", []string{"0 (0008,0060) CS 2"}, []string{"0 (0008,0060) CS 2", "0 (0010,0010) PN 2"}, false},
		{"a tag that is missing there", []string{"0 (0008,0060) CS 2", "0 (0010,0010) PN 2"}, []string{"0 (0008,0060) CS 2"}, false},
		{"another depth", []string{"2 (0009,1001) UN 8"}, []string{"0 (0009,1001) ?? 8"}, false},
		{"the last tag there is", []string{"0 (0008,0060) CS 2", "0 (ffff,ffff) US 2"}, []string{"0 (0008,0060) CS 2"}, true},
		{"native pixels of another VR", []string{"0 (7fe0,0010) OW 8"}, []string{"0 (7fe0,0010) OB 8"}, false},
		{"encapsulated pixels", []string{"0 (7fe0,0010) OW", "1 item 8"}, []string{"0 (7fe0,0010) OB", "1 item 8"}, true},
		{"encapsulated pixels of another size", []string{"0 (7fe0,0010) OW", "1 item 8"}, []string{"0 (7fe0,0010) OB", "1 item 6"}, false},
	} {
		ours, theirs := reading{lines: c.ours}, reading{lines: c.theirs}
		outcome := outcomeOf(ours, theirs)
		if got := outcome == "agree" || len(explain(outcome, ours, theirs)) > 0; got != c.allowed {
			t.Errorf("%s: %s, want allowed %v", c.name, outcome, c.allowed)
		}
	}
	if got := explain("we refuse only", reading{refused: "truncated"}, reading{lines: []string{"0 (0008,0060) CS 2"}}); got != nil {
		t.Errorf("a cut within a value: %v", got)
	}
	if got := explain("they refuse only", reading{lines: []string{"0 (0008,0060) CS 2"}}, reading{refused: "I/O suspension or premature end of stream"}); got != nil {
		t.Errorf("a cut that only they see: %v", got)
	}
}
