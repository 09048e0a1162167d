package config

import (
	"io"
	"os"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
	crzap "sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Logger writes to out, one line per entry: JSON as Google Cloud Logging reads it, or text for
// people. Nothing is sampled. Kubernetes objects among an entry's values are logged by name.
func (c Config) Logger(out io.Writer) logr.Logger {
	least, _ := level(c.LogLevel)
	sink := zapcore.Lock(zapcore.AddSync(out))
	core := consoleCore(sink, least)
	if c.LogFormat == LogJSON || c.LogFormat != LogConsole && !isTerminal(out) {
		core = newCloudCore(sink, least, Build())
	}
	return zapr.NewLogger(zap.New(core, zap.AddCaller(), zap.ErrorOutput(sink)))
}

// level is the least severe level that is logged; a verbosity of logr is a negative level of zap.
func level(text string) (zapcore.Level, bool) {
	switch text {
	case "error":
		return zapcore.ErrorLevel, true
	case "warn":
		return zapcore.WarnLevel, true
	case "info":
		return zapcore.InfoLevel, true
	case "debug":
		return zapcore.DebugLevel, true
	}
	verbosity, err := strconv.Atoi(text)
	if err != nil || verbosity < 1 || verbosity > 9 {
		return zapcore.InfoLevel, false
	}
	return zapcore.Level(-verbosity), true
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func consoleCore(sink zapcore.WriteSyncer, least zapcore.LevelEnabler) zapcore.Core {
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		MessageKey:       "message",
		LevelKey:         "level",
		TimeKey:          "time",
		NameKey:          "logger",
		EncodeLevel:      consoleLevel,
		EncodeTime:       zapcore.TimeEncoderOfLayout("15:04:05.000"),
		EncodeDuration:   zapcore.StringDurationEncoder,
		ConsoleSeparator: " ",
	})
	return zapcore.NewCore(&crzap.KubeAwareEncoder{Encoder: encoder}, sink, least)
}

// consoleLevel writes every verbosity below info as DEBUG: zap has no name for it.
func consoleLevel(l zapcore.Level, out zapcore.PrimitiveArrayEncoder) {
	zapcore.CapitalLevelEncoder(max(l, zapcore.DebugLevel), out)
}

// utcNano is RFC 3339 with nanoseconds, in UTC.
func utcNano(t time.Time, out zapcore.PrimitiveArrayEncoder) {
	out.AppendString(t.UTC().Format(time.RFC3339Nano))
}
