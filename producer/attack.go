package producer

import "github.com/picketsigma/picket/rules"

// technique is one entry of an alert's attack list. One of the two can be empty.
type technique struct{ tactic, technique string }

// attackOf pairs the tactics and techniques of a rule's tags. Which of them belong together is not in
// the tags, so nothing is paired that they leave open: with one tactic or one technique, all pairs are
// what the author said; with several of both, each stands alone, the tactics first.
func attackOf(tags []string) []technique {
	attack := rules.AttackOf(tags)
	tactics, techniques := attack.Tactics, attack.Techniques
	var out []technique
	switch {
	case len(tactics) > 1 && len(techniques) > 1, len(tactics) == 0, len(techniques) == 0:
		for _, t := range tactics {
			out = append(out, technique{tactic: t.Name})
		}
		for _, t := range techniques {
			out = append(out, technique{technique: t})
		}
	default:
		for _, ta := range tactics {
			for _, te := range techniques {
				out = append(out, technique{ta.Name, te})
			}
		}
	}
	return out
}
