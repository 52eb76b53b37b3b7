package wire

import (
	"cmp"
	"slices"
)

// keepArena is how large an arena may stay from one walk to the next: a walk that ends for its size fits.
const keepArena = 2 * walkEnough

// arena holds the decompressed batches of one walk. What it handed out stays where it is: when the room
// runs out, the next batch gets memory of its own, and the arena is as large as the whole at the next
// reset.
type arena struct {
	buf   []byte
	total int // bytes handed out since the last reset, in buf or not
}

func (a *arena) reset() {
	if want := min(a.total+a.total/4, keepArena); a.total > cap(a.buf) && want > cap(a.buf) {
		a.buf = make([]byte, 0, want)
	}
	a.buf, a.total = a.buf[:0], 0
}

// free is the unused room, as an empty slice.
func (a *arena) free() []byte { return a.buf[len(a.buf):] }

// take accounts for out, which was appended to free.
func (a *arena) take(free, out []byte) {
	a.total += len(out)
	if len(out) > 0 && cap(free) > 0 && &out[0] == &free[:1][0] {
		a.buf = a.buf[:len(a.buf)+len(out)]
	}
}

// sortAborted orders transactions by where they began. Brokers send them in that order; nothing says so.
func sortAborted(list []AbortedTxn) {
	slices.SortFunc(list, func(a, b AbortedTxn) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
}
