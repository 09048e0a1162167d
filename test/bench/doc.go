// Program bench measures how fast the operator makes environments, keeps them and lets them go, and what that
// costs, beside a plain client (the floor) and kro, on a fresh control plane for each cell:
//
//	make bench                    everything for 50, 200 and 1000 environments
//	make bench RUN=burst N=200    what begins so, for so many environments; also RUN=burst,idle N=50,200
//	make bench RUN="burst operator" N=200 PROFILE=5   with CPU profiles of 5 seconds in .bench/profiles/
//
// State and logs are in .bench/. What was measured is printed, and written to .bench/results.json; UPDATE=1 writes
// the tables to RESULTS.md as well.
package main
