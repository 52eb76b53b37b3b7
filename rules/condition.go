package rules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Bounds of a condition; SigmaHQ's longest has 542 characters.
const (
	maxCondition      = 8192 // bytes
	maxConditionDepth = 64   // parentheses and nots inside each other
	maxConditions     = 256  // entries of a list of conditions
)

// condition reads the condition, or the list of them, which is ORed.
func (d *document) condition(e pair) {
	nodes := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		nodes = e.value.Content
	}
	if len(nodes) == 0 || len(nodes) > maxConditions {
		d.report(d.pos(e.value), CodeCondition, "condition has to be a text or a list of 1 to %d texts", maxConditions)
		return
	}
	det := &d.rule.Detection
	p := conditionParser{searches: det.Searches, used: make([]bool, len(det.Searches))}
	var conds []Cond
	var texts []string
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || scalarType(n) == typeNull {
			d.report(d.pos(n), CodeCondition, "condition has to be a text or a list of texts")
			continue
		}
		texts = append(texts, strings.TrimSpace(n.Value))
		cond, err := p.parse(n.Value)
		if err != nil {
			d.report(d.within(n, err.off), err.code, "%w", err.err)
			continue
		}
		conds = append(conds, cond)
	}
	if len(conds) < len(nodes) {
		return
	}
	det.ConditionText = strings.Join(texts, " or ")
	det.Condition = joinCond(CondOr, conds)
	for _, w := range p.warnings {
		d.report(d.pos(e.value), w.code, "%w", w.err)
	}
	kept := make([]bool, len(det.Searches))
	excluded := make([]bool, len(det.Searches))
	polarity(det.Condition, kept, excluded)
	for i, s := range det.Searches {
		switch {
		case !p.used[i]:
			d.report(s.Pos, CodeUnusedSearch, "search %q is not used by the condition", s.Name)
		case strings.HasPrefix(s.Name, "filter") && kept[i] && !excluded[i]:
			d.report(s.Pos, CodeFilterSearch, "search %q is no filter: it has no `not` in the condition", s.Name)
		}
	}
}

// polarity records which searches a condition asks for, and which it asks not to hold.
func polarity(c Cond, asked, notAsked []bool) {
	switch c.Kind {
	case CondSearch:
		asked[c.Search] = true
	case CondOf:
		for _, i := range c.Of {
			asked[i] = true
		}
	case CondNot:
		polarity(c.Args[0], notAsked, asked)
	default:
		for _, a := range c.Args {
			polarity(a, asked, notAsked)
		}
	}
}

// conditionError is what is wrong at byte off of a condition.
type conditionError struct {
	off  int
	code string
	err  error
}

// conditionParser reads conditions by recursive descent:
//
//	or        = and { "or" and }
//	and       = not { "and" not }
//	not       = "not" not | primary
//	primary   = "(" or ")" | quantifier "of" pattern | identifier
type conditionParser struct {
	searches []Search
	used     []bool // by search
	warnings []conditionError

	tokens []word
	at     int
	end    int // offset behind the text
	depth  int
}

type word struct {
	text string
	off  int
}

func (t word) is(text string) bool { return strings.EqualFold(t.text, text) }

func (p *conditionParser) parse(text string) (Cond, *conditionError) {
	if len(text) > maxCondition {
		return Cond{}, &conditionError{0, CodeConditionLimit, fmt.Errorf("condition is longer than %d bytes", maxCondition)}
	}
	p.at, p.depth, p.end = 0, 0, len(text)
	var err *conditionError
	if p.tokens, err = tokenize(text); err != nil {
		return Cond{}, err
	}
	cond, err := p.or()
	if err != nil {
		return Cond{}, err
	}
	if p.at < len(p.tokens) {
		t := p.tokens[p.at]
		return Cond{}, &conditionError{t.off, CodeCondition, fmt.Errorf("%q is one too many: expected and, or, or the end", t.text)}
	}
	return cond, nil
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c == '*' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func tokenize(text string) ([]word, *conditionError) {
	var out []word
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '(' || c == ')':
			out = append(out, word{text[i : i+1], i})
			i++
		case c == '|':
			return nil, &conditionError{i, CodeAggregation, errors.New("aggregations behind | were removed from Sigma: write a correlation rule")}
		case isNameByte(c):
			start := i
			for i < len(text) && isNameByte(text[i]) {
				i++
			}
			out = append(out, word{text[start:i], start})
		default:
			r := []rune(text[i:min(len(text), i+4)])[0]
			return nil, &conditionError{i, CodeCondition, fmt.Errorf("%q does not belong in a condition", r)}
		}
	}
	return out, nil
}

// peek gives the next token, with an empty text at the end.
func (p *conditionParser) peek() word {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return word{off: p.end}
}

func joinCond(kind CondKind, args []Cond) Cond {
	if len(args) == 1 {
		return args[0]
	}
	return Cond{Kind: kind, Args: args}
}

func (p *conditionParser) or() (Cond, *conditionError) { return p.series("or", CondOr, p.and) }

func (p *conditionParser) and() (Cond, *conditionError) { return p.series("and", CondAnd, p.not) }

