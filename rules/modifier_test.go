package rules

import (
	"fmt"
	"strings"
	"testing"
)

// showOperand prints what distinguishes an operand from others.
func showOperand(o Operand) string {
	anchor := [...]string{"", "start ", "end ", "in "}[o.Anchor]
	cased := ""
	if o.Cased {
		cased = " cased"
	}
	switch o.Kind {
	case OperandPattern:
		return show(o.Pattern) + cased
	case OperandNumber:
		return "number " + o.Number
	case OperandBool, OperandExists:
		return [...]string{OperandBool: "bool ", OperandExists: "exists "}[o.Kind] + fmt.Sprint(o.Bool)
	case OperandNull:
		return "null"
	case OperandRegex:
		return "re " + o.Regex.String()
	case OperandCIDR:
		return "cidr " + o.CIDR.String()
	case OperandCompare:
		part := [...]string{"", "minute ", "hour ", "day ", "week ", "month ", "year "}[o.TimePart]
		return part + [...]string{"= ", "< ", "<= ", "> ", ">= "}[o.Compare] + o.Number
	case OperandFieldRef:
		return "ref " + anchor + o.FieldRef + cased
	}
	return fmt.Sprintf("kind %d", o.Kind)
}

// showItem prints the first item of a rule: `,` between values, `|` between alternatives.
func showItem(r *Rule) string {
	root := r.Detection.Searches[0].Root
	if root.Kind != NodeItem {
		root = root.Children[0]
	}
	var values []string
	for _, v := range root.Item.Values {
		var alts []string
		for _, o := range v.Alts {
			alts = append(alts, showOperand(o))
		}
		values = append(values, strings.Join(alts, " | "))
	}
	return strings.Join(values, ", ")
}

func TestModifiers(t *testing.T) {
	check := func(search, want string) {
		t.Helper()
		rs, es := parseDetection("{s: {" + search + "}, condition: s}")
		got := ""
		switch {
		case len(rs) == 1:
			got = showItem(rs[0])
		case len(es) > 0:
			got = es[0].Code + " " + es[0].Err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", search, got, want)
		}
	}
	// windash
	check(`F|windash: '-a-b /c'`, `~<a-b >~<c>`)
	check(`F|windash|contains: ' -enc'`, `*< >~<enc>*`)
	check(`F|contains|windash: ' /tn'`, `*< >~<tn>*`)
	check(`F|windash: '--x'`, `<->~<x>`)
	check(`F|windash: '-- x - é-f -é –g'`, `<-- x - é-f >~<é –g>`)
	check(`F|windash: '-*-x*/'`, `<->*~<x>*</>`)
	check(`F|contains|all|windash: [' -a', ' -b']`, `*< >~<a>*, *< >~<b>*`)
	check(`F|cased|windash|windash: '/x'`, `~<x> cased`)
	// encodings
	check(`F|base64: 'foo'`, `<Zm9v>`)
	check(`F|base64|contains: 'a\*'`, `*<YSo=>*`)
	check(`F|cased|base64|endswith: 'fo'`, `*<Zm8=> cased`)
	check(`F|base64offset|contains: 'http://'`, `*<aHR0cDovL>* | *<h0dHA6Ly>* | *<odHRwOi8v>*`)
	check(`F|base64offset: 'é'`, `<w6> | <Op> | <Dq>`)
	check(`F|base64offset: ''`, `E017 "" is too short to be recognized in base64`)
	check(`F|wide|base64: 'a'`, `<YQA=>`)
	check(`F|utf16le|base64: 'é😀'`, `<6QA92ADe>`)
	check(`F|utf16be|base64: 'a'`, `<AGE=>`)
	check(`F|utf16|base64: 'a'`, `<//5hAA==>`)
	check(`F|wide|contains: 'ab'`, "*<a\x00b\x00>*")
	check(`F|utf16: 'a'`, `E017 the bytes that its modifiers give are not UTF-8, so that no text has them: base64 or base64offset is missing`)
	check(`F|wide|wide: 'é'`, `E017 bytes cannot be encoded as UTF-16 a second time`)
	check(`F|base64: 'a*'`, `E017 a wildcard cannot be encoded; contains, startswith and endswith come after the encoding`)
	check(`F|contains|base64: a`, `E016 modifier "base64" cannot come after "contains"`)
	check(`F|windash|base64: '-a'`, `<LWE=> | <L2E=> | <4oCTYQ==> | <4oCUYQ==> | <4oCVYQ==>`)
	check(`F|windash|base64: '-a -b -c -d -e'`, `E017 more than four dashes are varied before an encoding`)
	// regular expressions
	check(`F|re: '\d*?x\*'`, `re \d*?x\*`)
	check(`F|re: 5`, `re 5`)
	check(`F|re|i: a`, `re (?i)a`)
	check(`F|re|ignorecase|dotall|s|multiline: a`, `re (?ism)a`)
	check(`F|neq|re|all: [a, b]`, `re a, re b`)
	check(`F|re: '(?i)a'`, `re (?i)a`)
	check(`F|re: '(?=a)'`, `E024 RE2 does not have look-ahead (?=…)`)
	check(`F|re: 'x(?<!a)b'`, `E024 RE2 does not have negative look-behind (?<!…)`)
	check(`F|re: '(a)\1'`, `E024 RE2 does not have the back-reference \1`)
	check(`F|re: '\\1(?>x)'`, `E024 RE2 does not have an atomic group (?>…)`)
	check(`F|re: '[(?=+]a++'`, `E024 RE2 does not have possessive quantifiers`)
	check(`F|re: 'a\Z'`, `E024 RE2 does not have the anchor \Z: write \z`)
	check(`F|re: '(a'`, `E024 missing closing ) in the regular expression: "(a"`)
	check(`F|re: 'a\'`, `E024 trailing backslash at end of expression in the regular expression: ""`)
	check(`F|re: '((a{100}){100}){100}'`, `E024 invalid repeat count in the regular expression: "{100}"`)
	check(`F|re: '(`+strings.Repeat("a.", 60)+`){999}'`, `E002 the regular expression is larger than 50000 instructions: lower its repeat counts`)
	check(`F|re: true`, `E017 modifier "re" does not take true or false; in quotes it is text`)
	check(`F|contains|re: a`, `E016 modifier "re" has to come first`)
	check(`F|cased|re: a`, `E016 modifier "re" has to come first`)
	check(`F|re|cased: a`, `E016 modifier "cased" cannot come after "re"`)
	check(`F|re|contains: a`, `E016 modifier "contains" cannot come after "re"`)
	check(`F|cidr|re: a`, `E016 modifier "re" has to come first`)
	check(`F|i: a`, `E016 modifier "i" has nothing to act on`)
	// networks
	check(`F|cidr: [10.0.0.0/8, 'fe80::/10', 10.0.0.5, '::1']`, `cidr 10.0.0.0/8, cidr fe80::/10, cidr 10.0.0.5/32, cidr ::1/128`)
	check(`F|cidr: 10.0.0.1/8`, `E017 network 10.0.0.1/8 has host bits: write 10.0.0.0/8 for the network or 10.0.0.1 for the address`)
	check(`F|cidr: 10.0.*`, `E017 "10.0.*" is neither a network nor an address`)
	check(`F|cidr: 'fe80::1%eth0'`, `E017 "fe80::1%eth0" is neither a network nor an address`)
	check(`F|cidr: 10`, `E017 modifier "cidr" does not take a number; in quotes it is text`)
	// comparisons and time
	check(`F|gt: 5`, `> 5`)
	check(`F|lte: [-0.5, 12345678901234567890]`, `<= -0.5, <= 12345678901234567890`)
	check(`F|gte: '5'`, `E017 modifier "gte" does not take text; a number stands without quotes`)
	check(`F|hour: 23`, `hour = 23`)
	check(`F|hour|gte: 22`, `hour >= 22`)
	check(`F|week: [1, 53]`, `week = 1, week = 53`)
	check(`F|gte|hour: 22`, `E016 modifier "hour" cannot come after "gte"`)
	check(`F|hour|day: 22`, `E016 modifier "day" cannot come after "hour"`)
	// field references
	check(`A|fieldref: B`, `ref B`)
	check(`A|fieldref|startswith: a\*b`, `ref start a*b`)
	check(`A|cased|fieldref|endswith: B`, `ref end B cased`)
	check(`A|fieldref|contains|cased: B`, `ref in B cased`)
	check(`A|fieldref: 'B*'`, `E017 the name of a field has no wildcards`)
	check(`A|fieldref: ''`, `E017 fieldref needs the name of a field`)
	check(`A|startswith|fieldref: B`, `E016 modifier "fieldref" cannot come after "startswith"`)
	check(`'|fieldref': B`, `E016 fieldref needs a field`)
	// keywords
	check(`'|re': 'k\d'`, `re k\d`)
	check(`'|all': [a1, 5]`, `*<a1>*, *<5>*`)
	check(`'|windash': -a`, `*~<a>*`)
	check(`'|endswith': a`, `*<a>`)
	check(`'|gt': 5`, `E017 modifier "gt" does not take text; a number stands without quotes`)
	check(`'|contains|exists': true`, `E016 exists needs a field`)
	// others
	check(`F|contains|exists: true`, `E016 modifier "exists" has to come first`)
	check(`F|exists: 'true'`, `E017 modifier "exists" does not take text; true and false stand without quotes`)
	check(`F|exists: [true, false]`, `E017 exists takes one value`)
	check(`F|contains: null`, `E017 modifier "contains" does not take null; in quotes it is text`)
	check(`F|expand: '%x%'`, `E025 placeholder "x" has no values`)
	check(`F|expand: '100\%x%'`, `<100%x%>`)
}

