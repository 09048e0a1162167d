// Package progress prints the steps of a long task, what each waits for, and where to look when one
// fails.
package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Step is one step of a task.
type Step struct {
	Name string
	Log  string // the log file that tells more, "" for none
	Run  func(context.Context, *Reporter) error
}

// FailureError is a failure that another log than the step's tells more about.
type FailureError struct {
	Err error
	Log string
}

func (f *FailureError) Error() string { return f.Err.Error() }
func (f *FailureError) Unwrap() error { return f.Err }

// tailLines is how much of a log a failure shows.
const tailLines = 25

// Run runs the steps in order and stops at the first that fails.
func Run(ctx context.Context, out *os.File, steps []Step) error {
	for i, step := range steps {
		r := &Reporter{
			out:      out,
			terminal: isTerminal(out),
			label:    fmt.Sprintf("[%2d of %d] %s", i+1, len(steps), step.Name),
			began:    time.Now(),
		}
		r.shown = r.began
		err := step.Run(ctx, r)
		if err != nil {
			r.line("%s: FAILED after %s: %v", r.label, r.elapsed(), err)
			log := step.Log
			if failure := (*FailureError)(nil); errors.As(err, &failure) {
				log = failure.Log
			}
			showTail(out, log)
			return fmt.Errorf("%s: %w", step.Name, err)
		}
		if r.result == "" {
			r.result = "done"
		}
		r.line("%s: %s (%s)", r.label, r.result, r.elapsed())
	}
	return nil
}

// Quiet is a Reporter that shows nothing.
func Quiet() *Reporter { return &Reporter{began: time.Now()} }

// Reporter shows how a step is doing.
type Reporter struct {
	out      *os.File
	terminal bool
	label    string
	began    time.Time
	shown    time.Time
	waiting  string
	result   string
}

// Done says in a few words how the step ended.
func (r *Reporter) Done(format string, args ...any) { r.result = fmt.Sprintf(format, args...) }

// Until calls check until it waits for nothing more. Meanwhile it shows what it waits for: at once on
// a terminal, elsewhere when that changes and now and then.
func (r *Reporter) Until(ctx context.Context, limit time.Duration, check func(context.Context) (waitingFor string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		waitingFor, err := check(ctx)
		if err != nil {
			return err
		}
		if waitingFor == "" {
			return nil
		}
		r.show(waitingFor)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, still waiting for %s", context.Cause(ctx), waitingFor)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *Reporter) show(waitingFor string) {
	if r.out == nil {
		return
	}
	const often, seldom = 2 * time.Second, 15 * time.Second
	if r.terminal {
		fmt.Fprintf(r.out, "\r\033[K%s: waiting for %s (%s)", r.label, shorten(waitingFor, 110), r.elapsed())
		return
	}
	since := time.Since(r.shown)
	if since > seldom || (since > often && waitingFor != r.waiting) {
		r.shown, r.waiting = time.Now(), waitingFor
		r.line("%s: waiting for %s (%s)", r.label, waitingFor, r.elapsed())
	}
}

func (r *Reporter) line(format string, args ...any) {
	if r.terminal {
		fmt.Fprint(r.out, "\r\033[K")
	}
	fmt.Fprintf(r.out, format+"\n", args...)
}

func (r *Reporter) elapsed() string { return Seconds(time.Since(r.began)) }

// Seconds writes a duration as people read it.
func Seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != ""
}

// showTail prints the end of a log file.
func showTail(out io.Writer, file string) {
	if file == "" {
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return
	}
	lines := strings.Split(string(bytes.TrimRight(content, "\n")), "\n")
	fmt.Fprintf(out, "%s ends with:\n", file)
	for _, line := range lines[max(0, len(lines)-tailLines):] {
		fmt.Fprintf(out, "  %s\n", shorten(line, 400))
	}
}
