package status

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

const (
	// maxMessage is how many characters a message about one object has at most.
	maxMessage = 256
	// maxLine is how many characters blockedOn and the message of a condition have at most. They name
	// the object before its message: what to do stands at its end and must not be lost to a long name.
	maxLine = maxMessage + 128
	// maxRead is how many bytes of a message are looked at: errors can be very long.
	maxRead = 4096
	// gone stands where something unstable was, or where text was cut off.
	gone = "…"
)

// fit cuts a text off so that it and the suffix together are at most maxMessage
// characters.
func fit(text, suffix string) string { return fitTo(maxMessage, text, suffix) }

// fitLine is fit for a line that names the object first.
func fitLine(text, suffix string) string { return fitTo(maxLine, text, suffix) }

func fitTo(most int, text, suffix string) string {
	room := most - utf8.RuneCountInString(suffix)
	if utf8.RuneCountInString(text) > room {
		text = strings.TrimRight(string([]rune(text)[:room-1]), " ") + gone
	}
	return text + suffix
}

// A form is text that differs between two reports of the same fact. Of what matches, the first group
// stays and the rest is lost.
type form struct {
	// needs are words, in lower case, of which a text must have one to match: looking for them
	// takes a small part of the time that the expression takes.
	needs []string
	*regexp.Regexp
}

func (f form) mayMatch(lower string) bool {
	return slices.ContainsFunc(f.needs, func(word string) bool { return strings.Contains(lower, word) })
}

// unstable are the forms that are known. Each has a digit.
var unstable = []form{
	// Moments: 2026-01-02T15:04:05Z, 2026-01-02 15:04:05.999 +0000 UTC m=+0.1, 3:04:05 PM.
	{[]string{":"}, regexp.MustCompile(`()\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?: ?(?:Z\b|[+-]\d{2}:?\d{2}))?(?: UTC)?(?: m=[+-][\d.]+)?`)},
	{[]string{":"}, regexp.MustCompile(`()\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)? ?(?:[AP]M\b)?| ?[AP]M\b)`)},
	// Labelled identifiers: "RequestId: 4f0c…", "trace_id=4bf92f35".
	{[]string{"id"}, regexp.MustCompile(`(?i)(\b(?:request|correlation|trace|span|activity|operation)[-_ ]?id["']?(?: is)?[:= ]+)["'\[(]?[\w./+-]*\d[\w./+-]*["'\])]?`)},
	// Counted attempts: "attempt #2", "retried 5 times".
	{[]string{"attempt", "retr"}, regexp.MustCompile(`(?i)(\b(?:attempt|retry|retried)[ #:]{1,2})\d+(?: times?)?`)},
	// Client side of a connection: its port is new each time.
	{[]string{"->"}, regexp.MustCompile(`()(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d+->`)},
	// Measured durations: 1.234s, 12ms. Whole seconds and minutes are settings unless a word says otherwise.
	{[]string{"s", "m", "h"}, regexp.MustCompile(`()\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+(?:[nuµm]s|[smh])|[nuµm]s)\b`)},
	{[]string{"in", "after", "for", "took", "elap", "off", "ago"}, regexp.MustCompile(`(?i)(\b(?:in|after|for|took|elapsed|back-?off|ago)[: ]+)(?:\d+[hms])+\b`)},
	// Addresses in memory.
	{[]string{"0x"}, regexp.MustCompile(`()\b0x[0-9a-fA-F]{6,}\b`)},
}

// uuid is a UUID that is not part of a longer name.
var uuid = regexp.MustCompile(`(^|[^\w.-])([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\b`)

// A cleaner makes messages fit to be stored: one line, and equal as long as the
// fact is the same.
type cleaner struct {
	known map[string]bool // UUIDs of the environment itself: stable, and needed in instructions
}

func newCleaner(r Report) cleaner {
	c := cleaner{known: map[string]bool{string(r.Env.UID): true}}
	for _, children := range [][]v1alpha1.Child{r.Children, r.Env.Status.Children} {
		for _, child := range children {
			c.known[string(child.UID)] = true
		}
	}
	if secrets := r.Env.Spec.Secrets; secrets != nil && secrets.Store.AzureKeyVault != nil {
		c.known[secrets.Store.AzureKeyVault.TenantID] = true
	}
	for _, namespace := range r.Env.Spec.Namespaces {
		for _, account := range namespace.ServiceAccounts {
			if account.AzureClientID != nil {
				c.known[*account.AzureClientID] = true
			}
		}
	}
	return c
}

// clean is the text in one line, without control characters and without what
// changes while nothing happens.
func (c cleaner) clean(text string) string {
	if text == "" {
		return "" // of most objects there is nothing to say
	}
	if len(text) > maxRead {
		text = text[:maxRead]
	}
	text = strings.Map(printable, strings.ToValidUTF8(text, ""))
	text = withoutUnstable(text)
	text = uuid.ReplaceAllStringFunc(text, func(match string) string {
		parts := uuid.FindStringSubmatch(match)
		if c.known[parts[2]] {
			return match
		}
		return parts[1] + gone
	})
	return strings.Join(strings.Fields(text), " ")
}

func withoutUnstable(text string) string {
	if !strings.ContainsAny(text, "0123456789") {
		return text
	}
	lower := strings.ToLower(text)
	for _, form := range unstable {
		if form.mayMatch(lower) {
			text = form.ReplaceAllString(text, "${1}"+gone)
		}
	}
	return text
}

// printable turns control characters into spaces and drops invisible ones, such
// as those that reverse the direction of text.
func printable(r rune) rune {
	switch {
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}
