package gke

import "testing"

func TestExpiry(t *testing.T) {
	tests := map[string]struct{ given, want string }{
		"Google's time zone becomes UTC": {"2026-11-30T02:35:23.000-08:00", "2026-11-30T10:35:23Z"},
		"UTC stays":                      {"2026-11-30T10:35:23Z", "2026-11-30T10:35:23Z"},
		"no time is nothing":             {"soon", ""},
		"nothing is nothing":             {"", ""},
		"in UTC before the first year":   {"0000-01-01T00:00:00+23:59", ""},
		"in UTC after the last year":     {"9999-12-31T23:59:59-23:59", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Expiry(test.given); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
