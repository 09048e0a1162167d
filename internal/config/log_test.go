package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

var update = flag.Bool("update", false, "write the golden files")

// entries are one line of each kind, with a clock, a place and a stack that do not change.
func entries(core zapcore.Core) error {
	at := time.Date(2026, 3, 4, 5, 6, 7, 80900, time.FixedZone("JST", 9*60*60))
	caller := zapcore.EntryCaller{Defined: true, File: "/src/internal/controller/apply.go", Line: 42, Function: "controller.apply"}
	var errs []error
	for _, l := range []zapcore.Level{-7, -1, 0, 1, 2, 3, 4, 5} {
		entry := zapcore.Entry{Level: l, Time: at, LoggerName: "reconcile", Message: "Applied " + l.String(), Caller: caller}
		fields := []zapcore.Field{zap.String("environment", "hoge-dev"), zap.Duration("took", 1500*time.Millisecond)}
		if l == zapcore.ErrorLevel {
			fields = append(fields, zap.Error(errors.New("applying Namespace hoge: refused\nfor good")))
		}
		if checked := core.Check(entry, nil); checked != nil {
			errs = append(errs, core.Write(entry, fields))
		}
	}
	bare := zapcore.Entry{Level: zapcore.InfoLevel, Time: at, Message: "A caller's own values keep off Google's keys"}
	core = core.With([]zapcore.Field{zap.String("time", "noon")})
	if checked := core.Check(bare, nil); checked != nil {
		errs = append(errs, core.Write(bare, []zapcore.Field{
			zap.String("severity", "low"), zap.Any("object", &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: "hoge", Name: "app1"}, StringData: map[string]string{"password": "hunter2"},
			}),
		}))
	}
	return errors.Join(errs...)
}

func TestLinesAreGolden(t *testing.T) {
	build := BuildInfo{Version: "v0.1.0"}
	for name, core := range map[string]func(zapcore.WriteSyncer) zapcore.Core{
		"cloud": func(sink zapcore.WriteSyncer) zapcore.Core {
			core := newCloudCore(sink, zapcore.Level(-9), build).(cloudCore)
			core.stack = func() []byte { return []byte("goroutine 1 [running]:\nmain.main()\n\t/src/main.go:1 +0x1\n") }
			return core
		},
		"console": func(sink zapcore.WriteSyncer) zapcore.Core { return consoleCore(sink, zapcore.Level(-9)) },
		"console at error": func(sink zapcore.WriteSyncer) zapcore.Core {
			return consoleCore(sink, zapcore.ErrorLevel)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := entries(core(zapcore.AddSync(&out))); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".log")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// logged is the only line that write leaves in a logger of the given level.
func logged(t *testing.T, level string, write func(Config, *bytes.Buffer)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(Config{LogFormat: LogAuto, LogLevel: level}, &out)
	var line map[string]any
	decoder := json.NewDecoder(&out)
	if err := decoder.Decode(&line); err != nil {
		t.Fatalf("reading the line: %v", err)
	}
	if decoder.More() {
		t.Fatal("more than one line")
	}
	return line
}

func TestErrorNamesTheCallerAndNotTheLogger(t *testing.T) {
	line := logged(t, "info", func(c Config, out *bytes.Buffer) {
		c.Logger(out).WithName("reconcile").Error(errors.New("refused"), "Applying")
	})
	stack, _ := line[keyStackTrace].(string)
	rows := strings.Split(stack, "\n")
	if len(rows) < 4 || rows[0] != "Applying: refused" || !strings.HasPrefix(rows[1], "goroutine ") ||
		!strings.Contains(rows[2], "TestErrorNamesTheCallerAndNotTheLogger") {
		t.Errorf("the stack begins with\n%s", strings.Join(rows[:min(5, len(rows))], "\n"))
	}
	place, _ := line[keySourceLocation].(map[string]any)
	if place["file"] != "config/log_test.go" || !strings.Contains(place["function"].(string), "TestErrorNamesTheCaller") {
		t.Errorf("the place is %v", place)
	}
	if line[keyType] != reportedErrorEvent || line["error"] != "refused" || line[keySeverity] != "ERROR" {
		t.Errorf("the line is %v", line)
	}
}

func TestVerbosityIsHonoured(t *testing.T) {
	line := logged(t, "3", func(c Config, out *bytes.Buffer) {
		log := c.Logger(out)
		log.V(4).Info("too much")
		log.V(3).Info("just right")
	})
	if line[keyMessage] != "just right" || line[keySeverity] != "DEBUG" {
		t.Errorf("the line is %v", line)
	}
}

func TestKubernetesLibrariesLogTheSameWay(t *testing.T) {
	t.Cleanup(klog.ClearLogger)
	line := logged(t, "info", func(c Config, out *bytes.Buffer) {
		klog.SetLogger(c.Logger(out).WithName("kubernetes"))
		klog.ErrorS(errors.New("gone"), "Watching", "kind", "Namespace")
	})
	if line[keyMessage] != "Watching" || line[keySeverity] != "ERROR" || line[keyLogger] != "kubernetes" || line["kind"] != "Namespace" {
		t.Errorf("the line is %v", line)
	}
	if stack, _ := line[keyStackTrace].(string); strings.Contains(stack, "k8s.io/klog") {
		t.Errorf("the stack shows the logger:\n%s", stack)
	}
}

func TestNothingIsSampled(t *testing.T) {
	var out bytes.Buffer
	log := Config{LogFormat: LogJSON, LogLevel: "info"}.Logger(&out)
	const lines = 1000
	for range lines {
		log.Info("the same")
	}
	if got := strings.Count(out.String(), "\n"); got != lines {
		t.Errorf("%d of %d lines arrived", got, lines)
	}
}
