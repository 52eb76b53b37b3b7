package rules

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encode replaces every alternative by what f makes of its text.
func (s *step) encode(f func(text string) ([]string, error)) error {
	return s.multiply(func(o Operand) ([]Operand, error) {
		texts, err := spellings(o.Pattern)
		if err != nil {
			return nil, err
		}
		var out []Operand
		for _, text := range texts {
			encoded, err := f(text)
			if err != nil {
				return nil, err
			}
			for _, e := range encoded {
				o.Pattern = literal(e)
				out = append(out, o)
			}
		}
		return out, nil
	})
}

const maxSpellings = 625 // of a text with windash, which is four dashes

var dashRunes = [...]string{"-", "/", "\u2013", "\u2014", "\u2015"}

// spellings gives the texts that p stands for: one, or with windash one for every choice of dashes.
// They cannot stay a class here, because an encoding mixes neighboring bytes.
func spellings(p Pattern) ([]string, error) {
	out := []string{""}
	for _, part := range p {
		switch part.Kind {
		case PartLiteral:
			for i := range out {
				out[i] += part.Text
			}
		case PartDash:
			if len(out)*len(dashRunes) > maxSpellings {
				return nil, errors.New("more than four dashes are varied before an encoding")
			}
			more := make([]string, 0, len(out)*len(dashRunes))
			for _, text := range out {
				for _, dash := range dashRunes {
					more = append(more, text+dash)
				}
			}
			out = more
		default:
			return nil, errors.New("a wildcard cannot be encoded; contains, startswith and endswith come after the encoding")
		}
	}
	return out, nil
}

// utf16Bytes encodes text with put, which writes one unit.
func (s *step) utf16Bytes(mark string, put func(b []byte, unit uint16) []byte) error {
	return s.encode(func(text string) ([]string, error) {
		if !utf8.ValidString(text) {
			return nil, errors.New("bytes cannot be encoded as UTF-16 a second time")
		}
		out := []byte(mark)
		for _, unit := range utf16.Encode([]rune(text)) {
			out = put(out, unit)
		}
		return []string{string(out)}, nil
	})
}

func littleEndian(b []byte, unit uint16) []byte { return append(b, byte(unit), byte(unit>>8)) }

func bigEndian(b []byte, unit uint16) []byte { return append(b, byte(unit>>8), byte(unit)) }

func applyUTF16LE(s *step) error { return s.utf16Bytes("", littleEndian) }

func applyUTF16BE(s *step) error { return s.utf16Bytes("", bigEndian) }

// applyUTF16 puts a byte order mark in front, little endian as Windows writes it.
func applyUTF16(s *step) error { return s.utf16Bytes("\xff\xfe", littleEndian) }

func applyBase64(s *step) error {
	return s.encode(func(text string) ([]string, error) {
		return []string{base64.StdEncoding.EncodeToString([]byte(text))}, nil
	})
}

// applyBase64Offset gives what stays of the text in base64 whatever stands before and behind it: for
// each of the three places in a group of three bytes, the characters that depend on the text alone.
func applyBase64Offset(s *step) error {
	return s.encode(func(text string) ([]string, error) {
		var out []string
		for shift, drop := range [...]int{0, 2, 3} {
			e := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + text))
			end := len(e) - [...]int{0, 3, 2}[(len(text)+shift)%3]
			if end > drop {
				out = append(out, e[drop:end])
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%q is too short to be recognized in base64", text)
		}
		return out, nil
	})
}
