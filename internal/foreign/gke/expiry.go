// Package gke holds the little that the operator must understand of GKE's
// ManagedCertificate (networking.gke.io/v1).
package gke

import "time"

// Expiry turns status.expireTime, which Google writes in its own time zone, into
// RFC 3339 in UTC, to the second. What is no time is the empty string.
func Expiry(expireTime string) string {
	expires, err := time.Parse(time.RFC3339, expireTime)
	expires = expires.UTC()
	if err != nil || expires.Year() < 0 || expires.Year() > 9999 { // RFC 3339 has no other years
		return ""
	}
	return expires.Format(time.RFC3339)
}
