// Package upkeep holds what keeps the repository and its releases in order to what it says: workflows,
// issue forms, the configuration of Renovate, the changelog, the preparation of a release, and the checks of what
// the operator is made of. It runs scripts, and steps of workflows, in temporary Git repositories or on databases
// of its own; nothing reaches a network or the user's settings.
package upkeep
