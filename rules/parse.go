package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// File is what one rule file holds: everything in it that is sound, in the order of the text, and every
// finding, sorted by position.
type File struct {
	Name         string
	Rules        []*Rule
	Correlations []*Correlation
	Filters      []*Filter
	Findings     Errors
	Rejected     []Rejected // documents that were refused, in the order of the text
	// Deselected counts the rules that LoadOptions.Statuses left out.
	Deselected int
}

// Parse reads the rules of one file with no options. See ParseFile.
func Parse(file string, src []byte) ([]*Rule, Errors) {
	f := ParseFile(file, src, LoadOptions{})
	return f.Rules, f.Findings
}

// ParseFile reads one file. name is what findings call it; nothing is opened. A document that is refused
// does not hide the others. Nothing returned aliases src.
func ParseFile(name string, src []byte, opt LoadOptions) File {
	out := File{Name: name}
	refuse := func(code string, err error) File {
		out.unreadable(&Error{Pos: Pos{File: name}, Code: code, Err: err})
		return out
	}
	if len(src) > maxFileBytes {
		return refuse(CodeLimit, errTooLarge)
	}
	if !utf8.Valid(src) {
		return refuse(CodeSyntax, errors.New("not UTF-8"))
	}
	chunks := splitDocuments(normalizeText(src))
	if len(chunks) > maxDocuments {
		return refuse(CodeLimit, errTooManyDocs)
	}
	budget := newBudget()
	t := template{budget: budget}
	for _, c := range chunks {
		root, bad := decodeDocument(c, budget)
		if bad != nil {
			pos := Pos{File: name, Line: bad.line, Col: max(bad.col, 1)}
			out.unreadable(&Error{Pos: pos, Code: bad.code, Err: bad.err})
			continue
		}
		if root == nil || root.Kind == yaml.ScalarNode && scalarType(root) == typeNull {
			continue
		}
		d := document{file: name, kind: KindRule, chunk: c, budget: budget, opt: opt, expanded: map[string]bool{}}
		d.rule.Pos = d.pos(root)
		d.read(root, &t, &out)
		d.finish()
		out.Findings = append(out.Findings, d.findings...)
		if d.refused() {
			out.Rejected = append(out.Rejected, d.rejected())
		}
	}
	out.Findings.sort()
	return out
}

// unreadable records a document, or the whole file, of which nothing is known but the finding.
func (f *File) unreadable(e *Error) {
	f.Findings = append(f.Findings, e)
	f.Rejected = append(f.Rejected, Rejected{Pos: e.Pos, Findings: Errors{e}})
}

// sort orders findings by place, then by code: what is printed does not depend on the order of work.
func (es Errors) sort() {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(
			comparePos(a.Pos, b.Pos),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Err.Error(), b.Err.Error()),
		)
	})
}

func comparePos(a, b Pos) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// document is one YAML document while it is read.
type document struct {
	file     string
	kind     Kind
	chunk    chunk
	budget   *budget // of the file
	opt      LoadOptions
	lines    []string // of the chunk, split on first use
	rule     Rule
	expanded map[string]bool // placeholders that were replaced
	findings Errors
	bad      bool // one of findings refuses the document
}

// pos is the place of a node.
func (d *document) pos(n *yaml.Node) Pos { return Pos{File: d.file, Line: n.Line, Col: n.Column} }

// within is the place of byte off of a scalar's text, or of the scalar when the text does not stand
// in the file as it was read (escapes, folded lines, blocks).
func (d *document) within(n *yaml.Node, off int) Pos {
	p := d.pos(n)
	if d.lines == nil {
		d.lines = strings.Split(d.chunk.text, "\n")
	}
	i := n.Line - 1 - d.chunk.line
	if i < 0 || i >= len(d.lines) || off > len(n.Value) {
		return p
	}
	line, skip := d.lines[i], n.Column-1
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		skip++
	}
	for range skip {
		_, size := utf8.DecodeRuneInString(line)
		line = line[size:]
	}
	if !strings.HasPrefix(line, n.Value) {
		return p
	}
	p.Col = skip + 1 + utf8.RuneCountInString(n.Value[:off])
	return p
}

