package generate

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// texts are what events hold and what patterns are cut from.
var texts = slices.Concat(words, commands, addresses, times, encoded, figures, odd)

var (
	words     = []string{"a", "ab", "", "abc", "A B", "aXb", "-", "система"}
	commands  = []string{"cmd -enc aa", "cmd /ENC aa", "cmd \u2013enc aa", "cmd --enc", "/a-b", "-a", `C:\Windows\cmd.exe`, `c:\WINDOWS\System32\CMD.EXE`}
	addresses = []string{"10.1.2.3", "::ffff:10.1.2.3", "fe80::1%12", "192.168.0.7", "::1", "FE80:0::1", "10.1.2.3:80", "010.1.2.3"}
	times     = []string{"2024-01-31T23:05:00Z", "2024-12-30", "2024-01-31 23:05:59.123", "2024-12-29T00:00:00+02:00", "2021-01-03 01:01"}
	encoded   = []string{"Zm9v", "eGZvb3k=", "Y21k", "YwBtAGQA", "c\x00m\x00d\x00", "//5jAG0AZAA=", "AGMAbQBk"}
	figures   = []string{"5", "05", "5.0", "+5", "5e0", "4625", "-1", "1e3", "0.1", "0x5", " 5", "true", "FALSE", "yes", "null"}
	odd       = []string{
		"abab", "xaby", " a", "a\nb", "a*b", "a?b", `a\b`, `a\*b`, "%a%", `\\srv\c$`, `C:\Users\bob\a.tmp`, "cmd.exe",
		"СИСТЕМА", "straße", "STRA\u1e9eE", "s", "\u017f", "\u212a", "k", "\u0130", "i", "é", "😀", "a😀c", "®ab",
	}
)

// numbers are JSON numbers as events write them.
var numbers = []string{"5", "5.0", "5e0", "50e-1", "0", "-0", "-1", "1e3", "0.1", "4625", "4.5", "18446744073709551616", "18446744073709551617", "1E30"}

// usual is what a field mostly holds.
func usual(field string) []string {
	switch field {
	case "CommandLine":
		return commands
	case "Ip":
		return addresses
	case "UtcTime":
		return times
	case "Payload":
		return encoded
	case "Port":
		return figures
	}
	return words
}

// text draws a text for a field.
func text(rng *rand.Rand, field string) string {
	if chance(rng, 75) {
		return pick(rng, usual(field))
	}
	return pick(rng, texts)
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// chance is true p times in a hundred.
func chance(rng *rand.Rand, p int) bool { return rng.IntN(100) < p }

// shuffled gives n different elements of from.
func shuffled[T any](rng *rand.Rand, from []T, n int) []T {
	var out []T
	for _, i := range rng.Perm(len(from))[:n] {
		out = append(out, from[i])
	}
	return out
}

// recased changes the case of some letters.
func recased(rng *rand.Rand, s string) string {
	return strings.Map(func(r rune) rune {
		switch rng.IntN(6) {
		case 0:
			return unicode.ToUpper(r)
		case 1:
			return unicode.ToLower(r)
		}
		return r
	}, s)
}

// piece is a stretch of a text, in whole characters: its start, its end, its middle or all of it; at
// times a short one.
func piece(rng *rand.Rand, s string) string {
	runes := []rune(s)
	from, to := 0, len(runes)
	if chance(rng, 50) {
		from = rng.IntN(max(len(runes), 1))
	}
	if chance(rng, 60) {
		to = from + min(len(runes)-from, 1+rng.IntN(3))
	}
	return string(runes[from:to])
}

// quote gives a JSON string, which is YAML too; some characters become \u escapes.
func quote(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(out)
}
