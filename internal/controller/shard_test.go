package controller

import (
	"context"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func shardOf(t *testing.T, selector string) *shard {
	t.Helper()
	s, err := newShard(selector)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachShardHasALeaseOfItsOwn(t *testing.T) {
	if got := shardOf(t, "").lease(); got != leaderElectionID {
		t.Errorf("without a selector the lease is %s; replicas of earlier releases compete for %s", got, leaderElectionID)
	}
	for name, test := range map[string]struct {
		one, other string
		same       bool
	}{
		"another value":               {"shard=a", "shard=b", false},
		"the opposite":                {"shard=a", "shard!=a", false},
		"one more requirement":        {"shard=a", "shard=a,tier=prod", false},
		"the same with other spacing": {"shard in (a,b)", " shard  in ( a , b ) ", true},
		"the same in another order":   {"tier=prod,shard in (b,a)", "shard in (a,b),tier=prod", true},
	} {
		t.Run(name, func(t *testing.T) {
			one, other := shardOf(t, test.one).lease(), shardOf(t, test.other).lease()
			if (one == other) != test.same {
				t.Errorf("%q has %s, %q has %s", test.one, one, test.other, other)
			}
			if problems := validation.IsDNS1123Subdomain(one); len(problems) > 0 || one == leaderElectionID {
				t.Errorf("%s is no name for the lease of a shard: %v", one, problems)
			}
		})
	}
	// Written down, so that no release gives a running shard another lease.
	if got, want := shardOf(t, "shard=a").lease(), leaderElectionID+"-3d8dfb268d"; got != want {
		t.Errorf("shard=a has %s, want %s", got, want)
	}
}

func TestAShardKeepsWhatItsSelectorMatches(t *testing.T) {
	for name, test := range map[string]struct {
		selector string
		labels   map[string]string
		want     bool
	}{
		"everything without a selector":     {"", nil, true},
		"the label":                         {"shard=a", map[string]string{"shard": "a"}, true},
		"another value":                     {"shard=a", map[string]string{"shard": "b"}, false},
		"no label":                          {"shard=a", nil, false},
		"the rest, which has another value": {"shard notin (a,b)", map[string]string{"shard": "c"}, true},
		"the rest, which has no label":      {"shard notin (a,b)", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			env := &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Labels: test.labels}}
			if got := shardOf(t, test.selector).keeps(env); got != test.want {
				t.Errorf("%q keeps %v: %t", test.selector, test.labels, got)
			}
		})
	}
}

func TestAHandOverEndsThePassOverThatEnvironmentAlone(t *testing.T) {
	s, failure := shardOf(t, "shard=a"), errors.New("refused")
	mine, end := s.begin(t.Context(), "mine")
	theirs, endTheirs := s.begin(t.Context(), "theirs")
	defer endTheirs()

	s.handOver("theirs")
	s.handOver("unknown")
	if mine.Err() != nil || !errors.Is(unlessHandedOver(mine, failure), failure) {
		t.Errorf("a pass over another environment ended: %v", context.Cause(mine))
	}
	if theirs.Err() == nil || unlessHandedOver(theirs, failure) != nil {
		t.Errorf("the pass goes on, or its end counts as a failure: %v", context.Cause(theirs))
	}

	end()
	if len(s.passes) != 1 {
		t.Errorf("%d passes are remembered, and one runs", len(s.passes))
	}
	if !errors.Is(unlessHandedOver(mine, failure), failure) {
		t.Error("the error of a pass is dropped because the pass is over")
	}
}