// report adds a finding.
func (d *document) report(p Pos, code, format string, args ...any) {
	refuses := code[0] == 'E'
	if len(d.findings) >= maxFindings && (d.bad || !refuses) {
		return
	}
	d.bad = d.bad || refuses
	d.findings = append(d.findings, &Error{Pos: p, Code: code, Err: fmt.Errorf(format, args...)})
}

// finish names the rule in its findings: it may have been read after the first of them.
func (d *document) finish() {
	for _, f := range d.findings {
		f.Rule = d.rule.label()
	}
	d.findings.sort()
}

func (d *document) refused() bool { return d.bad }

// read takes a document into the file it belongs to. The key correlation makes it a correlation rule,
// else filter a filter; all others are detection rules.
func (d *document) read(root *yaml.Node, t *template, out *File) {
	if root.Kind != yaml.MappingNode {
		d.report(d.pos(root), CodeNotMap, "a rule is a map of keys, this is not")
		return
	}
	m := newMapping(root)
	if p, ok := m.find("correlation"); ok {
		d.kind = KindCorrelation
		d.identify(root, m)
		if c := d.correlation(m, p); c != nil {
			out.Correlations = append(out.Correlations, c)
		}
		return
	}
	if p, ok := m.find("filter"); ok {
		d.kind = KindFilter
		d.identify(root, m)
		if f := d.filter(m, p); f != nil {
			out.Filters = append(out.Filters, f)
		}
		return
	}
	doc := t.next(d, source{root, d.chunk.text})
	if doc == nil {
		return
	}
	if d.opt.leavesOut(newMapping(doc.root).scalarText("status")) {
		out.Deselected++
		return
	}
	if r := d.detectionRule(*doc); r != nil {
		out.Rules = append(out.Rules, r)
	}
}

// identify says which document findings are about before anything else of it is read.
func (d *document) identify(root *yaml.Node, m mapping) {
	d.rule.Pos = d.pos(root)
	d.rule.ID, d.rule.Title = m.scalarText("id"), m.scalarText("title")
}

// detectionRule reads a detection rule; nil when it is refused.
func (d *document) detectionRule(doc source) *Rule {
	m := newMapping(doc.root)
	d.identify(doc.root, m)
	d.metadata(m)
	d.ranked()
	d.logSource(m)
	d.detection(m)
	if d.refused() {
		return nil
	}
	d.rule.Hash = d.hash(doc.text)
	d.rule.Source = doc.text
	r := d.rule
	return &r
}

// hash is that of the document's text and of the values that its placeholders have.
func (d *document) hash(text string) string {
	out := hashText(text)
	for _, name := range slices.Sorted(maps.Keys(d.expanded)) {
		out = hashText(fmt.Sprintf("%s\n%s: %q", out, name, d.opt.Placeholders[name]))
	}
	return out
}

// pair is one entry of a map.
type pair struct{ key, value *yaml.Node }

// mapping is a map in the order of the file.
type mapping struct {
	node  *yaml.Node
	pairs []pair
}

func newMapping(n *yaml.Node) mapping {
	m := mapping{node: n, pairs: make([]pair, 0, len(n.Content)/2)}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m.pairs = append(m.pairs, pair{n.Content[i], n.Content[i+1]})
	}
	return m
}

func (m mapping) find(key string) (pair, bool) {
	for _, p := range m.pairs {
		if p.key.Value == key {
			return p, true
		}
	}
	return pair{}, false
}

// scalarText is the text of a scalar entry, empty when there is none or it is something else.
func (m mapping) scalarText(key string) string {
	p, ok := m.find(key)
	if !ok || p.value.Kind != yaml.ScalarNode || scalarType(p.value) == typeNull {
		return ""
	}
	return p.value.Value
}
