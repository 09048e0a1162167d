package infer

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// credentials are a user and a password in a URL.
var credentials = regexp.MustCompile(`://[^/@\s"']+@`)

// OneLine is a text that stays within a comment and within a line of a terminal, whoever wrote it: what ends a line to some
// reader, and what nobody sees, is escaped, and users and passwords in URLs are not shown.
func OneLine(text string) string {
	text = credentials.ReplaceAllString(text, "://...@")
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return out.String()
}
