package producer

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// idLen is the length of an alert id in hex digits: 128 bits of a SHA-256.
const idLen = 32

// AppendID appends the id of an alert: the first 32 hex digits of the SHA-256 over six texts joined by
// single NUL bytes, none before the first and none after the last:
//
//	rule id NUL rule hash NUL topic NUL partition NUL offset NUL index
//
// The rule hash is as in the alert ("sha256:" and 64 hex digits); partition, offset and index are decimal
// without sign or leading zeros. Only the rule id could itself hold a NUL, and it stands first, so the
// five texts after it can be told apart from the right: two different places never give the same bytes.
//
//	printf '%s\0%s\0%s\0%s\0%s\0%s' "$rule_id" "$rule_hash" "$topic" "$partition" "$offset" "$index" |
//	    sha256sum | cut -c1-32
func AppendID(dst []byte, ruleID, ruleHash, topic string, partition int32, offset int64, index int) []byte {
	var room [512]byte // stays on the stack; longer input costs an allocation
	b := append(room[:0], ruleID...)
	b = append(b, 0)
	b = append(b, ruleHash...)
	b = append(b, 0)
	b = append(b, topic...)
	b = append(b, 0)
	b = strconv.AppendInt(b, int64(partition), 10)
	b = append(b, 0)
	b = strconv.AppendInt(b, offset, 10)
	b = append(b, 0)
	b = strconv.AppendInt(b, int64(index), 10)
	sum := sha256.Sum256(b)
	return hex.AppendEncode(dst, sum[:idLen/2])
}
