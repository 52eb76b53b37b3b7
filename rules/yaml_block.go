package rules

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// blockReader reads the part of YAML that nearly all rules are written in: block maps and lists, scalars on
// one line (plain, single quoted, double quoted without escapes), literal blocks, comments. It gives the tree
// that yaml.v3 gives, and gives up on whatever it is not sure of: yaml.v3 then reads the document, and its
// reading is the definition. Loading all of SigmaHQ takes half the time with it; BenchmarkLoadSigmaHQ.
type blockReader struct {
	lines []blockLine
	at    int         // index of the next line
	last  bool        // the text ends in a line feed
	free  []yaml.Node // allocated, not used yet
	line  int         // lines of the file before the document
}

// blockLine is a line that is neither blank nor a comment, or any line of a literal block.
type blockLine struct {
	text   string // without its line feed
	indent int    // leading spaces
	number int    // in the document, from 1
}

// noNode is what the methods of blockReader give when they give up.
var noNode *yaml.Node

const (
	maxBlockDepth = 24
	maxBlockKey   = 256 // bytes; YAML itself ends at 1,024 characters
)

// readBlock gives the root of the document, or nil when it is for yaml.v3.
func readBlock(c chunk) *yaml.Node {
	if !isSimpleText(c.text) {
		return nil
	}
	r := blockReader{line: c.line, last: strings.HasSuffix(c.text, "\n")}
	r.split(c.text)
	if len(r.lines) == 0 {
		return nil
	}
	r.skip()
	if r.at == len(r.lines) || r.lines[r.at].indent != 0 {
		return nil
	}
	root := r.mapping(0, r.lines[r.at].text, 0)
	if r.skip(); root == noNode || r.at < len(r.lines) {
		return nil
	}
	return root
}

// isSimpleText reports whether text has only characters that YAML takes without a second thought: no tabs,
// no control characters, no line separators beside the line feed.
func isSimpleText(text string) bool {
	for _, c := range text {
		switch {
		case ' ' <= c && c < 0x7f, c == '\n':
		case c < 0xa0, c == '\u2028', c == '\u2029', c == '\ufeff', c == '\ufffe', c == '\uffff', c == '\ufffd':
			return false
		}
	}
	return true
}

func (r *blockReader) split(text string) {
	r.lines = make([]blockLine, 0, strings.Count(text, "\n")+1)
	for number := 1; text != ""; number++ {
		line, rest, _ := strings.Cut(text, "\n")
		r.lines = append(r.lines, blockLine{line, len(line) - len(strings.TrimLeft(line, " ")), number})
		text = rest
	}
}

// skip moves to the next line that is neither blank nor a comment.
func (r *blockReader) skip() {
	for r.at < len(r.lines) {
		l := r.lines[r.at]
		if l.indent < len(l.text) && l.text[l.indent] != '#' {
			return
		}
		r.at++
	}
}

// next gives the next line's indent, -1 at the end.
func (r *blockReader) next() int {
	if r.skip(); r.at == len(r.lines) {
		return -1
	}
	return r.lines[r.at].indent
}

func (r *blockReader) node(kind yaml.Kind, column int) *yaml.Node {
	if len(r.free) == 0 {
		r.free = make([]yaml.Node, 32)
	}
	n := &r.free[0]
	r.free = r.free[1:]
	n.Kind, n.Line, n.Column = kind, r.line+r.lines[r.at].number, column+1
	return n
}

// mapping reads a map whose first key is at the start of text, which is what is left of the current line
// from column indent on.
func (r *blockReader) mapping(indent int, text string, depth int) *yaml.Node {
	out := r.node(yaml.MappingNode, indent)
	if depth > maxBlockDepth {
		return noNode
	}
	for {
		end := keyEnd(text)
		if end == 0 {
			return noNode
		}
		key := r.node(yaml.ScalarNode, indent)
		key.Value = text[:end]
		value := r.value(indent, indent+end+1, text[end+1:], depth)
		if value == noNode {
			return noNode
		}
		out.Content = append(out.Content, key, value)
		switch next := r.next(); {
		case next > indent:
			return noNode
		case next < indent:
			return out
		}
		text = r.lines[r.at].text[indent:]
		if isItem(text) { // the end of a map inside a list, or a mistake
			return out
		}
	}
}

// keyEnd gives the index of the colon behind a key of plain letters, or 0.
func keyEnd(text string) int {
	for i := range min(len(text), maxBlockKey) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case i > 0 && (c == '|' || c == '.' || c == '-' || c == '@'):
		case c == ':' && i > 0 && (i+1 == len(text) || text[i+1] == ' '):
			return i
		default:
			return 0
		}
	}
	return 0
}

