package wire

import "sync"

const (
	smallBuffer = 4 << 10 // below this the garbage collector is the pool: an idle partition keeps no megabyte
	keepBuffer  = 8 << 20 // above this a buffer is not kept: one huge record must not stay for ever
)

// Buffers is a pool of response buffers. The zero value works, and it is safe for concurrent use.
//
// A buffer is taken inside the round trip, by the goroutine that reads the response, and travels with
// it. When the caller has given up by then, the response has no reader and the buffer is left to the
// garbage collector: nothing that a connection may still write to is ever pooled.
type Buffers struct{ pool sync.Pool }

// get gives a buffer of n bytes with any content.
func (p *Buffers) get(n int) *[]byte {
	if n <= smallBuffer {
		b := make([]byte, n)
		return &b
	}
	b, _ := p.pool.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	if cap(*b) < n {
		*b = make([]byte, n+n/8)
	}
	*b = (*b)[:n]
	return b
}

// Put takes back the buffer of a response; nothing may alias it any longer. A nil buffer is ignored.
func (p *Buffers) Put(b *[]byte) {
	if b != nil && cap(*b) > smallBuffer && cap(*b) <= keepBuffer {
		p.pool.Put(b)
	}
}
