package event

import "bytes"

// node says which keys of one object a program wants.
type node struct {
	keys    keySet
	entries []entry // parallel to keys.keys
	// element takes every key without an entry whose value is an object: the single element below
	// UserData, whatever its name. nil where there is none.
	element *entry
	// spaces: the members are fields, whose names lose their spaces (sigma-specification's field names
	// come from Windows' manifests, some shippers copy the displayed ones).
	spaces bool
	number uint32 // tells nodes apart, see guess

	building map[string]int // index into entries, until finish
}

// entry says what to do with the value of one key.
type entry struct {
	cell  int32 // where the value goes, or -1
	visit int32 // number of the entry among those with a child, or -1
	child *node // wanted keys below, when the value is an object
}

// at returns the entry of key, creating it.
func (n *node) at(key string) *entry {
	if n.building == nil {
		n.building = map[string]int{}
	}
	i, ok := n.building[key]
	if !ok {
		i = len(n.entries)
		n.building[key] = i
		n.entries = append(n.entries, entry{cell: -1, visit: -1})
	}
	return &n.entries[i]
}

// finish builds the key tables of n and of everything below it.
func (n *node) finish() {
	names := make([]string, len(n.entries))
	for key, i := range n.building {
		names[i] = key
	}
	n.building = nil
	n.keys = newKeySet(names)
	for i := range n.entries {
		if c := n.entries[i].child; c != nil {
			c.finish()
		}
	}
	if n.element != nil {
		n.element.child.finish()
	}
}

// find returns the entry of a key, whose keyHash is hash; nil when the key is not wanted. The key holds no
// escapes and, where names lose their spaces, no spaces.
func (n *node) find(key []byte, hash uint64) *entry {
	if i := n.keys.find(key, hash); i >= 0 {
		return &n.entries[i]
	}
	if n.element != nil && !isXMLAttributes(key) {
		return n.element
	}
	return nil
}

// isXMLAttributes reports whether the member of an XML element is not an element itself.
func isXMLAttributes(key []byte) bool {
	return bytes.HasPrefix(key, []byte{'#'}) || bytes.HasSuffix(key, []byte(xmlAttributesSuffix))
}

// appendWithoutSpaces appends name without its spaces.
func appendWithoutSpaces(dst, name []byte) []byte {
	for _, c := range name {
		if c != ' ' {
			dst = append(dst, c)
		}
	}
	return dst
}
