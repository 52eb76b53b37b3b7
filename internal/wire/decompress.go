package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// DefaultMaxBatch bounds what one batch may decompress to. It is far above what a producer's 1 MiB of
// compressed JSON gives, and far below what hurts.
const DefaultMaxBatch = 128 << 20

// Decompressor decompresses the records of batches. It is safe for concurrent use and keeps its
// decoders: make one, share it.
type Decompressor struct {
	limit int
	zstd  *zstd.Decoder // DecodeAll keeps one state per core
	gzip  sync.Pool     // *gzipReader
}

// NewDecompressor makes a Decompressor that refuses batches of more than maxBatch bytes;
// DefaultMaxBatch when zero. It starts no goroutine.
func NewDecompressor(maxBatch int) *Decompressor {
	if maxBatch <= 0 {
		maxBatch = DefaultMaxBatch
	}
	// The options are values that zstd accepts, so there is no error to see.
	z, _ := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithDecoderMaxMemory(uint64(maxBatch)),
		zstd.IgnoreChecksum(true)) // the batch has its own CRC-32C over the compressed bytes
	return &Decompressor{limit: maxBatch, zstd: z, gzip: sync.Pool{New: func() any { return new(gzipReader) }}}
}

// append appends the decompressed src to dst, which must be empty, and stops with ErrTooLarge once that
// takes more than the limit. It takes no more memory than that, but for what a slice grows by.
func (d *Decompressor) append(codec Codec, dst, src []byte) ([]byte, error) {
	switch codec {
	case CodecGzip:
		r, _ := d.gzip.Get().(*gzipReader)
		defer d.gzip.Put(r)
		return r.append(dst, src, d.limit)
	case CodecSnappy:
		return appendSnappy(dst, src, d.limit)
	case CodecLZ4:
		return appendLZ4(dst, src, d.limit)
	case CodecZstd:
		out, err := d.zstd.DecodeAll(src, dst)
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			err = ErrTooLarge
		}
		return out, err
	}
	return dst, fmt.Errorf("codec %d is not one of Kafka's", int8(codec))
}

// gzipReader is a gzip decoder and the slice it reads from.
type gzipReader struct {
	src bytes.Reader
	z   *gzip.Reader
}

func (g *gzipReader) append(dst, src []byte, limit int) ([]byte, error) {
	g.src.Reset(src)
	defer g.src.Reset(nil)
	if g.z == nil {
		g.z = new(gzip.Reader)
	}
	if err := g.z.Reset(&g.src); err != nil {
		return dst, err
	}
	for {
		if len(dst) == cap(dst) {
			dst = grow(dst, max(4*len(src), 512))
		}
		n, err := g.z.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, ErrTooLarge
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

// xerial is how Java producers frame snappy: this magic, two versions, then blocks with their lengths.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = len(xerialMagic) + 8
)

// appendSnappy takes Java's framing and one bare block, which other clients send.
func appendSnappy(dst, src []byte, limit int) ([]byte, error) {
	if len(src) < xerialHeader || string(src[:len(xerialMagic)]) != xerialMagic {
		return appendSnappyBlock(dst, src, limit)
	}
	src = src[xerialHeader:]
	for len(src) > 0 {
		if len(src) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		n := int64(binary.BigEndian.Uint32(src))
		src = src[4:]
		if n > int64(len(src)) {
			return dst, io.ErrUnexpectedEOF
		}
		var err error
		if dst, err = appendSnappyBlock(dst, src[:n], limit); err != nil {
			return dst, err
		}
		src = src[n:]
	}
	return dst, nil
}

func appendSnappyBlock(dst, block []byte, limit int) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return dst, err
	}
	if n > limit-len(dst) {
		return dst, ErrTooLarge
	}
	if n > 0 && n/snappyMaxRatio > len(block) { // before a lie of a few bytes allocates megabytes
		return dst, s2.ErrCorrupt
	}
	dst = grow(dst, n)
	out, err := s2.Decode(dst[len(dst):len(dst)+n], block)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)+len(out)], nil
}

