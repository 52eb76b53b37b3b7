package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// chunk is the text of one YAML document.
type chunk struct {
	text string // line ends are LF
	line int    // lines of the file before it
}

// splitDocuments cuts a file at its document markers. `---` and `...` in the first column end a
// document wherever they stand (YAML 1.2, 9.1.2), so every document can be parsed by itself and one
// with a syntax error does not hide those behind it. The marker belongs to no document unless content
// stands on its line.
func splitDocuments(text string) []chunk {
	var out []chunk
	start, startLine, line := 0, 0, 0
	content := false   // something beside comments, blank lines and directives since start
	directive := false // a directive since start: the marker behind it starts its document
	for pos := 0; pos < len(text); line++ {
		end := len(text)
		if i := strings.IndexByte(text[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		l := text[pos:end]
		isStart, isEnd := isMarker(l, "---"), isMarker(l, "...")
		if (isStart || isEnd) && content {
			out = append(out, chunk{text[start:pos], startLine})
		}
		switch {
		case isStart && !content && directive:
			content = true
		case isEnd, isStart && strings.TrimSpace(l) == "---":
			start, startLine, content = end, line+1, false
		case isStart:
			start, startLine, content = pos, line, true
		case !content:
			t := strings.TrimSpace(l)
			directive = directive || strings.HasPrefix(l, "%")
			content = t != "" && t[0] != '#' && l[0] != '%'
		}
		if isStart || isEnd {
			directive = false
		}
		pos = end
	}
	if content {
		out = append(out, chunk{text[start:], startLine})
	}
	return out
}

func isMarker(line, marker string) bool {
	rest, ok := strings.CutPrefix(line, marker)
	return ok && (rest == "" || strings.ContainsRune(" \t\n", rune(rest[0])))
}

// yamlLine takes the line out of yaml.v3's message, which has it only in words.
var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (?s:(.*))$`)

// decodeDocument gives the root of the document in c, without aliases and merges, or nil when it is
// empty. Node lines are those of the file.
func decodeDocument(c chunk, b *budget) (*yaml.Node, *place) {
	if len(c.text) > maxDocumentBytes {
		return nil, &place{line: c.line + 1, code: CodeLimit, err: errTooLong}
	}
	if strings.ContainsAny(c.text, "\u0085\u2028\u2029") && severalDocuments(c.text) {
		return nil, &place{line: c.line + 1, code: CodeSyntax, err: errors.New("a second document without a marker on a line of its own")}
	}
	doc, err := decodeNode([]byte(c.text))
	switch {
	case err != nil:
		return nil, syntaxError(c, err)
	case len(doc.Content) == 0:
		return nil, nil
	}
	e := expander{line: c.line, seen: map[*yaml.Node]bool{}, budget: b}
	root, bad := e.expand(doc.Content[0], 0, false)
	if bad != nil {
		return nil, bad
	}
	return root, nil
}

// severalDocuments reports whether yaml.v3 finds a second document in text. It breaks lines at U+0085,
// U+2028 and U+2029 as YAML 1.1 did: a marker there is a trap.
func severalDocuments(text string) bool {
	dec := yaml.NewDecoder(strings.NewReader(text))
	return decodeNext(dec) == nil && !errors.Is(decodeNext(dec), io.EOF)
}

func decodeNext(dec *yaml.Decoder) (err error) {
	defer recoverYAML(&err)
	var n yaml.Node
	return dec.Decode(&n)
}

func decodeNode(text []byte) (n yaml.Node, err error) {
	defer recoverYAML(&err)
	err = yaml.Unmarshal(text, &n)
	return n, err
}

// recoverYAML makes an error of a panic: yaml.v3 has panicked on malformed input before (CVE-2022-28948).
func recoverYAML(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("yaml: %v", r)
	}
}

func syntaxError(c chunk, err error) *place {
	p := &place{line: c.line + 1, code: CodeSyntax, err: err}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		if n, convErr := strconv.Atoi(m[1]); convErr == nil {
			p.line, p.err = c.line+n, errors.New(m[2])
		}
	} else {
		p.err = errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return p
}

// place is a finding that has no rule yet. col 0 means the line alone is known.
type place struct {
	line, col int
	code      string
	err       error
}

// expander replaces aliases by what they stand for and `<<` by the keys it merges, in place, and
// refuses duplicate keys. Targets are shared, not copied; they are visited once for every alias, so
// that the cost of walking the result is bounded here.
type expander struct {
	line    int // to add to every line, once per node
	seen    map[*yaml.Node]bool
	aliased int
	budget  *budget
}

func (e *expander) expand(n *yaml.Node, depth int, viaAlias bool) (*yaml.Node, *place) {
	if !e.seen[n] {
		e.seen[n] = true
		n.Line += e.line
	}
	if depth > maxDepth {
		return nil, &place{n.Line, n.Column, CodeLimit, errTooDeep}
	}
	if viaAlias {
		e.aliased++
		if e.budget.spend(&e.budget.aliased, 1) != nil || e.aliased > maxAliasedNode {
			return nil, &place{n.Line, n.Column, CodeLimit, errTooMany}
		}
	}
	if n.Kind == yaml.AliasNode {
		return e.expand(n.Alias, depth+1, true)
	}
	for i, c := range n.Content {
		x, err := e.expand(c, depth+1, viaAlias)
		if err != nil {
			return nil, err
		}
		n.Content[i] = x
	}
	if n.Kind == yaml.MappingNode {
		return n, e.mapping(n)
	}
	return n, nil
}

// mapping checks the keys of n and carries out its merges.
func (e *expander) mapping(n *yaml.Node) *place {
	merges, bad := mergesOf(n)
	if bad != nil || len(merges) == 0 {
		return bad
	}
	have := make(map[string]bool, len(n.Content)/2)
	own := n.Content[:0:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !isMerge(k) {
			have[k.Value] = true
			own = append(own, k, n.Content[i+1])
		}
	}
	for _, m := range merges {
		sources := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			sources = m.Content
		}
		for _, s := range sources {
			if s.Kind != yaml.MappingNode {
				return &place{s.Line, s.Column, CodeNotMap, errors.New("<< merges maps only")}
			}
			for i := 0; i+1 < len(s.Content); i += 2 {
				if k := s.Content[i]; !have[k.Value] { // own keys win, then the earlier source
					have[k.Value] = true
					own = append(own, k, s.Content[i+1])
				}
			}
		}
	}
	n.Content = own
	return nil
}

func isMerge(key *yaml.Node) bool { return key.Value == "<<" && isPlain(key) }

// mergesOf gives the values of the keys `<<` in a map, and checks that the others are text and each there
// once.
func mergesOf(n *yaml.Node) (merges []*yaml.Node, bad *place) {
	var have map[string]bool
	if len(n.Content) > 2*8 { // below that, comparing is cheaper
		have = make(map[string]bool, len(n.Content)/2)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || scalarType(k) != typeText {
			return nil, &place{k.Line, k.Column, CodeNotMap, errors.New("a key has to be text")}
		}
		if isMerge(k) {
			merges = append(merges, n.Content[i+1])
			continue
		}
		twice := have[k.Value]
		for j := 0; have == nil && j < i && !twice; j += 2 {
			twice = n.Content[j].Value == k.Value && !isMerge(n.Content[j])
		}
		if twice {
			return nil, &place{k.Line, k.Column, CodeDuplicateKey, fmt.Errorf("key %q is there twice", k.Value)}
		}
		if have != nil {
			have[k.Value] = true
		}
	}
	return merges, nil
}

// valueType is the type of a scalar, and of what modifiers make of it. It is a set, so that a
// modifier can say what it accepts.
type valueType uint16

const (
	typeText valueType = 1 << iota
	typeNumber
	typeBool
	typeNull
	typeAnchored // text that contains, startswith or endswith has opened
	typeRegex
	typeNetwork
	typeTimePart
	typeComparison
	typePresence
	typeFieldRef
	typeFieldRefAnchored
)

var (
	intText   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	floatText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`)
)

// scalarType resolves a scalar by our own table. Libraries disagree (00000429, 0x3e7, yes, 12:30,
// 1e3, dates), and a guess here is a rule that never fires. Whatever is quoted, tagged or not in the
// table is text.
func scalarType(n *yaml.Node) valueType {
	if !isPlain(n) {
		return typeText
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return typeNull
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return typeBool
	}
	if c := n.Value[0]; c != '-' && (c < '0' || c > '9') {
		return typeText
	}
	if intText.MatchString(n.Value) || floatText.MatchString(n.Value) {
		return typeNumber
	}
	return typeText
}

// isPlain reports whether a scalar is neither quoted, a block, nor tagged by its author.
func isPlain(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

// normalizeText drops a byte order mark and makes every line end LF.
func normalizeText(src []byte) string {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(src, '\r') < 0 {
		return string(src)
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src))
}
