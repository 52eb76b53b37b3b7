package matcher

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clause is folded literals of which one is in every text that something matches: a necessary condition.
// Law of prefilters: what it says may be yes wrongly, never no wrongly.
type clause []string

// Bounds on the clauses of a regular expression. A literal of one byte is in most values, unless it is one of
// rareBytes; more than maxAlternatives literals are as good as none. A second clause has to be worth a
// search of its own: shorter literals cost another pass over the value.
const (
	maxAlternatives = 64
	maxClauses      = 2
	minSecond       = 4
	rareBytes       = "`{}^+<>|&;$%~@#![]"
)

// usable reports whether each literal of a clause is worth looking for.
func (c clause) usable() bool {
	return len(c) > 0 && len(c) <= maxAlternatives && !slices.ContainsFunc(c, func(lit string) bool {
		return lit == "" || len(lit) == 1 && !strings.Contains(rareBytes, lit)
	})
}

// requiredLiterals gives clauses that each have to hold in any text the expression is found in, the most
// selective first; none when the expression promises nothing. They are folded like values are, one code
// point at a time, so that they can be looked for in folded text whatever the expression's case.
func requiredLiterals(expr string) []clause {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	var out []clause
	for _, c := range need(re.Simplify()).all() {
		if !c.usable() {
			continue
		}
		slices.Sort(c)
		c = slices.Compact(c)
		if !slices.ContainsFunc(out, func(d clause) bool { return slices.Equal(c, d) }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b clause) int { return selectivity(b) - selectivity(a) })
	for i, c := range out {
		if i == maxClauses || i > 0 && shortest(c) < minSecond {
			return out[:i]
		}
	}
	return out
}

func shortest(c clause) int {
	n := len(c[0])
	for _, lit := range c {
		n = min(n, len(lit))
	}
	return n
}

// selectivity is higher for clauses that fewer values meet: long literals or rare bytes, and few of them.
func selectivity(c clause) int {
	least := 0
	for i, lit := range c {
		n := 8 * len(lit)
		for _, b := range []byte(lit) {
			if strings.IndexByte(rareBytes, b) >= 0 {
				n += 12
			}
		}
		if i == 0 || n < least {
			least = n
		}
	}
	return least - len(c)
}

// needs is what an expression says about the texts it matches. exact, when it is set, is all of them;
// clauses hold in each of them.
type needs struct {
	exact   clause
	clauses []clause
}

// all gives the clauses, with exact as one of them.
func (n needs) all() []clause {
	if n.exact != nil {
		return append([]clause{n.exact}, n.clauses...)
	}
	return n.clauses
}

// maxExact bounds the texts that are multiplied out.
const maxExact = 32

func need(re *syntax.Regexp) needs {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return needs{exact: clause{""}}
	case syntax.OpLiteral:
		return needLiteral(re)
	case syntax.OpCharClass:
		return needs{exact: classTexts(re.Rune)}
	case syntax.OpCapture:
		return need(re.Sub[0])
	case syntax.OpPlus:
		return needs{clauses: need(re.Sub[0]).all()}
	case syntax.OpRepeat: // Simplify has unrolled the bounded ones
		if re.Min > 0 {
			return needs{clauses: need(re.Sub[0]).all()}
		}
	case syntax.OpQuest:
		if n := need(re.Sub[0]); n.exact != nil && len(n.exact) < maxExact {
			return needs{exact: append(slices.Clone(n.exact), "")}
		}
	case syntax.OpConcat:
		return needConcat(re.Sub)
	case syntax.OpAlternate:
		return needAlternate(re.Sub)
	}
	return needs{} // any text, or what is not known
}

// needLiteral takes a literal apart where it has too many forms.
func needLiteral(re *syntax.Regexp) needs {
	if texts := literalTexts(re); texts != nil {
		return needs{exact: texts}
	}
	half := len(re.Rune) / 2
	first, second := *re, *re
	first.Rune, second.Rune = re.Rune[:half], re.Rune[half:]
	return needs{clauses: append(needLiteral(&first).all(), needLiteral(&second).all()...)}
}

// needConcat joins neighbours that are known exactly, and takes every clause of every part.
func needConcat(subs []*syntax.Regexp) needs {
	run, whole := clause{""}, true
	var out needs
	flush := func() {
		if len(run) > 1 || run[0] != "" {
			out.clauses = append(out.clauses, run)
		}
		run = clause{""}
	}
	for _, sub := range subs {
		n := need(sub)
		if n.exact == nil {
			flush()
			out.clauses = append(out.clauses, n.clauses...)
			whole = false
			continue
		}
		if len(run)*len(n.exact) > maxExact {
			flush()
			whole = false
		}
		run = product(run, n.exact)
	}
	if whole {
		return needs{exact: run, clauses: out.clauses}
	}
	flush()
	return out
}

func product(a, b clause) clause {
	if len(a) == 1 && a[0] == "" {
		return slices.Clone(b)
	}
	out := make(clause, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

// needAlternate needs something of each part: its best clause.
func needAlternate(subs []*syntax.Regexp) needs {
	var exact, any clause
	allExact := true
	for _, sub := range subs {
		n := need(sub)
		best := bestOf(n.all())
		if best == nil || len(any)+len(best) > maxAlternatives {
			return needs{}
		}
		any = append(any, best...)
		allExact = allExact && n.exact != nil
		exact = append(exact, n.exact...)
	}
	if allExact && len(exact) <= maxAlternatives {
		return needs{exact: exact}
	}
	return needs{clauses: []clause{any}}
}

func bestOf(cs []clause) clause {
	var best clause
	for _, c := range cs {
		if best == nil || selectivity(c) > selectivity(best) {
			best = c
		}
	}
	return best
}

// literalTexts gives what a literal can look like once it is folded. Without regard to case a code point
// stands for all of its orbit, and the lower case of these can differ: s stands for ſ as well.
func literalTexts(re *syntax.Regexp) clause {
	out := clause{""}
	for _, r := range re.Rune {
		texts := clause{string(lower(r))}
		if re.Flags&syntax.FoldCase != 0 {
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				if text := string(lower(other)); !slices.Contains(texts, text) {
					texts = append(texts, text)
				}
			}
		}
		if len(out)*len(texts) > maxExact {
			return nil
		}
		out = product(out, texts)
	}
	return out
}

// maxClass is how many characters of a class are multiplied out.
const maxClass = 8

// classTexts gives the folded characters of a class, or nil when it has many.
func classTexts(ranges []rune) clause {
	var out clause
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= maxClass {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if text := string(lower(r)); !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	if len(out) > maxClass {
		return nil
	}
	return out
}

// lower folds one code point as appendFolded does.
func lower(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lowerByte(byte(r)))
	}
	return lowerRune(r)
}
