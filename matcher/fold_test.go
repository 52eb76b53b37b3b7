package matcher

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// naiveFold is section 4.5 of the semantics, word by word.
func naiveFold(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func TestFoldEveryRune(t *testing.T) {
	changed := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if got, want := fold(string(r)), naiveFold(string(r)); got != want {
			t.Fatalf("U+%04X: got %q, want %q", r, got, want)
		} else if got != string(r) {
			changed++
		}
	}
	if changed < 1000 {
		t.Errorf("only %d code points have a lower case", changed)
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"ABCDEFGHIJKLMNOPQRSTUVW": "abcdefghijklmnopqrstuvw",
		"@[`{AZaz09\\":            "@[`{azaz09\\",
		"СИСТЕМА":                 "система",
		"Microsoft® Windows®":     "microsoft® windows®",
		"STRAẞE":                  "straße", // one code point for one: ẞ becomes ß, never ss
		"ſ":                       "ſ",      // EqualFold would make it s
		"İ":                       "i",      // two bytes become one
		"Kelvin":                  "kelvin", // three bytes become one
		"Ⱥ":                       "ⱥ",      // two bytes become three
		"a\xffB\xe2\x82":          "a\ufffdb\ufffd\ufffd",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add(`C:\\Program Files\\Microsoft® \"Ünïcode\"\r\n\/x`)
	f.Add("\\u0041\xff\\")
	f.Fuzz(func(t *testing.T, raw string) {
		if got, want := fold(raw), naiveFold(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		if got, ok := appendFoldedJSON(nil, []byte(raw)); ok {
			if want := naiveFold(naiveUnescape(raw)); string(got) != want {
				t.Errorf("JSON %q: got %q, want %q", raw, got, want)
			}
		}
	})
}

// naiveUnescape knows the escapes that appendFoldedJSON decodes itself.
func naiveUnescape(raw string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`, `\b`, "\b", `\f`, "\f", `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(raw)
}

func TestFoldJSONStopsAtWhatItLeaves(t *testing.T) {
	for _, raw := range []string{`\u0041`, `abcdefghijk\u00ae`, `\`, `\x`, "a\nb"} {
		if got, ok := appendFoldedJSON(nil, []byte(raw)); ok {
			t.Errorf("%q: decoded as %q", raw, got)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":    `C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\PowerShell.exe -NoProfile -File C:\\ProgramData\\a.ps1`,
		"nonascii": `Microsoft® Windows® Operating System`,
	} {
		b.Run(name, func(b *testing.B) {
			raw, dst := []byte(text), make([]byte, 0, 2*len(text)+utf8.UTFMax)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = appendFoldedJSON(dst[:0], raw)
			}
		})
	}
}
