package config

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCommandLinesAreUnderstoodOrRefused: every command line gives a configuration that can work, or says why not.
func FuzzCommandLinesAreUnderstoodOrRefused(f *testing.F) {
	for _, line := range []string{
		"", "-h", "--version", "--", "-", "--=", "---a", "a", "--unknown=1",
		"--allowed-repositories=https://github.com/example/*,git@github.com:example/*", "--allowed-namespaces=[a-", "--allowed-namespaces=team-[a-z]*,**",
		"--allowed-google-service-accounts=*@my-project.iam.gserviceaccount.com\n--allowed-google-service-accounts=,", `--reserved-namespaces=\`,
		"--allowed-cluster-secret-stores= , ", "--watch-selector=shard notin (a,b)", "--watch-selector=((", "--argocd-namespace=\x00",
		"--concurrency=101", "--concurrency=99999999999999999999", "--teardown-deadline=-1s", "--recheck-interval=1e9h", "--log-level=10", "--log-format=xml",
		"--metrics-bind-address=[::1]:8443", "--metrics-bind-address=:99999", "--health-probe-bind-address=a:b:c", "--metrics-secure=maybe", "--metrics-cert-path=/a\n--metrics-secure=false",
		"--cloudflare-proxied-property={{.}}", "--leader-election-namespace=\u00e9",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		var args []string
		if lines != "" {
			args = strings.Split(lines, "\n")
		}
		cfg, err := Parse(args, io.Discard)
		switch {
		case errors.Is(err, ErrPrinted):
		case err != nil && err.Error() == "":
			t.Error("it is refused without a word")
		case err == nil:
			if err := cfg.Validate(); err != nil {
				t.Errorf("it is accepted and cannot work: %v", err)
			}
		}
	})
}

// FuzzPatternListsKeepTheirPatterns: a list that a flag takes is what stands between its commas.
func FuzzPatternListsKeepTheirPatterns(f *testing.F) {
	for _, text := range []string{"", " ", ",", "a,b", " a , b ", "https://github.com/example/*", "[a-z]", "[", `\`, "a\nb", "\u00a0", "**"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var values list
		if err := values.Set(text); err != nil {
			return
		}
		var again list
		if err := again.Set(values.String()); err != nil || again.String() != values.String() {
			t.Errorf("%q is %q, and then %q: %v", text, values, again, err)
		}
		for _, value := range values {
			if value == "" || strings.TrimSpace(value) != value || strings.Contains(value, ",") {
				t.Errorf("%q holds the pattern %q", text, value)
			}
			if err := patterns("allowed-namespaces", []string{value}); err != nil && utf8.ValidString(value) && !strings.ContainsAny(value, `[]\`) {
				t.Errorf("%q is refused: %v", value, err)
			}
		}
	})
}
