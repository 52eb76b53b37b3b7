package rules

import (
	"errors"
	"fmt"
	"strconv"
)

// Bounds on what a file may make us do, so that one from anywhere can be tried. SigmaHQ's largest rule
// has 295 kB, 4,432 values and about 5,000 nodes; its deepest nests 6 levels.
const (
	maxFileBytes     = 16 << 20
	maxDocumentBytes = 4 << 20
	maxDocuments     = 20_000
	maxFindings      = 1_000 // of one document; lint beyond is dropped
	maxDepth         = 64
	maxAliasedNode   = 50_000    // nodes of one document reached through aliases: "billion laughs" ends here
	maxAlternatives  = 10_000    // of one value
	maxMultiplied    = 8 << 10   // bytes of a value that becomes several
	maxRegex         = 50_000    // instructions of one regular expression, about 40 bytes each
	maxAliased       = 1_000_000 // nodes of one file reached through aliases
	maxMerged        = 64 << 20  // bytes and nodes that the legacy key action merges in one file
	maxRegexes       = 2_000_000 // instructions of one file's regular expressions
	maxValues        = 256 << 20 // bytes of one file's operands, each counted with operandBytes
	operandBytes     = 256
)

var (
	errTooDeep      = errors.New("nested more than " + strconv.Itoa(maxDepth) + " levels deep")
	errTooMany      = errors.New("aliases expand to more than " + strconv.Itoa(maxAliasedNode) + " nodes")
	errTooLarge     = errors.New("larger than " + strconv.Itoa(maxFileBytes>>20) + " MiB")
	errTooLong      = errors.New("document larger than " + strconv.Itoa(maxDocumentBytes>>20) + " MiB")
	errTooManyDocs  = errors.New("more than " + strconv.Itoa(maxDocuments) + " documents")
	errSpent        = &valueError{-1, CodeLimit, errors.New("this file grows too large")}
	errAlternatives = &valueError{-1, CodeLimit, fmt.Errorf("stands for more than %d alternatives", maxAlternatives)}
)

// budget is what is left of the bounds of one file.
type budget struct{ values, regexes, aliased, merged int }

func newBudget() *budget {
	return &budget{values: maxValues, regexes: maxRegexes, aliased: maxAliased, merged: maxMerged}
}

// spend takes n from one of the budget's parts. Once there is too little left, nothing is: the error is
// errSpent from then on.
func (b *budget) spend(part *int, n int) error {
	if *part -= n; *part < 0 {
		*part = -1
		return errSpent
	}
	return nil
}
