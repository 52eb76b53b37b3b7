package rules

import (
	"errors"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// settingsFile reads a file that holds no rules but says something about them: one YAML document. read
// gets its root, unless the file is empty or cannot be read. The result is everything that is wrong.
func settingsFile(file string, src []byte, read func(d *document, root *yaml.Node)) Errors {
	d := document{file: file}
	refuse := func(bad place) Errors {
		p := Pos{File: file, Line: bad.line}
		if bad.line > 0 {
			p.Col = max(bad.col, 1)
		}
		d.report(p, bad.code, "%w", bad.err)
		return d.findings
	}
	if len(src) > maxDocumentBytes {
		return refuse(place{code: CodeLimit, err: errTooLong})
	}
	if !utf8.Valid(src) {
		return refuse(place{code: CodeSyntax, err: errors.New("not UTF-8")})
	}
	chunks := splitDocuments(normalizeText(src))
	if len(chunks) == 0 {
		return nil
	}
	if len(chunks) > 1 {
		return refuse(place{line: chunks[1].line + 1, code: CodeSyntax, err: errors.New("a second document; this file has one")})
	}
	root, bad := decodeDocument(chunks[0], newBudget())
	switch {
	case bad != nil:
		return refuse(*bad)
	case root == nil || root.Kind == yaml.ScalarNode && scalarType(root) == typeNull:
		return nil
	}
	read(&d, root)
	d.findings.sort()
	return d.findings
}
