package component

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxMessage is the length of messages in status, in bytes.
const maxMessage = 256

// shorten cuts a message to maxMessage bytes.
func shorten(message string) string {
	return shortenTo(message, maxMessage)
}

// shortenTo cuts a text to a number of bytes, on a rune boundary.
func shortenTo(message string, most int) string {
	if len(message) <= most {
		return message
	}
	const ellipsis = "…"
	cut := most - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut] + ellipsis
}

// attempts is a count that rises while nothing else changes.
var attempts = regexp.MustCompile(` \(retried \d+ times\)`)

// withCause puts somebody's error text between the operator's own words, on one
// line, without counts, and cut so that what to do about it is never cut.
func withCause(before, cause, after string) string {
	plain := attempts.ReplaceAllString(oneLine(cause), "")
	room := max(maxMessage-len(before)-len(after), minCause)
	return shorten(before + shortenTo(plain, room) + after)
}

// minCause is what is left of a cause at least.
const minCause = 40

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
