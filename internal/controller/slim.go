package controller

import (
	"slices"
	"strings"
	"sync"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// common are the strings that cached objects have in common.
var common = &vocabulary{words: map[string]string{}, room: 1 << 20}

// A vocabulary gives equal strings one place in memory. Package unique would not: it forgets a string as
// soon as nobody holds its handle, and in a burst of work memory is collected many times a second.
type vocabulary struct {
	mu    sync.RWMutex
	words map[string]string
	room  int // how many bytes of words there is room for
}

// of is the string, of which there is one copy unless the vocabulary is full.
func (v *vocabulary) of(word string) string {
	v.mu.RLock()
	known, found := v.words[word]
	room := v.room
	v.mu.RUnlock()
	if found {
		return known
	}
	if len(word) > room {
		return word
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, found = v.words[word]; !found {
		known = strings.Clone(word) // the word may be a part of something large
		v.words[known] = known
		v.room -= len(known)
	}
	return known
}

// slim is the cache transform of AppEnvironments: most of one is its status, and most of that are words
// which all have in common, each decoded into memory of its own, in slices with room to grow.
func slim(in any) (any, error) {
	env, ok := in.(*v1alpha1.AppEnvironment)
	if !ok {
		return in, nil
	}
	env.ManagedFields = nil
	status := &env.Status
	status.Conditions, status.Children = slices.Clone(status.Conditions), slices.Clone(status.Children)
	for i := range status.Conditions {
		c := &status.Conditions[i]
		c.Type, c.Reason = common.of(c.Type), common.of(c.Reason)
	}
	for i := range status.Children {
		c := &status.Children[i]
		c.APIVersion, c.Kind, c.Reason = common.of(c.APIVersion), common.of(c.Kind), common.of(c.Reason)
		c.Origin, c.State = v1alpha1.Origin(common.of(string(c.Origin))), v1alpha1.ChildState(common.of(string(c.State)))
		for _, namespace := range env.Spec.Namespaces {
			if namespace.Name == c.Namespace {
				c.Namespace = namespace.Name
			}
		}
	}
	return env, nil
}
