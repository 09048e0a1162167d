// Package boundary kills the operator around each of its writes, and shows it what no longer is.
//
// A journey takes an environment from one state to another: it is created, changed, adopted, pruned, released,
// repaired or torn down. An undisturbed run of it shows which writes the operator makes. Then the journey is made
// once more for each of them with the operator dying before that write reaches the API server, and once with it
// dying after, before it learns so. A new operator with an empty memory goes on. Whatever the boundary, the end must
// be that of the undisturbed run: the same objects with the same content, owned by the same managers, and
// where they were there before, the same ones. So no intermediate state is left out.
//
// Besides, an operator is shown what was: after it has been stopped, and something else has come, it is started again
// with caches that are filled as of before. And journeys are made while every event comes late, twice, and out of order
// between kinds. Neither may change anything.
//
// The journeys are made on one real API server, many at once, each with an environment and an operator of its own.
package boundary
