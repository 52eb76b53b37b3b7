package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

const envPrefix = "PICKET_"

// configSources is where settings come from, weakest first after the defaults: files in their order,
// environment, flags. Its zero value means defaults only.
type configSources struct {
	files []string
	env   []string // as os.Environ gives it
	flags map[string][]string
	// readFile and lookupEnv resolve `_file` twins, ${file:…} and ${VAR}. Nil means the real ones.
	readFile  func(string) ([]byte, error)
	lookupEnv func(string) (string, bool)
}

// configError is one finding about the settings: where, and what to do about it.
type configError struct {
	where string // file:line:col, the environment variable or the flag
	line  int    // orders the findings of one file
	msg   string
}

func (e *configError) Error() string {
	if e.where == "" {
		return e.msg
	}
	return e.where + ": " + e.msg
}

// configErrors is all findings of a load.
type configErrors []*configError

func (es configErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each finding to errors.Is and errors.As.
func (es configErrors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// layerValue is one setting as one layer gives it.
type layerValue struct {
	values []string
	origin string // "default", "picket.yml:3:5", "env PICKET_…", "flag --…"
	line   int
}

// layer is what one source says, by setting path.
type layer map[string]layerValue

// loadedConfig is the outcome of a load: the settings, and for each one where it came from.
type loadedConfig struct {
	Config
	origins map[string]string
}

// loader merges the layers and collects the findings; none hides another.
type loader struct {
	src      configSources
	findings configErrors
}

// loadConfig merges defaults, files, environment and flags, the later over the earlier, setting by
// setting, and checks the result. The error is a configErrors with every finding.
func loadConfig(src configSources) (*loadedConfig, error) {
	if src.readFile == nil {
		src.readFile = os.ReadFile
	}
	if src.lookupEnv == nil {
		src.lookupEnv = os.LookupEnv
	}
	l := &loader{src: src}
	layers := []layer{defaultLayer()}
	for _, file := range src.files {
		layers = append(layers, l.fileLayer(file))
	}
	layers = append(layers, l.envLayer(), l.flagLayer())

	loaded := &loadedConfig{origins: map[string]string{}}
	for i := range settings {
		if s := &settings[i]; !s.twin {
			l.apply(s, layers, loaded)
		}
	}
	if len(l.findings) == 0 {
		l.check(loaded)
	}
	if len(l.findings) > 0 {
		return nil, l.findings
	}
	return loaded, nil
}

func (l *loader) fail(where string, line int, format string, args ...any) {
	l.findings = append(l.findings, &configError{where: where, line: line, msg: fmt.Sprintf(format, args...)})
}

func defaultLayer() layer {
	out := layer{}
	for i := range settings {
		s := &settings[i]
		if s.twin {
			continue
		}
		v := layerValue{values: []string{s.def}, origin: "default"}
		if s.isList() {
			v.values = splitList(s.def)
		}
		out[s.path] = v
	}
	return out
}

// envLayer reads PICKET_ variables. Kubernetes puts variables of its own under that prefix when a
// service is called picket (PICKET_SERVICE_HOST, PICKET_PORT_9600_TCP), so an unknown one is an error
// only if it looks like a setting: it has a double underscore, or lacks one.
func (l *loader) envLayer() layer {
	out := layer{}
	byEnv, bySingle := map[string]*setting{}, map[string]*setting{}
	var names []string
	for i := range settings {
		s := &settings[i]
		byEnv[s.env()] = s
		bySingle[strings.ReplaceAll(s.env(), "__", "_")] = s
		names = append(names, s.env())
	}
	env := slices.Sorted(slices.Values(l.src.env))
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		s, ok := byEnv[name]
		if !ok {
			if near := bySingle[strings.ReplaceAll(name, "__", "_")]; near != nil {
				l.fail("env "+name, 0, "no such setting; did you mean %s?", near.env())
			} else if strings.Contains(strings.TrimPrefix(name, envPrefix), "__") {
				l.fail("env "+name, 0, "no such setting%s", didYouMean(nearest(name, names)))
			}
			continue
		}
		v := layerValue{values: []string{value}, origin: "env " + name}
		if s.isList() {
			v.values = splitList(value)
		}
		out[s.path] = v
	}
	return out
}

func (l *loader) flagLayer() layer {
	out := layer{}
	for path, values := range l.src.flags {
		s, ok := lookupSetting(path)
		if !ok {
			panic("BUG: flag for the unknown setting " + path)
		}
		out[path] = layerValue{values: values, origin: "flag --" + s.flag()}
	}
	return out
}

// apply parses a setting in every layer, so that a wrong value is reported although a stronger layer
// hides it, and keeps the strongest.
func (l *loader) apply(s *setting, layers []layer, loaded *loadedConfig) {
	for _, ly := range layers {
		v, ok := ly[s.path]
		if s.secret {
			twin, hasTwin := ly[s.path+twinSuffix]
			switch {
			case ok && hasTwin:
				l.fail(twin.origin, twin.line, "%s and %s%s are both set; keep one", s.path, s.path, twinSuffix)
				continue
			case hasTwin:
				if v, ok = l.readTwin(s, twin); !ok {
					continue
				}
			}
		}
		if !ok {
			continue
		}
		if err := s.assign(&loaded.Config, v.values); err != nil {
			l.fail(v.origin, v.line, "%s: %v", s.path, err)
			continue
		}
		loaded.origins[s.path] = v.origin
	}
}

// readTwin gives the secret that a `_file` setting points to. An empty path unsets it.
func (l *loader) readTwin(s *setting, twin layerValue) (layerValue, bool) {
	file := strings.Join(twin.values, ",")
	if file == "" {
		return layerValue{}, false
	}
	text, err := l.src.readFile(file)
	if err != nil {
		l.fail(twin.origin, twin.line, "%s%s: %v", s.path, twinSuffix, err)
		return layerValue{}, false
	}
	return layerValue{values: []string{trimLineEnd(string(text))}, origin: twin.origin + " (" + file + ")", line: twin.line}, true
}

// trimLineEnd drops one line end: editors and `echo` add it to files that hold a secret.
func trimLineEnd(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "; did you mean " + near + "?"
}