func (p *conditionParser) series(joint string, kind CondKind, operand func() (Cond, *conditionError)) (Cond, *conditionError) {
	var args []Cond
	for {
		c, err := operand()
		if err != nil {
			return Cond{}, err
		}
		args = append(args, c)
		if !p.peek().is(joint) {
			return joinCond(kind, args), nil
		}
		p.at++
	}
}

// deeper counts a level of nesting.
func (p *conditionParser) deeper() *conditionError {
	if p.depth++; p.depth > maxConditionDepth {
		return &conditionError{p.peek().off, CodeConditionLimit, fmt.Errorf("condition nests more than %d levels deep", maxConditionDepth)}
	}
	return nil
}

func (p *conditionParser) not() (Cond, *conditionError) {
	if !p.peek().is("not") {
		return p.primary()
	}
	if err := p.deeper(); err != nil {
		return Cond{}, err
	}
	p.at++
	c, err := p.not()
	p.depth--
	return Cond{Kind: CondNot, Args: []Cond{c}}, err
}

func (p *conditionParser) primary() (Cond, *conditionError) {
	t := p.peek()
	switch {
	case t.text == "(":
		if err := p.deeper(); err != nil {
			return Cond{}, err
		}
		p.at++
		c, err := p.or()
		if err != nil {
			return Cond{}, err
		}
		if end := p.peek(); end.text != ")" {
			return Cond{}, &conditionError{t.off, CodeCondition, errors.New("this parenthesis is not closed")}
		}
		p.at++
		p.depth--
		return c, nil
	case t.text == "":
		return Cond{}, &conditionError{t.off, CodeCondition, errors.New("the condition ends where a search is expected")}
	case t.text == ")" || t.is("and") || t.is("or") || t.is("of"):
		return Cond{}, &conditionError{t.off, CodeCondition, fmt.Errorf("%q stands where a search is expected", t.text)}
	}
	p.at++
	if p.peek().is("of") {
		return p.of(t)
	}
	return p.search(t)
}

// search resolves a search named by itself.
func (p *conditionParser) search(t word) (Cond, *conditionError) {
	for i, s := range p.searches {
		if s.Name == t.text {
			p.used[i] = true
			return Cond{Kind: CondSearch, Search: i}, nil
		}
	}
	if strings.Contains(t.text, "*") {
		return Cond{}, &conditionError{t.off, CodeCondition, fmt.Errorf("a pattern needs `1 of` or `all of` before it: `1 of %s`", t.text)}
	}
	return Cond{}, &conditionError{t.off, CodeUnknownSearch, fmt.Errorf("no search is named %q%s", t.text, didYouMean(t.text, p.names()))}
}

func (p *conditionParser) names() []string {
	out := make([]string, len(p.searches))
	for i, s := range p.searches {
		out[i] = s.Name
	}
	return out
}

// of reads `quantifier of pattern`; the quantifier has been read, `of` comes next.
func (p *conditionParser) of(quantifier word) (Cond, *conditionError) {
	p.at++
	count := 1
	switch {
	case quantifier.is("any"):
	case quantifier.is("all"):
		count = 0
	default:
		n, err := strconv.Atoi(quantifier.text)
		if err != nil || n < 1 || n > maxSearches {
			return Cond{}, &conditionError{quantifier.off, CodeCondition, fmt.Errorf("%q before `of` has to be all, any or a number from 1 to %d", quantifier.text, maxSearches)}
		}
		count = n
	}
	t := p.peek()
	if t.text == "" || !isNameByte(t.text[0]) {
		return Cond{}, &conditionError{t.off, CodeCondition, errors.New("`of` needs them or a pattern of search names, nothing else")}
	}
	p.at++
	pattern := t.text
	if t.is("them") {
		pattern = "*"
	}
	of := p.selected(pattern)
	if len(of) == 0 {
		return Cond{}, &conditionError{t.off, CodeEmptySelector, fmt.Errorf("%q selects no search%s", t.text, didYouMean(strings.Trim(t.text, "*"), p.names()))}
	}
	if count == 0 {
		count = len(of)
	}
	if count > len(of) {
		p.warnings = append(p.warnings, conditionError{t.off, CodeNeverEnough, fmt.Errorf("`%d of %s` never holds: it selects %d", count, t.text, len(of))})
	}
	return Cond{Kind: CondOf, Of: of, Count: count}, nil
}

// selected gives the searches a pattern selects. Names that start with `_` are hidden from patterns
// that do not.
func (p *conditionParser) selected(pattern string) []int {
	var of []int
	for i, s := range p.searches {
		if strings.HasPrefix(s.Name, "_") && !strings.HasPrefix(pattern, "_") {
			continue
		}
		if matchName(pattern, s.Name) {
			of = append(of, i)
			p.used[i] = true
		}
	}
	return slices.Clip(of)
}

// matchName matches a whole name; `*` is any run of characters.
func matchName(pattern, name string) bool {
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return pattern == name
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		i := strings.Index(name, piece)
		if i < 0 {
			return false
		}
		name = name[i+len(piece):]
	}
	return true
}
