package main

import (
	"github.com/spf13/cobra"
)

func (a *app) demoCommand() *cobra.Command {
	var flags *settingFlags
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: bundled events, an in-process Kafka, nothing to install",
		Long: `Start a Kafka inside this process, create the topics, run the very service of 'picket run' on it,
replay a recording of Sysmon events in three shapes (NXLog, Winlogbeat, evtx_dump), and print each
alert as it arrives. The office in the recording does not exist.

On a terminal the demo keeps serving until Ctrl-C and says how to send it an event of your own; with
--once, or when stdout is not a terminal, it ends after the summary.`,
		Example: `  picket demo
  picket demo -r my-rules/ --once`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.load(a)
			if err != nil {
				return err
			}
			d, err := newDemo(a, &cfg.Rules)
			if err != nil {
				return err
			}
			return d.run(cmd.Context(), once || !a.stdoutTTY)
		},
	}
	flags = addSettingFlags(cmd, "rules")
	cmd.Flags().BoolVar(&once, "once", false, "end after the summary")
	return cmd
}
