package config

import (
	"bytes"
	"runtime/debug"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	crzap "sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Keys that Google Cloud Logging and Error Reporting lift out of a line.
const (
	keyMessage        = "message"
	keySeverity       = "severity"
	keyTime           = "time"
	keyLogger         = "logger"
	keySourceLocation = "logging.googleapis.com/sourceLocation"
	keyType           = "@type"
	keyStackTrace     = "stack_trace"
	keyServiceContext = "serviceContext"

	reportedErrorEvent = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
)

// reserved are the keys that a caller's own values must not overwrite.
var reserved = map[string]bool{
	keyMessage: true, keySeverity: true, keyTime: true, keyLogger: true, keyStackTrace: true, keyServiceContext: true,
	"timestamp": true, "httpRequest": true, "exception": true, "labels": true,
}

// severities are Google's names for zap's levels; everything below is DEBUG.
var severities = map[zapcore.Level]string{
	zapcore.InfoLevel:   "INFO",
	zapcore.WarnLevel:   "WARNING",
	zapcore.ErrorLevel:  "ERROR",
	zapcore.DPanicLevel: "CRITICAL",
	zapcore.PanicLevel:  "ALERT",
	zapcore.FatalLevel:  "EMERGENCY",
}

func severity(l zapcore.Level, out zapcore.PrimitiveArrayEncoder) {
	name, ok := severities[l]
	if !ok {
		name = "DEBUG"
	}
	out.AppendString(name)
}

// cloudCore adds to every line where it was written and, to errors, what Error Reporting needs.
type cloudCore struct {
	zapcore.Core
	build BuildInfo
	// stack is the stack of the caller, as debug.Stack gives it.
	stack func() []byte
}

func newCloudCore(sink zapcore.WriteSyncer, least zapcore.LevelEnabler, build BuildInfo) zapcore.Core {
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		MessageKey:     keyMessage,
		LevelKey:       keySeverity,
		TimeKey:        keyTime,
		NameKey:        keyLogger,
		EncodeLevel:    severity,
		EncodeTime:     utcNano,
		EncodeDuration: zapcore.StringDurationEncoder,
	})
	core := zapcore.NewCore(&crzap.KubeAwareEncoder{Encoder: encoder}, sink, least)
	return cloudCore{Core: core, build: build, stack: debug.Stack}
}

// With keeps the fields for every later entry.
func (c cloudCore) With(fields []zapcore.Field) zapcore.Core {
	c.Core = c.Core.With(renamed(fields))
	return c
}

// Check makes Write below the one that is called.
func (c cloudCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write writes one line.
func (c cloudCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	line := renamed(fields)
	if entry.Caller.Defined {
		line = append(line, zap.Object(keySourceLocation, sourceLocation(entry.Caller)))
	}
	if entry.Level >= zapcore.ErrorLevel {
		line = append(line,
			zap.String(keyType, reportedErrorEvent),
			zap.Object(keyServiceContext, serviceContext(c.build)),
			zap.String(keyStackTrace, headline(entry, fields)+"\n"+string(withoutLogging(c.stack()))))
	}
	return c.Core.Write(entry, line)
}

// renamed gives a caller's value that bears a reserved key another one.
func renamed(fields []zapcore.Field) []zapcore.Field {
	out := make([]zapcore.Field, len(fields), len(fields)+4)
	for i, field := range fields {
		if reserved[field.Key] {
			field.Key += "_"
		}
		out[i] = field
	}
	return out
}

// headline is what Error Reporting shows as the title: the message and its error.
func headline(entry zapcore.Entry, fields []zapcore.Field) string {
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			return entry.Message + ": " + err.Error()
		}
	}
	return entry.Message
}

// withoutLogging drops the innermost frames, which are those of logging: Error Reporting groups
// errors by the first ones. A stack is a line about the goroutine, then two lines for each frame.
func withoutLogging(stack []byte) []byte {
	lines := bytes.SplitAfter(stack, []byte("\n"))
	first := 1
	for first+1 < len(lines) && isLogging(string(lines[first])) {
		first += 2
	}
	return append(bytes.Clone(lines[0]), bytes.Join(lines[first:], nil)...)
}

func isLogging(frame string) bool {
	for _, prefix := range []string{
		"runtime/debug.", "go.uber.org/zap", "github.com/go-logr/", "k8s.io/klog/", "sigs.k8s.io/controller-runtime/pkg/log.",
		"github.com/appenv/appenv-operator/internal/config.cloudCore.",
	} {
		if strings.HasPrefix(frame, prefix) {
			return true
		}
	}
	return false
}

type sourceLocation zapcore.EntryCaller

// MarshalLogObject writes what Google calls a LogEntrySourceLocation, whose line is a string.
func (s sourceLocation) MarshalLogObject(out zapcore.ObjectEncoder) error {
	file, _, _ := strings.Cut(zapcore.EntryCaller(s).TrimmedPath(), ":")
	out.AddString("file", file)
	out.AddString("line", strconv.Itoa(s.Line))
	out.AddString("function", s.Function)
	return nil
}

type serviceContext BuildInfo

// MarshalLogObject writes what Google calls a ServiceContext.
func (s serviceContext) MarshalLogObject(out zapcore.ObjectEncoder) error {
	out.AddString("service", "appenv-operator")
	out.AddString("version", s.Version)
	return nil
}
