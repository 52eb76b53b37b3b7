package reference

import (
	"net/netip"
	"strings"
)

// inNetwork reports whether s is an address in network: one of the same family, or the IPv4 address
// that ::ffff:a.b.c.d stands for. A zone does not count; what is not an address is in no network.
func inNetwork(network netip.Prefix, s string) bool {
	address, zone, zoned := strings.Cut(s, "%")
	a, err := netip.ParseAddr(address)
	if err != nil || zoned && (zone == "" || a.Is4()) {
		return false
	}
	return network.Contains(a) || network.Contains(a.Unmap())
}
