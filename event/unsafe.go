package event

import "unsafe"

// This file has the only unsafe code of the package.

// alias gives the bytes of b as a string without a copy. The string is good only while nobody writes to
// b: here, until the next Decode.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf gives the bytes of s without a copy. Nobody may write to them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// offsetIn says at which offset of whole part lies, and false when it is no part of it. Both are slices
// that somebody holds; their addresses are compared and never dereferenced.
func offsetIn(whole, part []byte) (int, bool) {
	from, at := uintptr(unsafe.Pointer(unsafe.SliceData(whole))), uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	if at < from || at >= from+uintptr(len(whole)) {
		return 0, false
	}
	return int(at - from), true
}