// snappyMaxRatio: a copy of three bytes gives at most 64 (snappy format description, 2.2).
const snappyMaxRatio = 64

// LZ4 frame flags (LZ4 frame format 1.6).
const (
	lz4VersionMask, lz4Version = 0xc0, 0x40
	lz4Independent             = 0x20
	lz4BlockSum                = 0x10
	lz4HasSize                 = 0x08
	lz4HasDict                 = 0x01
	lz4Window                  = 64 << 10 // how far a block may refer back
	lz4UsualRatio              = 4        // of JSON; BenchmarkConsume
)

// appendLZ4 reads one LZ4 frame, with blocks that are independent (as Kafka wants them) or linked. The
// frame's checksums are not looked at: the batch has its own CRC-32C over the compressed bytes, and old
// clients get the header's wrong (KAFKA-3160).
func appendLZ4(dst, src []byte, limit int) ([]byte, error) {
	maxBlock, flags, src, err := lz4FrameHeader(src)
	if err != nil {
		return dst, err
	}
	for {
		if len(src) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		size := binary.LittleEndian.Uint32(src)
		src = src[4:]
		if size == 0 { // the end mark; a content checksum may follow
			return dst, nil
		}
		n := int64(size &^ lz4Stored)
		if n > int64(len(src)) {
			return dst, io.ErrUnexpectedEOF
		}
		block := src[:n]
		src = src[n:]
		if flags&lz4BlockSum != 0 {
			if len(src) < 4 {
				return dst, io.ErrUnexpectedEOF
			}
			src = src[4:]
		}
		if len(block) > maxBlock {
			return dst, errors.New("a block is longer than the frame allows")
		}
		if size&lz4Stored != 0 {
			dst = append(dst, block[:min(len(block), limit-len(dst)+1)]...)
		} else {
			window := dst[len(dst):]
			if flags&lz4Independent == 0 {
				window = dst[max(0, len(dst)-lz4Window):]
			}
			left := limit - len(dst)
			if dst, err = appendLZ4Block(dst, block, window, min(maxBlock, left+1)); err != nil {
				if left < maxBlock { // it did not fit: not into the limit either
					err = ErrTooLarge
				}
				return dst, err
			}
		}
		if len(dst) > limit {
			return dst, ErrTooLarge
		}
	}
}

// appendLZ4Block decompresses one block to at most so many bytes. A block does not say how long it gets, and
// what it could get at worst is megabytes. So the room that there is comes first, which is as large as the
// last walk needed, and then what JSON usually gives, and twice that.
func appendLZ4Block(dst, block, window []byte, most int) ([]byte, error) {
	room := cap(dst) - len(dst)
	if room < len(block) {
		room = lz4UsualRatio * len(block)
	}
	for ; ; room *= 2 {
		room = min(room, most)
		dst = grow(dst, room)
		n, err := lz4.UncompressBlockWithDict(block, dst[len(dst):len(dst)+room], window)
		if err == nil {
			return dst[:len(dst)+n], nil
		}
		if room == most {
			return dst, err
		}
	}
}

// lz4FrameHeader reads the frame's descriptor: its flags and the largest block.
func lz4FrameHeader(src []byte) (maxBlock int, flags byte, rest []byte, err error) {
	if len(src) < 7 || string(src[:4]) != lz4Magic {
		return 0, 0, nil, errors.New("not an LZ4 frame")
	}
	flags = src[4]
	code := src[5] >> 4 & 7
	if flags&lz4VersionMask != lz4Version || flags&lz4HasDict != 0 || code < 4 {
		return 0, 0, nil, fmt.Errorf("an LZ4 frame of an unknown kind (flags %#02x, block size %d)", flags, code)
	}
	header := 7
	if flags&lz4HasSize != 0 {
		header += 8
	}
	if len(src) < header {
		return 0, 0, nil, io.ErrUnexpectedEOF
	}
	return 1 << (8 + 2*code), flags, src[header:], nil
}
