package rules

import "strings"

// parsePattern reads a string value: `*` and `?` are wildcards, a backslash takes the meaning from
// `*`, `?` and `\` and is itself before anything else. One scan from left to right, before modifiers
// add wildcards, so that `startswith: 'C:\x\'` ends in a backslash (sigma-specification, "Escaping").
func parsePattern(s string) Pattern {
	var p Pattern
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p = append(p, Part{Kind: PartLiteral, Text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			lit.WriteByte(s[i])
		case c == '*':
			flush()
			p = p.openEnd()
		case c == '?':
			flush()
			p = append(p, Part{Kind: PartOne})
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p
}

// literal is a pattern without wildcards.
func literal(text string) Pattern {
	if text == "" {
		return nil
	}
	return Pattern{{Kind: PartLiteral, Text: text}}
}

// join appends parts to p, so that no two runs and no two literals are neighbors.
func (p Pattern) join(parts ...Part) Pattern {
	for _, part := range parts {
		if last := len(p) - 1; last >= 0 && p[last].Kind == part.Kind {
			switch part.Kind {
			case PartRun:
				continue
			case PartLiteral:
				p[last].Text += part.Text
				continue
			}
		}
		p = append(p, part)
	}
	return p
}

// openEnd lets p be followed by anything.
func (p Pattern) openEnd() Pattern {
	if len(p) > 0 && p[len(p)-1].Kind == PartRun {
		return p
	}
	return append(p[:len(p):len(p)], Part{Kind: PartRun})
}

// openStart lets p be preceded by anything.
func (p Pattern) openStart() Pattern {
	if len(p) > 0 && p[0].Kind == PartRun {
		return p
	}
	return append(Pattern{{Kind: PartRun}}, p...)
}
