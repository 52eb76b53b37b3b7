package event

// The functions of this file read JSON that has been validated as part of its record.

// valueAt gives the value that begins at b[i] and where it ends.
func valueAt(b []byte, i int) (v Value, end int) {
	switch c := b[i]; c {
	case '"':
		end, found := stringEnd(b, i+1)
		return Value{Raw: b[i+1 : end], Kind: String, Escaped: found != 0}, end + 1
	case '{', '[':
		end = skipNested(b, i, 0)
		return Value{Raw: b[i:end], Kind: kindOf(c)}, end
	default:
		for end = i + 1; end < len(b) && !endsScalar(b[end]); end++ {
		}
		return Value{Raw: b[i:end], Kind: kindOf(c)}, end
	}
}

// kindOf tells the kind of a value by its first byte.
func kindOf(c byte) Kind {
	switch c {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

func endsScalar(c byte) bool { return c == ',' || c == '}' || c == ']' || c <= ' ' }

// members goes through the members of an object.
type members struct {
	object []byte // from brace to brace
	i      int

	key     []byte // between its quotes
	escaped bool   // the key
	value   Value
}

// next moves to the next member.
func (m *members) next() bool {
	for m.i++; m.object[m.i] != '"'; m.i++ {
		if m.object[m.i] == '}' {
			m.i--
			return false
		}
	}
	end, found := stringEnd(m.object, m.i+1)
	m.key, m.escaped = m.object[m.i+1:end], found != 0
	for end++; m.object[end] == ':' || m.object[end] <= ' '; end++ {
	}
	m.value, m.i = valueAt(m.object, end)
	m.i--
	return true
}

// member gives the value of a key of an object; of equal keys the last counts.
func member(object []byte, key string) (v Value, ok bool) {
	m := members{object: object}
	for m.next() {
		if string(m.key) == key || m.escaped && string(appendUnescaped(nil, m.key)) == key {
			v, ok = m.value, true
		}
	}
	return v, ok
}
