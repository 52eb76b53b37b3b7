package main

import "github.com/spf13/cobra"

func (a *app) scanCommand() *cobra.Command {
	var flags *settingFlags
	cmd := &cobra.Command{Use: "scan", RunE: func(*cobra.Command, []string) error { _, err := flags.load(a); return err }}
	flags = addSettingFlags(cmd)
	return cmd
}
