package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var flags *settingFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the service: consume events, match rules, produce alerts",
		Long: `Consume events from Kafka as a member of a group, evaluate Sigma rules on each of them, and
produce an alert for every rule that an event meets. Offsets are committed only past events whose
alerts are acknowledged.

Brokers that are down and topics that do not exist are waited for; a refused password is not. SIGTERM
and SIGINT finish what is in flight, commit, and leave the group; a second signal forces. The log goes
to stderr. /livez, /readyz and /metrics are served at http.listen.

Every setting has a flag, an environment variable and a place in the file given with -c; see
docs/configuration.md, and 'picket config show --origin' for what is in effect.

Exit codes: 0 after a clean stop, 1 after an error, 2 for a mistake in the command line.`,
		Example: `  picket run -c picket.yml
  picket run --kafka-bootstrap-servers kafka:9092 --input-topics sysmon -r rules/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.load(a)
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), &cfg.Config)
		},
	}
	flags = addSettingFlags(cmd)
	return cmd
}

// forceAfter is added to shutdown_timeout, which the consumer keeps by itself, before the process is given
// up on.
const forceAfter = 2 * time.Second

func (a *app) run(ctx context.Context, cfg *Config) error {
	log := newLogger(a.stderr, &cfg.Log)
	rules, err := loadRuleset(&cfg.Rules)
	if err != nil {
		return logged(log, err)
	}
	for _, f := range rules.findings {
		if f.Refused() {
			log.Error("rule refused", "file", f.Pos.String(), "code", f.Code, "rule", f.Rule, "err", f.Err)
		} else {
			log.Debug("rule has a flaw", "file", f.Pos.String(), "code", f.Code, "rule", f.Rule, "err", f.Err)
		}
	}
	s, err := newService(cfg, rules, log)
	if err != nil {
		return logged(log, err)
	}
	version, commit := buildVersion()
	stats := rules.engine.Stats()
	log.Info("picket starts", "version", version, "commit", commit, "rules", stats.Active, "rejected", rules.rejected,
		"unmapped", len(stats.Unmapped), "deselected", rules.set.Deselected, "ruleset", rules.set.Hash, "group", cfg.Kafka.GroupID, "topics", cfg.Input.Topics, "alerts", cfg.Alerts.Topic)
	if err := untilSignal(ctx, log, cfg.ShutdownTimeout+forceAfter, s.run); err != nil {
		return logged(log, err)
	}
	log.Info("picket has stopped", "events", s.detection.events.Load(), "n", s.detection.alertsSent.Load())
	return nil
}

// logged brings the error that ends the service to the log, where whoever collects it looks for it.
func logged(log *slog.Logger, err error) error {
	log.Error("picket ends", "err", err)
	return errReported
}
