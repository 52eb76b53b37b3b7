package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var errForced = errors.New("stopped by a second signal: what was in flight is not committed and will be read again")

// untilSignal runs run until it returns, or SIGINT or SIGTERM ends its context. After that it has limit to
// return. A second signal, or the limit, is an error, and run is left behind: the process has to exit.
func untilSignal(ctx context.Context, log *slog.Logger, limit time.Duration, run func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	select {
	case err := <-done:
		return err
	case s := <-signals:
		log.Info("stopping: what is in flight is finished and committed; a second signal forces", "signal", s.String())
	case <-ctx.Done():
	}
	cancel()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-signals:
		return errForced
	case <-timer.C:
		return fmt.Errorf("stopping took longer than shutdown_timeout (%s): what was in flight is not committed and will be read again", shortDuration(limit))
	}
}
