package wire

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

const (
	correlationID = 1 // one request is in flight on a kafka-go connection: any id will do
	// maxResponse is more than a broker sends: what claims to be larger is not a Kafka response.
	maxResponse = 1 << 30
)

// appendHeader begins a request with header version 1: room for its size, then API key, version,
// correlation id and client id (Kafka protocol guide, "Request Header v1").
func appendHeader(dst []byte, key protocol.ApiKey, version int16, clientID string) []byte {
	be := binary.BigEndian
	dst = append(dst, 0, 0, 0, 0)
	dst = be.AppendUint16(dst, uint16(key))
	dst = be.AppendUint16(dst, uint16(version))
	dst = be.AppendUint32(dst, correlationID)
	return appendString(dst, clientID)
}

func appendString(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

// roundTrip fills in the request's size, writes it, and reads the response into a buffer of pool. The
// body begins behind the correlation id and aliases the buffer. It belongs to the caller, who may give
// the buffer back; after an error nobody may, because there is none.
func roundTrip(rw io.ReadWriter, request []byte, pool *Buffers) (body []byte, buf *[]byte, err error) {
	binary.BigEndian.PutUint32(request, uint32(len(request)-4))
	if _, err := rw.Write(request); err != nil {
		return nil, nil, err
	}
	return readResponse(rw, pool)
}

// readResponse is the second half of roundTrip.
func readResponse(rw io.Reader, pool *Buffers) (body []byte, buf *[]byte, err error) {
	be := binary.BigEndian
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, nil, noEOF(err)
	}
	size := be.Uint32(head[:])
	if size < 4 || size > maxResponse {
		return nil, nil, fmt.Errorf("%w: a size of %d bytes", ErrResponse, size)
	}
	if id := be.Uint32(head[4:]); id != correlationID {
		return nil, nil, fmt.Errorf("%w: correlation id %d", ErrResponse, id)
	}
	buf = pool.get(int(size) - 4)
	if _, err := io.ReadFull(rw, *buf); err != nil {
		pool.Put(buf) // this goroutine was its only user
		return nil, nil, noEOF(err)
	}
	return *buf, buf, nil
}

// noEOF names a connection that ended in the middle of a response for what it is.
func noEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // io.ReadFull returns io.EOF itself
		return io.ErrUnexpectedEOF
	}
	return err
}

// reader takes fields off a response. After the first that is not there, every read gives zero and
// failed stays set.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) || r.failed {
		r.failed, r.b = true, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) int16() int16 {
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *reader) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// string reads a string that cannot be null.
func (r *reader) string() []byte { return r.take(int(r.int16())) }

// array reads the length of an array whose elements take at least size bytes each; null counts as empty.
func (r *reader) array(size int) int {
	n := int(r.int32())
	if n > len(r.b)/size {
		r.failed, r.b = true, nil
		return 0
	}
	return max(n, 0)
}
