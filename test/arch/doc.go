// Package arch holds tests of the operator's shape: who may import whom, what the code never does,
// what the operator may do, and that the README tells what is so.
package arch
