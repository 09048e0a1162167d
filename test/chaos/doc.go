// Package chaos lets everything around the operator break while fifty environments change all the time, and holds it
// to what must be true nevertheless.
//
// A seed decides on a script: what is done to which environment, in which order and with which pauses. The script is
// played twice, each time on a control plane of its own with a real etcd, API server and the controllers of
// Kubernetes: once in peace, and once in a storm, in which the operator is killed, API server, etcd and Kubernetes'
// own controllers crash, what the operator asks is delayed, dropped, cut off and refused, two operators fight for
// the lease, the CRDs of optional APIs go, admission webhooks fail, quotas are full and namespaces hang.
//
// Both must end the same. In between, what the audit log of the storm says must have held: see invariants.
//
// The same seed gives the same script, and the same faults at the same times; which requests the proxy spoils, and
// what is under way when a fault strikes, differs from run to run, as it does in life.
package chaos
