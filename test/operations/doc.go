// Package operations changes environments as their users do, rightly and wrongly, and takes each change back: what Acto
// calls operations and their reversals (https://github.com/xlab-uiuc/acto).
//
// An operation is one change to a spec that the API server accepts. Each is there while it is done, and gone when it is
// taken back; a spec is what all operations that are done make of a base. A seed decides which are done to which
// environment, in which order, how many at a time (of wrong ones one, so that each is named), and how: in one edit, back and forth, while the environment is
// paused or observed, or before it is created at all.
//
// After every edit the environment must come to where a new one with the same spec comes, by content, managers
// and status, without anything made again that it had and still asks for. If an operation is wrong (a branch that
// nobody pushed, a namespace that is somebody's, a store that does not exist), the environment must name the cause, and
// keep everything it had that it still asks for; taken back, it must recover by itself: nothing here ever restarts the
// operator, or deletes anything of an environment.
//
// That every field of the spec that may change is operated on is a test of its own: a field that the API gets needs an
// operation.
package operations
