package status

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func TestTextsThatChangeWhileNothingHappensAreTheSame(t *testing.T) {
	c := newCleaner(wellReport())
	for name, same := range map[string]struct{ one, other, want string }{
		"the request identifier of a cloud": {
			"unauthorized, Request ID: 5f2b1c3d-1111-4222-8333-123456789abc", "unauthorized, Request ID: 6a2b1c3d-1111-4222-8333-123456789abd",
			"unauthorized, Request ID: …",
		},
		"a request identifier that is no UUID": {
			`denied ("requestId": "x9Yz1", quota)`, `denied ("requestId": "q2Ab7", quota)`, `denied ("requestId": …, quota)`,
		},
		"a UUID without a label": {
			"failed 5f2b1c3d-1111-4222-8333-123456789abc", "failed 5f2b1c3d-1111-4222-8333-123456789abd", "failed …",
		},
		"a time with zone": {
			"since 2026-01-02T03:04:05Z it fails", "since 2026-01-02T03:04:06.789+09:00 it fails", "since … it fails",
		},
		"a time as Go prints it": {
			"at 2026-01-02 03:04:05.678 +0000 UTC m=+0.12", "at 2026-01-02 03:04:06 +0000 UTC m=+9.3", "at …",
		},
		"Argo CD's retries": {
			"failed. Retrying attempt #2 at 4:05PM.", "failed. Retrying attempt #3 at 11:06AM.", "failed. Retrying attempt #… at ….",
		},
		"Argo CD's count of retries": {
			"one or more objects failed to apply (retried 2 times).", "one or more objects failed to apply (retried 5 times).",
			"one or more objects failed to apply (retried …).",
		},
		"the port of a client": {
			"read tcp 10.0.0.1:51234->10.96.0.1:443: connection reset", "read tcp 10.0.0.1:51999->10.96.0.1:443: connection reset",
			"read tcp …10.96.0.1:443: connection reset",
		},
		"a measured duration": {
			"gave up in 1.234567s", "gave up in 12.5ms", "gave up in …",
		},
		"a longer measured duration": {
			"waited 1m30.5s", "waited 2h1m3.25s", "waited …",
		},
		"how long ago": {
			"back-off 40s restarting", "back-off 5m0s restarting", "back-off … restarting",
		},
		"an address in memory": {
			"value 0xc000123456", "value 0xc000999999", "value …",
		},
		"line breaks and tabs": {
			"one\n\ttwo\r\nthree", "one two three", "one two three",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.clean(same.one); got != same.want {
				t.Errorf("clean(%q) = %q, want %q", same.one, got, same.want)
			}
			if got := c.clean(same.other); got != same.want {
				t.Errorf("clean(%q) = %q, want %q", same.other, got, same.want)
			}
		})
	}
}

func TestTextsThatSaySomethingStay(t *testing.T) {
	r := wellReport()
	client := "11111111-2222-4333-8444-555555555555"
	r.Env.Spec.Namespaces[0].ServiceAccounts = []v1alpha1.ServiceAccount{{Name: "app1", AzureClientID: &client}}
	c := newCleaner(r)
	for _, text := range []string{
		`key "hoge-dev-app1" not found; create it in Secret Manager project my-project`,
		"kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
		"no federated credential of application " + client + " fits",
		"exceeded quota: hoge-dev, requested: requests.cpu=500m, used: requests.cpu=8, limited: requests.cpu=8",
		"the step takes longer than 5m0s",
		"volume pvc-5f2b1c3d-1111-4222-8333-123456789abc is bound elsewhere",
		"failed calling webhook: Post \"https://webhook.external-secrets.svc:443/validate?timeout=10s\": context deadline exceeded",
		"dial tcp 10.96.0.12:443: connect: connection refused",
		"image registry:5000/app1:3f2c1ab not found",
		"request ID not found in the answer",
		"日本語の名前",
	} {
		if got := c.clean(text); got != text {
			t.Errorf("clean(%q) = %q", text, got)
		}
	}
	if got := c.clean("owner-uid " + strangeUID); got != "owner-uid …" {
		t.Errorf("the UID of another environment stays: %q", got)
	}
}

func TestHostileTextIsHarmless(t *testing.T) {
	c := newCleaner(wellReport())
	for name, same := range map[string]struct{ text, want string }{
		"escape sequences":           {"\x1b[31mred\x07", "[31mred"},
		"invalid UTF-8":              {"a\xff\xfeb", "ab"},
		"reversed direction":         {"a\u202eb\u200bc", "abc"},
		"line and paragraph markers": {"a\u2028b\u2029c", "a b c"},
		"nothing at all":             {"\n\t \x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.clean(same.text); got != same.want {
				t.Errorf("clean(%q) = %q, want %q", same.text, got, same.want)
			}
		})
	}
	if got := c.clean(strings.Repeat("ü", 1<<20)); len(got) > maxRead || !utf8.ValidString(got) {
		t.Errorf("a megabyte stays %d bytes long, valid %v", len(got), utf8.ValidString(got))
	}
}

func FuzzClean(f *testing.F) {
	f.Add("failed 5f2b1c3d-1111-4222-8333-123456789abc at 2026-01-02T03:04:05Z after 1.5s\n")
	f.Add("Retrying attempt #2 at 4:05PM.")
	c := newCleaner(wellReport())
	f.Fuzz(func(t *testing.T, text string) {
		got := c.clean(text)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t\x00\x1b") {
			t.Errorf("clean(%q) = %q", text, got)
		}
		if n := utf8.RuneCountInString(fit(got, " (and 3 more)")); n > maxMessage {
			t.Errorf("%d characters", n)
		}
	})
}

// FuzzFormsAreLookedForWhereTheyMayBe holds the short cut of withoutUnstable to what it saves.
func FuzzFormsAreLookedForWhereTheyMayBe(f *testing.F) {
	for _, text := range []string{
		"at 2026-01-02 03:04:05.678 +0000 UTC m=+0.12", "at 4:05PM", "at 4:05 pm", `"REQUESTID": "x9Yz1"`, "Retrying attempt #2", "RETRIED 5 times",
		"[::1]:51999->10.96.0.1:443", "10ms", "1.5h", "2m3.5s", "AFTER 5m", "toOK: 5S", "elapſed 5s", "back-off 5s", "0xc000123456", "in 10K",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := text
		for _, form := range unstable {
			want = form.ReplaceAllString(want, "${1}"+gone)
		}
		if got := withoutUnstable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	})
}

func TestFit(t *testing.T) {
	for name, c := range map[string]struct{ text, suffix, want string }{
		"short text stays":             {"abc", "", "abc"},
		"just enough stays":            {strings.Repeat("é", 256), "", strings.Repeat("é", 256)},
		"one too many is cut":          {strings.Repeat("é", 257), "", strings.Repeat("é", 255) + "…"},
		"the suffix stays":             {strings.Repeat("x", 300), " (and 2 more)", strings.Repeat("x", 242) + "… (and 2 more)"},
		"no space before the ellipsis": {strings.Repeat("x", 250) + "     " + "yyy", "", strings.Repeat("x", 250) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fit(c.text, c.suffix); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
