package producer

import "strings"

// technique is one entry of an alert's attack list. One of the two can be empty.
type technique struct{ tactic, technique string }

// attackOf reads the ATT&CK part of a rule's tags (Sigma specification, "Tags"; namespace attack).
//
// Sigma's tags are a flat list: which tactic an author meant for which technique is not in it. So
// nothing is paired that the tags leave open. With one tactic or one technique, all pairs are what the
// author said. With several of both, each stands alone: the tactics first, then the techniques, each in
// the order of the rule. Groups, software, data sources, mitigations and assets stay in the tags.
func attackOf(tags []string) []technique {
	var tactics, techniques []string
	for _, tag := range tags {
		name, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		if !ok || name == "" {
			continue
		}
		switch {
		case isTechnique(name):
			techniques = appendNew(techniques, strings.ToUpper(name))
		case isOtherID(name):
		default:
			tactics = appendNew(tactics, tacticName(name))
		}
	}
	var out []technique
	switch {
	case len(tactics) > 1 && len(techniques) > 1, len(tactics) == 0, len(techniques) == 0:
		for _, t := range tactics {
			out = append(out, technique{tactic: t})
		}
		for _, t := range techniques {
			out = append(out, technique{technique: t})
		}
	default:
		for _, ta := range tactics {
			for _, te := range techniques {
				out = append(out, technique{ta, te})
			}
		}
	}
	return out
}

// tacticName turns the old spelling of a known tactic (defense_evasion) into today's. Names that
// ATT&CK does not know, such as SigmaHQ's stealth and defense-impairment, are kept as they are.
func tacticName(name string) string {
	dashed := strings.ReplaceAll(name, "_", "-")
	switch dashed {
	case "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
		"privilege-escalation", "defense-evasion", "credential-access", "discovery", "lateral-movement",
		"collection", "exfiltration", "command-and-control", "impact":
		return dashed
	}
	return name
}

// isTechnique reports whether the name is tNNNN or tNNNN.NNN.
func isTechnique(name string) bool {
	rest, ok := strings.CutPrefix(name, "t")
	if !ok {
		return false
	}
	main, sub, dotted := strings.Cut(rest, ".")
	return isDigits(main, 4) && (!dotted || isDigits(sub, 3))
}

// isOtherID reports whether the name is a group, software, data source, mitigation or asset id.
func isOtherID(name string) bool {
	for _, prefix := range []string{"ds", "g", "s", "m", "a"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && isDigits(rest, 4) {
			return true
		}
	}
	return false
}

func isDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
