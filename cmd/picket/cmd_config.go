package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and check the settings",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("%s needs a subcommand: show or check", cmd.Name())
		},
	}
	cmd.AddCommand(a.configShowCommand(), a.configCheckCommand())
	return cmd
}

func (a *app) configShowCommand() *cobra.Command {
	var origin bool
	var flags *settingFlags
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the effective settings as YAML, secrets redacted",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := flags.load(a)
			if err != nil {
				return err
			}
			return writeConfig(a.stdout, cfg, origin)
		},
	}
	flags = addSettingFlags(cmd)
	cmd.Flags().BoolVar(&origin, "origin", false, "say behind each setting where it came from")
	return cmd
}

func (a *app) configCheckCommand() *cobra.Command {
	var flags *settingFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the settings without starting anything",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := flags.load(a); err != nil {
				return err
			}
			a.note("the settings are sound")
			return nil
		},
	}
	flags = addSettingFlags(cmd)
	return cmd
}

// writeConfig prints settings as a YAML file that loads to the same settings, but for the secrets.
func writeConfig(w io.Writer, cfg *loadedConfig, origin bool) error {
	var b strings.Builder
	open := ""
	for i := range settings {
		s := &settings[i]
		if s.twin {
			continue
		}
		openSection(&b, &open, s.section())
		line := indent(s.section()) + s.leaf() + ": " + yamlScalar(s, s.show(&cfg.Config))
		if origin {
			line = fmt.Sprintf("%-48s # %s", line, cfg.origins[s.path])
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// openSection writes the headings between the section that is open and the next one.
func openSection(b *strings.Builder, open *string, next string) {
	if *open == next {
		return
	}
	parts := strings.Split(next, ".")
	for i := range parts {
		path := strings.Join(parts[:i+1], ".")
		if *open != path && !strings.HasPrefix(*open, path+".") {
			b.WriteString(strings.Repeat("  ", i) + parts[i] + ":\n")
		}
	}
	*open = next
}

func indent(section string) string {
	if section == "" {
		return ""
	}
	return strings.Repeat("  ", strings.Count(section, ".")+1)
}

// yamlScalar writes a value so that YAML reads the same text back.
func yamlScalar(s *setting, text string) string {
	if s.isList() {
		items := splitList(text)
		for i := range items {
			items[i] = quoteYAML(items[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return quoteYAML(text)
}

// quoteYAML quotes what would not be read back as the same plain scalar, in a flow list too.
func quoteYAML(text string) string {
	plain := text != "" && !strings.ContainsAny(text, ":#{}[],&*!|>'\"%@`\\\n\t") && strings.TrimSpace(text) == text &&
		!strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "?")
	if plain {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "${", "$${").Replace(text) + `"`
}