func isItem(text string) bool { return text[0] == '-' && (len(text) == 1 || text[1] == ' ') }

// value reads what stands behind a key or a dash: text from column on, or a block below. Blocks are
// indented more than indent; a list may also be at the indent of its key.
func (r *blockReader) value(indent, column int, text string, depth int) *yaml.Node {
	spaces := len(text) - len(strings.TrimLeft(text, " "))
	column, text = column+spaces, text[spaces:]
	switch {
	case text == "", text[0] == '#' && spaces > 0:
		r.at++
		next := r.next()
		if next < indent || next < 0 {
			return noNode
		}
		line := r.lines[r.at].text[next:]
		switch {
		case isItem(line):
			return r.list(next, depth+1)
		case next == indent:
			return noNode
		}
		return r.mapping(next, line, depth+1)
	case text == "|":
		return r.literal(indent, column)
	}
	n := r.scalar(column, text)
	if r.at++; n != noNode && r.next() > indent {
		return noNode // a scalar of several lines
	}
	return n
}

// list reads a list whose dashes are at indent, beginning at the current line.
func (r *blockReader) list(indent, depth int) *yaml.Node {
	out := r.node(yaml.SequenceNode, indent)
	if depth > maxBlockDepth {
		return noNode
	}
	for {
		text := r.lines[r.at].text[indent+1:]
		spaces := len(text) - len(strings.TrimLeft(text, " "))
		rest := text[spaces:]
		var n *yaml.Node
		switch {
		case rest == "" || rest[0] == '#' || isItem(rest):
			return noNode
		case keyEnd(rest) > 0:
			n = r.mapping(indent+1+spaces, rest, depth+1)
		default:
			n = r.value(indent, indent+1, text, depth)
		}
		if n == noNode {
			return noNode
		}
		out.Content = append(out.Content, n)
		switch next := r.next(); {
		case next > indent:
			return noNode
		case next < indent || !isItem(r.lines[r.at].text[indent:]):
			return out
		}
	}
}

// scalar reads text, which goes to the end of the line.
func (r *blockReader) scalar(column int, text string) *yaml.Node {
	n := r.node(yaml.ScalarNode, column)
	switch c := text[0]; {
	case c == '\'':
		for i := 1; ; i++ {
			j := strings.IndexByte(text[i:], '\'')
			if j < 0 {
				return noNode
			}
			if i += j; i+1 < len(text) && text[i+1] == '\'' {
				i++
				continue
			}
			if !isEnd(text[i+1:]) {
				return noNode
			}
			n.Value, n.Style = strings.ReplaceAll(text[1:i], "''", "'"), yaml.SingleQuotedStyle
			return n
		}
	case c == '"':
		i := strings.IndexAny(text[1:], `"\`) + 1
		if i == 0 || text[i] == '\\' || !isEnd(text[i+1:]) {
			return noNode
		}
		n.Value, n.Style = text[1:i], yaml.DoubleQuotedStyle
		return n
	case c == '-' && len(text) > 1 && text[1] != ' ':
	case strings.IndexByte("-?:,[]{}#&*!|>'\"%@`", c) >= 0:
		return noNode
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, " ")
	if strings.Contains(text, ": ") || text[len(text)-1] == ':' {
		return noNode
	}
	n.Value = text
	return n
}

// isEnd reports whether nothing but a comment is left of a line.
func isEnd(rest string) bool {
	trimmed := strings.TrimLeft(rest, " ")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(rest)
}

// literal reads the lines below a `|`, which are indented more than indent.
func (r *blockReader) literal(indent, column int) *yaml.Node {
	n := r.node(yaml.ScalarNode, column)
	n.Style = yaml.LiteralStyle
	r.at++
	if r.at == len(r.lines) || r.lines[r.at].indent <= indent || r.lines[r.at].indent == len(r.lines[r.at].text) {
		return noNode
	}
	block := r.lines[r.at].indent
	var b strings.Builder
	end := 0 // of b, behind the last line that is not blank: trailing blank lines do not count
	for ; r.at < len(r.lines); r.at++ {
		l := r.lines[r.at]
		switch {
		case l.text == "":
			b.WriteByte('\n')
			continue
		case l.indent == len(l.text), l.indent < block && l.indent > indent:
			return noNode
		case l.indent < block:
			n.Value = b.String()[:end]
			return n
		}
		b.WriteString(l.text[block:])
		b.WriteByte('\n')
		end = b.Len()
	}
	if !r.last {
		return noNode
	}
	n.Value = b.String()[:end]
	return n
}
