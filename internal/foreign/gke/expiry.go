// Package gke holds the little that the operator must understand of GKE's
// ManagedCertificate (networking.gke.io/v1).
package gke

import "time"

// Expiry turns status.expireTime, which Google writes in its own time zone, into
// RFC 3339 in UTC, to the second. What is no time is the empty string.
func Expiry(expireTime string) string {
	expires, err := time.Parse(time.RFC3339, expireTime)
	if err != nil {
		return ""
	}
	return expires.UTC().Format(time.RFC3339)
}
