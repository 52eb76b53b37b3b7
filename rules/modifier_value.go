package rules

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

func applyExists(s *step) error {
	return s.each(func(o *Operand) { o.Kind = OperandExists })
}

// applyCIDR reads a network. A bare address is a network of one; host bits are an error, because an
// author who wrote 10.0.0.1/8 meant one of two different things.
func applyCIDR(s *step) error {
	prefix, err := parseNetwork(s.raw)
	if err != nil {
		return err
	}
	return s.each(func(o *Operand) { *o = Operand{Kind: OperandCIDR, CIDR: prefix} })
}

func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is neither a network nor an address", text)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither a network nor an address", text)
	}
	if masked := prefix.Masked(); masked != prefix {
		return netip.Prefix{}, fmt.Errorf("network %s has host bits: write %s for the network or %s for the address", text, masked, prefix.Addr())
	}
	return prefix, nil
}

func applyCompare(c Compare) func(*step) error {
	return func(s *step) error {
		return s.each(func(o *Operand) { o.Kind, o.Compare = OperandCompare, c })
	}
}

// applyTimePart gives the comparison for equality: one of lt, lte, gt, gte may follow.
func applyTimePart(part TimePart) func(*step) error {
	return func(s *step) error {
		return s.each(func(o *Operand) { o.Kind, o.Compare, o.TimePart = OperandCompare, CompareEq, part })
	}
}

func applyFieldRef(s *step) error {
	texts, err := spellings(s.alts[0].Pattern)
	if err != nil {
		return errors.New("the name of a field has no wildcards")
	}
	if texts[0] == "" {
		return errors.New("fieldref needs the name of a field")
	}
	return s.each(func(o *Operand) { *o = Operand{Kind: OperandFieldRef, Cased: o.Cased, FieldRef: texts[0]} })
}
