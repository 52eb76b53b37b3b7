package matcher

import "unsafe"

// alias gives the bytes of b as a string without a copy. The string is good only while nobody writes to
// b: in a hit until the next Match, elsewhere within the function that made it. This is the only unsafe
// code of the package.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
