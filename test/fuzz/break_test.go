package fuzz

import (
	"maps"
	"math"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// maxBreaks is how many places of an object are broken at most.
const maxBreaks = 6

// brokenCopy is the object with other things in some of its places.
func brokenCopy(c *tape, object map[string]any, text string) map[string]any {
	object = runtime.DeepCopyJSON(object)
	for i := 0; i < maxBreaks && len(*c) > 0; i++ {
		places := placesOf(object)
		if len(places) == 0 {
			break
		}
		place := places[c.below(len(places))]
		place(anything(c, text))
	}
	return object
}

// placesOf are the places of a tree, each as what puts another thing there.
func placesOf(tree any) []func(any) {
	var places []func(any)
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			places = append(places, func(thing any) {
				if thing == absent {
					delete(tree, key)
				} else {
					tree[key] = thing
				}
			})
			places = append(places, placesOf(tree[key])...)
		}
	case []any:
		for i, item := range tree {
			places = append(places, func(thing any) {
				if thing != absent {
					tree[i] = thing
				}
			})
			places = append(places, placesOf(item)...)
		}
	}
	return places
}

// absent is put where nothing should be.
const absent = "\x00absent"

// anything is what JSON may hold.
func anything(c *tape, text string) any {
	things := []any{
		absent, nil, text, "", strings.Repeat(text, 300), "True", "False", "2026-09-01T00:00:00Z", "Deployment",
		int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), 1.5, 1e300, true, false,
		map[string]any{}, map[string]any{text: text}, map[string]any{"type": int64(3)},
		[]any{}, []any{nil, int64(1), text, map[string]any{}, []any{}}, []any{text, text}, []any{map[string]any{"type": "Ready", "status": "False", "reason": text, "message": text}},
	}
	var parsed any
	if utiljson.Unmarshal([]byte(text), &parsed) == nil {
		things = append(things, parsed, []any{runtime.DeepCopyJSONValue(parsed)})
	}
	return runtime.DeepCopyJSONValue(things[c.below(len(things))])
}
