package matcher

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/picketsigma/picket/event"
)

// memo remembers which predicates are true for values that were there before: most values of events are.
// The key is the value's raw bytes, so that a value which is known is not even unescaped; they are
// compared in full, a hash alone decides nothing.
//
// It has two generations. A value is put into the young one; when that is full it becomes the old one,
// and the old one is emptied. A value that is found in the old one is copied into the young one. So
// memory is bounded, what is in use stays, and nothing is ever taken out one by one.
type memo struct {
	seed       maphash.Seed
	young, old generation
}

// Bounds of a memo: each of its two generations takes up to maxArena bytes of records, and 16 bytes of table per
// entry. Over recorded events (BenchmarkCorpus) twice as much takes what is remembered from 99.4 to 99.9 %, which
// does not show in the time; a quarter of it makes the whole 7 % dearer.
const (
	firstEntries = 1 << 11
	firstArena   = 1 << 18
	maxEntries   = 1 << 14
	maxArena     = 4 << 20
	maxKey       = 8 << 10 // a longer value takes too much of the arena
)

// generation is an open hash table over records in an arena.
type generation struct {
	table []uint64 // hash<<32 | offset of the record + 1; 0 is free
	used  int
	arena []byte
}

// A record is: slot and kind (4 bytes), length of the key (4), how many ids (4), the key, the ids (4 each),
// and two bits for each late predicate of the slot: known, and true.
const recordHeader = 12

// memoKey tells values apart that have the same bytes: of different slots, or of different kinds.
func memoKey(slot uint32, v event.Value) uint32 {
	k := slot<<4 | uint32(v.Kind)<<1
	if v.Escaped {
		k |= 1
	}
	return k
}

// memoized is a record. It aliases the memo's arena: valid until the next turn.
type memoized struct {
	ids  []byte // 4 bytes each
	late []byte // two bits for each late predicate, or nil
}

func (m *memo) hash(key uint32, raw []byte) uint32 {
	h := maphash.Bytes(m.seed, raw) + uint64(key)*0x9E3779B97F4A7C15
	return uint32((h ^ h>>29) * 0xBF58476D1CE4E5B9 >> 32)
}

// get finds the record of a value. late is how many late predicates its slot has.
func (m *memo) get(hash, key uint32, raw []byte, late int) (memoized, bool) {
	if rec := m.young.find(hash, key, raw); rec != nil {
		return open(rec, late), true
	}
	if rec := m.old.find(hash, key, raw); rec != nil {
		size := recordLen(rec, late)
		if m.full(size) {
			return open(rec, late), true // it stays where it is until the turn
		}
		at := len(m.young.arena)
		m.young.arena = append(m.young.arena, rec[:size]...)
		m.young.enter(hash, at)
		return open(m.young.arena[at:], late), true
	}
	return memoized{}, false
}

// put remembers the ids of a value, which is not there yet. When there is no room before the next turn,
// it is not remembered.
func (m *memo) put(hash, key uint32, raw []byte, ids []uint32, late int) (memoized, bool) {
	if m.young.arena == nil {
		m.young.arena = make([]byte, 0, firstArena)
	}
	if m.full(recordHeader + len(raw) + 4*len(ids) + lateBytes(late)) {
		return memoized{}, false
	}
	g := &m.young
	at := len(g.arena)
	g.arena = binary.LittleEndian.AppendUint32(g.arena, key)
	g.arena = binary.LittleEndian.AppendUint32(g.arena, uint32(len(raw)))
	g.arena = binary.LittleEndian.AppendUint32(g.arena, uint32(len(ids)))
	g.arena = append(g.arena, raw...)
	for _, id := range ids {
		g.arena = binary.LittleEndian.AppendUint32(g.arena, id)
	}
	for range lateBytes(late) {
		g.arena = append(g.arena, 0)
	}
	g.enter(hash, at)
	return open(g.arena[at:], late), true
}

func lateBytes(late int) int { return (2*late + 7) / 8 }

func recordLen(rec []byte, late int) int {
	return recordHeader + int(binary.LittleEndian.Uint32(rec[4:])) + 4*int(binary.LittleEndian.Uint32(rec[8:])) + lateBytes(late)
}

// open takes a record apart.
func open(rec []byte, late int) memoized {
	ids := rec[recordHeader+binary.LittleEndian.Uint32(rec[4:]):]
	n := 4 * binary.LittleEndian.Uint32(rec[8:])
	return memoized{ids: ids[:n], late: ids[n : n+uint32(lateBytes(late))]}
}

// full reports whether the young generation has no room for a record of size bytes.
func (m *memo) full(size int) bool {
	return m.young.used >= maxEntries || len(m.young.arena)+size > maxArena
}

// turn makes room, between two events: records that were handed out are not valid behind it.
func (m *memo) turn() {
	const reserve = 1 << 16 // what one event is likely to add
	if m.young.used >= maxEntries-256 || len(m.young.arena) > maxArena-reserve {
		m.young, m.old = m.old, m.young
		m.young.used, m.young.arena = 0, m.young.arena[:0]
		clear(m.young.table)
	}
}

func (g *generation) find(hash, key uint32, raw []byte) []byte {
	if g.used == 0 {
		return nil
	}
	mask := uint32(len(g.table) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		e := g.table[i]
		if e == 0 {
			return nil
		}
		if e>>32 != uint64(hash) {
			continue
		}
		rec := g.arena[uint32(e)-1:]
		if n := binary.LittleEndian.Uint32(rec[4:]); binary.LittleEndian.Uint32(rec) == key && int(n) == len(raw) &&
			string(rec[recordHeader:recordHeader+n]) == string(raw) {
			return rec
		}
	}
}

// enter puts the record at an offset of the arena into the table, which is never more than half full.
func (g *generation) enter(hash uint32, at int) {
	if 2*(g.used+1) > len(g.table) {
		g.grow()
	}
	g.used++
	g.insert(uint64(hash)<<32 | uint64(at+1))
}

func (g *generation) insert(e uint64) {
	mask := uint32(len(g.table) - 1)
	i := uint32(e>>32) & mask
	for g.table[i] != 0 {
		i = (i + 1) & mask
	}
	g.table[i] = e
}

func (g *generation) grow() {
	entries := g.table
	g.table = make([]uint64, max(2*firstEntries, 2*len(entries)))
	for _, e := range entries {
		if e != 0 {
			g.insert(e)
		}
	}
}

// usage tells for one slot whether remembering pays: where most values are new, looking them up and
// putting them in costs more than it saves.
type usage struct {
	asked, hits uint32 // in this trial
	pause       uint32 // values to go before the next trial
}

// A slot whose values are remembered in less than worth of a hundred cases pauses, for pausing times the length of
// a trial. Recorded events do not tell 15 from 70; where no value is ever there twice, what the trials cost is 13 %
// (BenchmarkUnique).
const (
	trial   = 1024
	worth   = 40
	pausing = 16
)

// ask reports whether to use the memo for the next value.
func (u *usage) ask() bool {
	if u.pause > 0 {
		u.pause--
		return false
	}
	if u.asked == trial {
		if u.hits*100 < worth*trial {
			u.pause = pausing * trial
		}
		u.asked, u.hits = 0, 0
	}
	u.asked++
	return true
}
