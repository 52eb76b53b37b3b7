package rules

// Codes of findings. They are stable: a number is never given to another meaning. Each has a section
// in docs/diagnostics.md and a golden in testdata.
const (
	CodeSyntax       = "E001" // not YAML, or not UTF-8
	CodeLimit        = "E002" // too large, too deep, or aliases that expand without end
	CodeDuplicateKey = "E003"
	CodeNotMap       = "E004" // the document is no map, or a key is no text
	// E005 was a correlation and E006 a filter, when neither was supported.
	// E007 was a legacy action, not supported then.
	CodeMissingKey      = "E008"
	CodeWrongType       = "E009"
	CodeTaxonomy        = "E010"
	CodeDuplicateID     = "E011"
	CodeEmptyLogSource  = "E012"
	CodeSearch          = "E013" // a search that has no meaning
	CodeUnknownModifier = "E014"
	// E015 was a modifier that is not supported yet: all are.
	CodeModifierChain  = "E016" // modifiers that cannot stand in this order
	CodeValueType      = "E017" // a value that its modifiers do not take
	CodeCondition      = "E018" // the condition cannot be read
	CodeUnknownSearch  = "E019"
	CodeEmptySelector  = "E020"
	CodeAggregation    = "E021"
	CodeConditionLimit = "E022"
	CodeUnsupported    = "E023" // status: unsupported
	CodeRegex          = "E024" // a regular expression that RE2 does not compile
	CodePlaceholder    = "E025" // expand without values
	CodeAction         = "E026" // a legacy action that cannot be carried out
	CodeFilter         = "E027" // a filter that cannot be read
	CodeCorrelation    = "E028" // a correlation that cannot be read
	CodeReference      = "E029" // a correlation's reference that leads nowhere
	CodeBinding        = "E030" // a file of log sources that cannot be read

	CodeUnknownLevel  = "W001"
	CodeUnknownStatus = "W002"
	CodeIDNotUUID     = "W003"
	CodeTag           = "W004"
	CodeUnusedSearch  = "W005"
	CodeSingleAll     = "W006"
	CodeInfoType      = "W007" // an informational key of the wrong type
	CodeTimeframe     = "W008"
	CodeLongTitle     = "W009"
	CodeNeverEnough   = "W010" // `N of` over fewer than N searches
	CodeMisspelt      = "W011" // a key that is nearly one of Sigma's
	CodeDate          = "W012"
	CodeNoLevel       = "W013" // level or status is missing
	CodeFilterKeeps   = "W014" // a filter without not
	CodeFilterTarget  = "W015" // a filter's reference that leads nowhere
	CodeDuplicateName = "W016"
	CodeUnknownField  = "W017" // a field that no event of the log source has
	CodeInert         = "W018" // the rule can never fire
	CodePlainRegex    = "W019" // a regular expression that needs to be none
	CodeWildcard      = "W020" // a wildcard where a modifier has one
	CodeFilterSearch  = "W021" // a search that is called filter and is none
)
