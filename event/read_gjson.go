package event

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// readGJSON fills the cells by gjson. It is the definition of what a record's fields are.
func (d *Decoder) readGJSON() *Error {
	if tooDeep(d.record) || !gjson.ValidBytes(d.record) {
		return notJSON(d.record)
	}
	root := gjson.Parse(alias(d.record))
	if !root.IsObject() {
		return errNotObject
	}
	d.gjsonObject(d.p.root, root)
	return nil
}

func (d *Decoder) gjsonObject(n *node, object gjson.Result) {
	object.ForEach(func(key, value gjson.Result) bool {
		name := d.value(key).Raw
		if bytes.IndexByte(name, '\\') >= 0 {
			name = appendUnescaped(nil, name)
		}
		if n.spaces && bytes.IndexByte(name, ' ') >= 0 {
			name = appendWithoutSpaces(nil, name)
		}
		e := n.find(name, keyHash(name))
		if e == nil || e == n.element && !value.IsObject() {
			return true
		}
		if e.child != nil {
			d.enter(e)
			if value.IsObject() {
				d.gjsonObject(e.child, value)
				d.leave(e)
			}
		}
		if e.cell >= 0 {
			d.set(e.cell, d.value(value))
		}
		return true
	})
}

// value makes a Value of gjson's, which lies in the record.
func (d *Decoder) value(r gjson.Result) Value {
	start, _ := offsetIn(d.record, bytesOf(r.Raw))
	end := start + len(r.Raw)
	kind := kindOf(r.Raw[0])
	if kind != String {
		return Value{Raw: d.record[start:end], Kind: kind}
	}
	raw := d.record[start+1 : end-1]
	return Value{Raw: raw, Kind: String, Escaped: bytes.IndexByte(raw, '\\') >= 0}
}
