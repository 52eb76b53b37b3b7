package eventfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// MaxRecord is the size, in bytes, up to which a record is handed out. A larger one is left out and
	// only takes its place, as TooLarge.
	MaxRecord = 32 << 20
	// chunkBytes is when a chunk is handed out: some hundred events, a millisecond of matching.
	chunkBytes = 256 << 10
)

// Reader cuts one stream into records. It belongs to one goroutine.
type Reader struct {
	src    io.Reader
	whole  bool  // a short read does not mean that more has to be waited for
	ended  error // what src ended with, io.EOF or worse
	rest   []byte
	max    int // MaxRecord, less in tests
	layout layout
	values valueCutter
	skip   bool // up to the next line break, the rest of a record that is too large
}

// NewReader looks at the first bytes of r and decompresses it if they are gzip's. An error says that r
// cannot be read, or is text that is not UTF-8.
func NewReader(r io.Reader) (*Reader, error) {
	var head [3]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	out := &Reader{src: io.MultiReader(bytes.NewReader(head[:n]), r), max: MaxRecord}
	switch {
	case n >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		unzipped, err := gzip.NewReader(out.src)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		out.src, out.whole = unzipped, true
	case n >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff):
		return nil, errors.New("the text is UTF-16; convert it to UTF-8")
	}
	return out, nil
}

// Next fills c with the next records, at least one. At the end of the stream it returns io.EOF. Any other
// error is src's, and comes after everything that could be read before it.
func (r *Reader) Next(c *Chunk) error {
	c.data, c.spans = append(c.data[:0], r.rest...), c.spans[:0]
	r.rest = r.rest[:0]
	at, tried := 0, 0
	for {
		// A record that has no end yet is looked at again when there is twice as much of it.
		if len(c.data)-at >= 2*tried || tried < chunkBytes || r.ended != nil {
			at = r.cut(c, at)
			tried = len(c.data) - at
		}
		if len(c.spans) == 0 && at >= chunkBytes { // nothing but white space, or what was skipped
			at = c.drop(at)
		}
		if r.ended != nil || at >= chunkBytes {
			break
		}
		if short := r.fill(c); short && len(c.spans) > 0 && !r.whole {
			break // a pipe: what has arrived is not held back
		}
	}
	r.rest = append(r.rest, c.data[at:]...)
	if len(c.spans) == 0 {
		return r.ended
	}
	return nil
}

// fill reads once and reports whether less came than there was room for.
func (r *Reader) fill(c *Chunk) (short bool) {
	if free := cap(c.data) - len(c.data); free < chunkBytes/4 {
		grown := make([]byte, len(c.data), max(2*cap(c.data), chunkBytes+chunkBytes/4))
		copy(grown, c.data)
		c.data = grown
	}
	room := c.data[len(c.data):cap(c.data)]
	n, err := r.src.Read(room)
	for r.whole && err == nil && n < len(room) {
		var more int
		more, err = r.src.Read(room[n:])
		n += more
	}
	c.data = c.data[:len(c.data)+n]
	if err != nil {
		r.ended = err
	}
	return n < len(room)
}

// cut finds the records in c.data[at:] that are complete, and returns where the next one begins.
func (r *Reader) cut(c *Chunk, at int) int {
	if r.layout == layoutUnknown {
		if at == 0 {
			at = len(c.data) - len(bytes.TrimPrefix(c.data, []byte("\xef\xbb\xbf")))
		}
		if r.layout = detect(c.data[at:], r.ended != nil, r.max); r.layout == layoutUnknown {
			return 0
		}
	}
	if r.skip {
		i := bytes.IndexByte(c.data[at:], '\n')
		if i < 0 {
			return len(c.data)
		}
		r.skip = false
		at += i + 1
	}
	if r.layout == layoutValues {
		at = r.cutValues(c, at)
	}
	if r.layout == layoutLines {
		at = r.cutLines(c, at)
	}
	return at
}

// cutLines makes a record of each line. The text behind the last line break is one when src has ended.
func (r *Reader) cutLines(c *Chunk, at int) int {
	for at < len(c.data) {
		i := bytes.IndexByte(c.data[at:], '\n')
		if i < 0 && r.ended == nil {
			return r.tooLarge(c, at)
		}
		if i < 0 {
			i = len(c.data) - at
		}
		r.add(c, at, at+i)
		at = min(at+i+1, len(c.data))
	}
	return at
}

// tooLarge drops the unfinished record at the end of c if it is larger than the limit.
func (r *Reader) tooLarge(c *Chunk, at int) int {
	if len(c.data)-at <= r.max {
		return at
	}
	c.spans = append(c.spans, span{from: at, to: at, tooLarge: true})
	r.skip = true
	return len(c.data)
}

// add notes a record, without the white space around it.
func (r *Reader) add(c *Chunk, from, to int) {
	for from < to && isSpace(c.data[to-1]) {
		to--
	}
	for from < to && isSpace(c.data[from]) {
		from++
	}
	if to-from > r.max {
		c.spans = append(c.spans, span{from: from, to: from, tooLarge: true})
		return
	}
	c.spans = append(c.spans, span{from: from, to: to})
}

// Chunk is a stretch of a stream with its records. The zero value is ready for Next.
type Chunk struct {
	data  []byte
	spans []span
}

type span struct {
	from, to int
	tooLarge bool
}

// drop forgets what is before at, but for the indentation, and returns where at is now.
func (c *Chunk) drop(at int) int {
	from := bytes.LastIndexByte(c.data[:at], '\n') + 1
	if at-from >= chunkBytes {
		from = at
	}
	c.data = c.data[:copy(c.data, c.data[from:])]
	return at - from
}

// Record is one record of a Chunk.
type Record struct {
	// Value is the record without the white space around it, empty for a blank line. It aliases the Chunk.
	Value    []byte
	TooLarge bool // larger than MaxRecord; Value is empty
}

// Len is the number of records.
func (c *Chunk) Len() int { return len(c.spans) }

// Record gives the record at i.
func (c *Chunk) Record(i int) Record {
	s := c.spans[i]
	return Record{Value: c.data[s.from:s.to:s.to], TooLarge: s.tooLarge}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
