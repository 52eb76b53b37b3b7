package wire

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is a compression codec by its number in a batch's attributes (KIP-98, KIP-110).
type Codec int8

const (
	CodecNone Codec = iota
	CodecGzip
	CodecSnappy
	CodecLZ4
	CodecZstd
)

// String gives Kafka's name of the codec, as in compression.type.
func (c Codec) String() string {
	switch c {
	case CodecNone:
		return "none"
	case CodecGzip:
		return "gzip"
	case CodecSnappy:
		return "snappy"
	case CodecLZ4:
		return "lz4"
	case CodecZstd:
		return "zstd"
	}
	return fmt.Sprintf("codec(%d)", int8(c))
}

// ParseCodec reads Kafka's name of a codec; the empty name is none.
func ParseCodec(name string) (Codec, error) {
	for c := CodecNone; c <= CodecZstd; c++ {
		if name == c.String() {
			return c, nil
		}
	}
	if name == "" {
		return CodecNone, nil
	}
	return CodecNone, fmt.Errorf("unknown compression %q; use none, gzip, snappy, lz4 or zstd", name)
}

// Compressor compresses the records of batches with one codec, each at its fastest useful level. It is
// safe for concurrent use and keeps its encoders: make one, share it. A nil Compressor leaves records as
// they are.
type Compressor struct {
	codec Codec
	zstd  *zstd.Encoder // EncodeAll keeps one state per core
	pool  sync.Pool     // *gzipState or *lz4State
}

// NewCompressor makes a Compressor. It starts no goroutine.
func NewCompressor(codec Codec) (*Compressor, error) {
	c := &Compressor{codec: codec}
	switch codec {
	case CodecNone, CodecSnappy:
	case CodecGzip:
		c.pool.New = func() any {
			// The level is a constant that gzip accepts, so there is no error to see.
			w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
			return &gzipState{w: w}
		}
	case CodecLZ4:
		c.pool.New = func() any { return new(lz4State) }
	case CodecZstd:
		z, err := zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
			zstd.WithWindowSize(zstdWindow),
			// The batch has its own CRC-32C over the compressed bytes.
			zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		c.zstd = z
	default:
		return nil, fmt.Errorf("unknown compression codec %d", int8(codec))
	}
	return c, nil
}

// Codec is the codec that the Compressor writes.
func (c *Compressor) Codec() Codec {
	if c == nil {
		return CodecNone
	}
	return c.codec
}

// append appends the compressed src to dst. The two must not overlap.
func (c *Compressor) append(dst, src []byte) ([]byte, error) {
	switch c.Codec() {
	case CodecGzip:
		s, _ := c.pool.Get().(*gzipState)
		defer c.pool.Put(s)
		return s.append(dst, src)
	case CodecSnappy:
		// One bare block. Java's reader takes it as well as its own xerial framing.
		n := s2.MaxEncodedLen(len(src))
		if n < 0 {
			return dst, fmt.Errorf("snappy: %d bytes are too many for one block", len(src))
		}
		dst = grow(dst, n)
		out := s2.EncodeSnappy(dst[len(dst):cap(dst)], src)
		return dst[:len(dst)+len(out)], nil
	case CodecLZ4:
		s, _ := c.pool.Get().(*lz4State)
		defer c.pool.Put(s)
		return s.append(dst, src)
	case CodecZstd:
		return c.zstd.EncodeAll(src, dst), nil
	default:
		return append(dst, src...), nil
	}
}

// zstdWindow covers a batch of the usual size; more only costs memory in each encoder.
const zstdWindow = 1 << 20

// gzipState is a gzip writer and the slice it writes to.
type gzipState struct {
	w   *gzip.Writer
	dst []byte
}

// Write appends p to the slice that append is filling.
func (s *gzipState) Write(p []byte) (int, error) {
	s.dst = append(s.dst, p...)
	return len(p), nil
}

func (s *gzipState) append(dst, src []byte) ([]byte, error) {
	s.dst = dst
	s.w.Reset(s)
	_, err := s.w.Write(src)
	if cerr := s.w.Close(); err == nil {
		err = cerr
	}
	dst, s.dst = s.dst, nil
	if err != nil {
		return dst, fmt.Errorf("gzip: %w", err)
	}
	return dst, nil
}

// The LZ4 frame that Kafka's clients agree on (KIP-57): version 01, independent blocks, no checksums,
// blocks of at most 256 KiB. The third byte is the header checksum of the two before it.
const (
	lz4Magic     = "\x04\x22\x4d\x18"
	lz4Header    = "\x60\x50\xfb"
	lz4BlockSize = 256 << 10
	lz4Stored    = 1 << 31 // the block's size with this bit: not compressed
)

// lz4State is the hash table of the block compressor.
type lz4State struct{ c lz4.Compressor }

func (s *lz4State) append(dst, src []byte) ([]byte, error) {
	dst = append(dst, lz4Magic...)
	dst = append(dst, lz4Header...)
	for len(src) > 0 {
		block := src[:min(len(src), lz4BlockSize)]
		src = src[len(block):]
		dst = grow(dst, 4+lz4.CompressBlockBound(len(block)))
		at := len(dst)
		body := dst[at+4 : at+4+lz4.CompressBlockBound(len(block))]
		n, err := s.c.CompressBlock(block, body)
		if err != nil {
			return dst, fmt.Errorf("lz4: %w", err)
		}
		if n == 0 || n >= len(block) { // it does not compress
			binary.LittleEndian.PutUint32(dst[at:at+4], uint32(len(block))|lz4Stored)
			n = copy(body, block)
		} else {
			binary.LittleEndian.PutUint32(dst[at:at+4], uint32(n))
		}
		dst = dst[:at+4+n]
	}
	return append(dst, 0, 0, 0, 0), nil // the end mark
}

// grow makes room for n more bytes behind len(b).
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	out := make([]byte, len(b), max(2*cap(b), len(b)+n))
	copy(out, b)
	return out
}
