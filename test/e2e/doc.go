// Package e2e holds what users live through, on real components: Kubernetes, Argo CD, External Secrets and
// external-dns run as processes of this machine, the operator among them under its own role. Only what
// Google and Cloudflare do is played by stand-ins, and a test that plays somebody says so. The operator is
// installed by Argo CD from a Git clone of this repository, by the commands of README; its Deployment's
// Pods are kwok's, and the suite runs what they would run.
//
// The scenarios stand in the list all. Each has an environment and, where it needs one, a Git repository of
// its own; those that stop a component run alone. `make e2e` runs them on both majors of Argo CD.
package e2e
