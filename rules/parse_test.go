package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parseDetection reads one detection block inside an otherwise sound rule.
func parseDetection(detection string) ([]*Rule, Errors) {
	return Parse("r.yml", []byte("title: t\nlogsource: {product: windows}\ndetection: "+detection+"\nlevel: low\nstatus: test\n"))
}

// codes prints findings as `line:col code`.
func codes(es Errors) string {
	var out []string
	for _, e := range es {
		out = append(out, fmt.Sprintf("%d:%d %s", e.Pos.Line, e.Pos.Col, e.Code))
	}
	return strings.Join(out, ", ")
}

// show prints a pattern with `*` and `?` for wildcards, `~` for a dash and literals in brackets.
func show(p Pattern) string {
	var b strings.Builder
	for _, part := range p {
		switch part.Kind {
		case PartRun:
			b.WriteByte('*')
		case PartOne:
			b.WriteByte('?')
		case PartDash:
			b.WriteByte('~')
		default:
			fmt.Fprintf(&b, "<%s>", part.Text)
		}
	}
	return b.String()
}

func TestPattern(t *testing.T) {
	check := func(value, want string) {
		t.Helper()
		if got := show(parsePattern(value)); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
	check(``, ``)
	check(`a`, `<a>`)
	check(`a*c`, `<a>*<c>`)
	check(`a**c`, `<a>*<c>`)
	check(`a?*`, `<a>?*`)
	check(`\Windows`, `<\Windows>`)
	check(`\\Windows`, `<\Windows>`)
	check(`\\*`, `<\>*`)
	check(`\\\*`, `<\*>`)
	check(`\\\\srv`, `<\\srv>`)
	check(`\\\srv`, `<\\srv>`)
	check(`a\?b`, `<a?b>`)
	check(`dir\`, `<dir\>`)
	check(`%[{.`, `<%[{.>`)
}

func TestOperands(t *testing.T) {
	check := func(item, want string) {
		t.Helper()
		rs, es := parseDetection("{s: {" + item + "}, condition: s}")
		if len(rs) != 1 {
			t.Errorf("%s: refused: %v", item, es)
			return
		}
		it := rs[0].Detection.Searches[0].Root.Children[0].Item
		var out []string
		for _, v := range it.Values {
			o := v.Alts[0]
			s := fmt.Sprintf("%d %s%s", o.Kind, show(o.Pattern), o.Number)
			if o.Kind == OperandBool || o.Kind == OperandExists {
				s += fmt.Sprint(o.Bool)
			}
			if o.Cased {
				s += " cased"
			}
			out = append(out, s)
		}
		if it.All {
			out = append(out, "all")
		}
		if it.Neq {
			out = append(out, "neq")
		}
		if got := strings.Join(out, ", "); got != want {
			t.Errorf("%s: got %s, want %s", item, got, want)
		}
	}
	check(`F: x`, `0 <x>`)
	check(`F: ''`, `0 `)
	check(`F|contains: x`, `0 *<x>*`)
	check(`F|contains: '*x'`, `0 *<x>*`)
	check(`F|contains: ''`, `0 *`)
	check(`F|startswith: 'C:\'`, `0 <C:\>*`)
	check(`F|endswith: '\x*y'`, `0 *<\x>*<y>`)
	check(`F|contains|all: [a, b]`, `0 *<a>*, 0 *<b>*, all`)
	check(`F|all|neq|contains|cased: [a, b]`, `0 *<a>* cased, 0 *<b>* cased, all, neq`)
	check(`F: [5, -0.50, '5', 05, 0x3e7, 1e3, yes, 12:30]`, `1 5, 1 -0.50, 0 <5>, 0 <05>, 0 <0x3e7>, 0 <1e3>, 0 <yes>, 0 <12:30>`)
	check(`F: [true, FALSE, 'true', tRue]`, `2 true, 2 false, 0 <true>, 0 <tRue>`)
	check(`F: [null, ~, 'null', nULL]`, `3 , 3 , 0 <null>, 0 <nULL>`)
	check(`F: !!int 5`, `0 <5>`)
	check(`F|exists: false`, `4 false`)
}

func TestCondition(t *testing.T) {
	var cond func(c Cond) string
	cond = func(c Cond) string {
		var args []string
		for _, a := range c.Args {
			args = append(args, cond(a))
		}
		switch c.Kind {
		case CondSearch:
			return fmt.Sprint(c.Search)
		case CondOf:
			return fmt.Sprintf("%d of %v", c.Count, c.Of)
		}
		return map[CondKind]string{CondNot: "not", CondAnd: "and", CondOr: "or"}[c.Kind] + "(" + strings.Join(args, " ") + ")"
	}
	check := func(text, want string) {
		t.Helper()
		rs, es := parseDetection("{a: {F: 1}, b1: {F: 1}, b2: {F: 1}, _h: {F: 1}, not_x-y: {F: 1}, condition: " + text + "}")
		got := codes(es[:min(len(es), 1)])
		if len(rs) == 1 {
			got = cond(rs[0].Detection.Condition)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	const col = 88 // where the condition starts
	at := func(off int, code string) string { return fmt.Sprintf("3:%d %s", col+off, code) }
	check("a", "0")
	check("a or b1 and b2", "or(0 and(1 2))")
	check("not a AND b1", "and(not(0) 1)")
	check("Not (a Or b1)", "not(or(0 1))")
	check("not not a", "not(not(0))")
	check("not_x-y", "4")
	check("1 of b*", "1 of [1 2]")
	check("any of b*", "1 of [1 2]")
	check("ALL OF them", "4 of [0 1 2 4]")
	check("2 of *", "2 of [0 1 2 4]")
	check("1 of _*", "1 of [3]")
	check("1 of *h", at(5, CodeEmptySelector))
	check("1 of *x*y", "1 of [4]")
	check("[a, b1 and b2]", "or(0 and(1 2))")
	check("[]", at(0, CodeCondition))
	check("a and zzz", at(6, CodeUnknownSearch))
	check("1 of zzz*", at(5, CodeEmptySelector))
	check("0 of them", at(0, CodeCondition))
	check("1 of (a or b1)", at(5, CodeCondition))
	check("a and", at(5, CodeCondition))
	check("and a", at(0, CodeCondition))
	check("(a or b1", at(0, CodeCondition))
	check("a b1", at(2, CodeCondition))
	check("a)", at(1, CodeCondition))
	check("b*", at(0, CodeCondition))
	check("a | count() > 5", at(2, CodeAggregation))
	check("a & b1", at(2, CodeCondition))
	check(strings.Repeat("(", 64)+"a"+strings.Repeat(")", 64), "0")
	check(strings.Repeat("(", 65)+"a"+strings.Repeat(")", 65), at(64, CodeConditionLimit))
	check(strings.Repeat("a or ", 2000)+"a", at(0, CodeConditionLimit))
}

func TestDocuments(t *testing.T) {
	const sound = "title: t\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\nlevel: low\nstatus: test\n"
	check := func(name, text string, rules int, want string) {
		t.Helper()
		rs, es := Parse("r.yml", []byte(text))
		if len(rs) != rules || codes(es) != want {
			t.Errorf("%s: got %d rules and %q, want %d and %q\n%v", name, len(rs), codes(es), rules, want, es)
		}
	}
	check("one", sound, 1, "")
	check("byte order mark", "\ufeff"+sound, 1, "")
	check("CRLF", strings.ReplaceAll(sound, "\n", "\r\n"), 1, "")
	check("empty", "", 0, "")
	check("comment", "# nothing\n", 0, "")
	check("empty documents", "---\n---\n...\n---\n"+sound+"---\n", 1, "")
	check("two", sound+"---\n"+sound, 2, "")
	check("marker with content", "--- {title: t}\n---\n"+sound, 1, "1:5 E008, 1:5 E008, 1:5 W013")
	check("comments between markers", "# a\n---\n# b\n---\n"+sound, 1, "")
	check("too many modifiers", strings.Replace(sound, "F:", "F"+strings.Repeat("|x", 33)+":", 1), 0, "3:17 E002")
	check("directive", "%YAML 1.1\n---\n"+sound, 1, "")
	check("an error does not hide the next", "a: [\n---\n"+sound, 1, "1:1 E001")
	check("error behind a document", sound+"---\na: b: c\n", 1, "7:1 E001")
	check("not UTF-8", "title: \xff\n", 0, "0:0 E001")
	check("no map", "- a\n", 0, "1:1 E004")
	check("duplicate key", "title: a\n"+sound, 0, "2:1 E003")
	check("two documents keep their lines", sound+"---\ntitle: 1\n"+strings.TrimPrefix(sound, "title: t\n"), 1, "7:8 E009")
	check("merge", "x: &x {product: windows}\n"+strings.Replace(sound, "{product: windows}", "{<<: *x, service: system}", 1), 1, "")
	check("alias of itself", "x: &x [*x]\n"+sound, 0, "1:4 E002")
	check("laughs", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"+
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"+sound, 0, "1:10 E002")
	check("deep", "a: "+strings.Repeat("[", 70)+strings.Repeat("]", 70)+"\n"+sound, 0, "1:68 E002")
}

func TestHashIgnoresLineEnds(t *testing.T) {
	text := "title: t\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\n"
	a, _ := Parse("a.yml", []byte(text))
	b, _ := Parse("b.yml", []byte("\ufeff"+strings.ReplaceAll(text, "\n", "\r\n")))
	c, _ := Parse("c.yml", []byte(text+"\n# changed\n"))
	if a[0].Hash != b[0].Hash || a[0].Hash == c[0].Hash || !strings.HasPrefix(a[0].Hash, "sha256:") {
		t.Errorf("hashes %s, %s and %s", a[0].Hash, b[0].Hash, c[0].Hash)
	}
}

func TestSetRefusesSecondID(t *testing.T) {
	parse := func(file, id string) *Rule {
		rs, es := Parse(file, []byte("title: t\nid: "+id+"\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\n"))
		if len(rs) != 1 {
			t.Fatal(es)
		}
		return rs[0]
	}
	b, a := parse("b.yml", "AAAAAAAA-0000-4000-8000-000000000001"), parse("a.yml", "aaaaaaaa-0000-4000-8000-000000000001")
	set := NewSet([]*Rule{b, a}, nil)
	if !slices.Equal([]*Rule{a}, set.Rules) {
		t.Errorf("kept %v, want the rule of a.yml alone", set.Rules)
	}
	if got := codes(set.Findings); got != "1:1 E011" || set.Findings[0].Pos.File != "b.yml" {
		t.Errorf("got %v", set.Findings)
	}
	if set.Hash == NewSet(nil, nil).Hash {
		t.Error("the set's hash does not depend on its rules")
	}
}

func TestDefault(t *testing.T) {
	set := Default()
	if len(set.Rules) != 1 || set.Rules[0].ID != "758ff488-18d5-4cbe-8ec4-02b6285a434f" || set.Rules[0].Author != "frack113" {
		t.Fatalf("got %v", set.Rules)
	}
	bound, ok := Bind(set.Rules[0].LogSource)
	want := []Binding{{Channels: []string{"microsoft-windows-sysmon/operational"}, EventIDs: []uint32{1}}}
	if diff := cmp.Diff(want, bound); !ok || diff != "" {
		t.Error(diff)
	}
}
