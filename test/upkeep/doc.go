// Package upkeep holds what keeps the repository and its releases in order to what it says: workflows,
// issue forms, the configuration of Renovate, the changelog and the preparation of a release. It runs
// scripts, and steps of workflows, in temporary Git repositories; nothing reaches a network or the user's
// settings.
package upkeep