func TestExpand(t *testing.T) {
	values := map[string][]string{"x": {"a*", `b\*`}, "y": {"1"}, "many": make([]string, 101)}
	check := func(search, want string) {
		t.Helper()
		f := ParseFile("r.yml", []byte("title: t\nlogsource: {product: windows}\ndetection: {s: {"+search+"}, condition: s}\nlevel: low\nstatus: test\n"), LoadOptions{Placeholders: values})
		got := f.Findings.Error()
		if len(f.Rules) == 1 {
			got = showItem(f.Rules[0])
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", search, got, want)
		}
	}
	check(`F|expand: '%x%'`, `<a>* | <b*>`)
	check(`F|contains|expand: '%x%'`, `*<a>* | *<b*>*`)
	check(`F|expand|contains: '-%x%%y%-\%y%'`, `*<-a>*<1-%y%>* | *<-b*1-%y%>*`)
	check(`F|expand: '%x%?%x%'`, `<a>*?<a>* | <a>*?<b*> | <b*>?<a>* | <b*>?<b*>`)
	check(`F|expand|base64: 'x%y%'`, `<eDE=>`)
	check(`F|expand: 'x'`, `<x>`)
	check(`F|expand: '%z%'`, `r.yml:3:28: E025: placeholder "z" has no values`)
	check(`F|expand: '%many%%many%'`, `r.yml:3:27: E002: stands for more than 10000 alternatives`)
	check(`F|expand: '`+strings.Repeat("%y%", 257)+`'`, `r.yml:3:27: E002: has more than 256 placeholders`)
	check(`F|expand: '`+strings.Repeat("x", 9000)+`'`, `r.yml:3:27: E002: is longer than 8192 bytes, too long to be multiplied`)
}
