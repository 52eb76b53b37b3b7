package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
)

// Config says what a Server serves. The zero value serves an empty registry, is live and ready, and
// does not log.
type Config struct {
	Listen  string // host:port; empty means 127.0.0.1 on a free port
	Metrics *Metrics
	Log     *slog.Logger
	// Live and Ready say in words what keeps the process from being live or ready, one reason a line;
	// none means that it is. They are called on each request and must be quick and safe for
	// concurrent use.
	Live  func() []string
	Ready func() []string
}

// Server is the HTTP side of picket. Listen and Run are called from one goroutine; Addr is safe from
// any once Listen has returned.
type Server struct {
	config   Config
	listener net.Listener
}

// New makes a Server that does nothing yet.
func New(config Config) *Server {
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	if config.Metrics == nil {
		config.Metrics = NewMetrics("", "")
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	none := func() []string { return nil }
	if config.Live == nil {
		config.Live = none
	}
	if config.Ready == nil {
		config.Ready = none
	}
	return &Server{config: config}
}

// Listen takes the address, so that a wrong or busy one is known before anything else starts. A
// Server that listens must be run.
func (s *Server) Listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	s.listener = l
	return nil
}

// Addr is the address that Listen took.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Limits of a request. A scrape of a thousand partitions takes milliseconds; whoever needs longer is
// not a scraper.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	stopTimeout  = 2 * time.Second // for requests that are being answered when Run's context ends
)

// Run serves until ctx ends. It returns nil then, and an error only when serving failed.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("console: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-groupCtx.Done()
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := server.Shutdown(stopCtx); err != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}

// Handler serves the pages without a listener.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.config.Metrics.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
	}))
	mux.HandleFunc("GET /livez", health("live", s.config.Live))
	mux.HandleFunc("GET /readyz", health("ready", s.config.Ready))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		writeText(w, http.StatusOK, "picket\n\n/livez    is the process making progress?\n/readyz   is it doing its work? if not, why\n/metrics  for Prometheus\n")
	})
	return mux
}

// health answers 200 and the word, or 503 and what is missing.
func health(word string, missing func() []string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reasons := missing()
		if len(reasons) == 0 {
			writeText(w, http.StatusOK, word+"\n")
			return
		}
		writeText(w, http.StatusServiceUnavailable, "not "+word+":\n- "+strings.Join(reasons, "\n- ")+"\n")
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the reader going away is its own affair
}
