package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// settingFlags collects the settings given on a command line; its flags come from the settings table.
type settingFlags struct {
	files  []string
	values map[string][]string
}

// settingFlag is one setting as a pflag.Value. Set checks the value, so that a wrong one is a usage
// error before anything starts.
type settingFlag struct {
	setting *setting
	into    map[string][]string
}

func (f *settingFlag) Type() string   { return f.setting.typeName() }
func (f *settingFlag) String() string { return f.setting.def }

func (f *settingFlag) Set(text string) error {
	values := []string{text}
	if f.setting.isList() {
		values = slices.Concat(f.into[f.setting.path], splitList(text))
	}
	if err := f.setting.assign(new(Config), values); err != nil {
		return err
	}
	f.into[f.setting.path] = values
	return nil
}

// addSettingFlags gives a command -c and a flag for every setting that is not a secret, or only for those
// of some sections.
func addSettingFlags(cmd *cobra.Command, sections ...string) *settingFlags {
	sf := &settingFlags{values: map[string][]string{}}
	cmd.Flags().StringArrayVarP(&sf.files, "config", "c", nil, "configuration `file`; may be repeated, later ones win setting by setting")
	for i := range settings {
		s := &settings[i]
		if s.flag() == "" || len(sections) > 0 && !slices.Contains(sections, s.section()) {
			continue
		}
		f := cmd.Flags().VarPF(&settingFlag{setting: s, into: sf.values}, s.flag(), s.short, s.flagUsage())
		if s.typeName() == "bool" {
			f.NoOptDefVal = "true"
		}
		if len(s.enum) > 0 {
			_ = cmd.RegisterFlagCompletionFunc(s.flag(), cobra.FixedCompletions(s.enum, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	return sf
}

// flagUsage is the first sentence of the documentation, or the choices where one of them is meant.
func (s *setting) flagUsage() string {
	doc, _, _ := strings.Cut(s.doc, ". ")
	doc = strings.TrimSuffix(strings.ReplaceAll(doc, "`", ""), ".")
	choices := strings.Join(s.enum, ", ")
	switch {
	case choices == "":
		return doc
	case s.isList():
		return doc + ": " + choices
	}
	return choices
}

// load merges the settings of this command line with files and environment.
func (sf *settingFlags) load(a *app) (*loadedConfig, error) {
	return loadConfig(configSources{files: sf.files, env: a.env, flags: sf.values})
}
