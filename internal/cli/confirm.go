package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// The parts that are no item of the spec.
const (
	wholeEnvironment = "deletion"
	endOfProtection  = "protection"
)

func newConfirm(streams Streams, c *cluster) *cobra.Command {
	return &cobra.Command{
		Use:   "confirm NAME [PART...]",
		Short: "Confirm removals from a protected environment",
		Long: `Confirm removals from a protected environment: its deletion, the end of its protection, or the removal of parts of it, as
status.pendingRemovals lists them. Without parts it lists what can be confirmed, and confirms nothing.

A part is named as it is listed, such as apps/app1, deletion or protection. A confirmation holds for one generation:
whatever changes afterwards needs another one. Where the operator's admission policies are installed, a deletion is confirmed
before it is asked for, and the end of the protection before it is written.`,
		Example: `  # What waits?
  kubectl appenv confirm hoge-prod

  # Remove the app that has left the spec, and nothing else
  kubectl appenv confirm hoge-prod apps/app1

  # Delete the environment
  kubectl appenv confirm hoge-prod deletion && kubectl delete appenv hoge-prod`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := c.connect(); err != nil {
				return err
			}
			env, err := c.get(command.Context(), arguments[0])
			if err != nil {
				return err
			}
			if env.Status.ObservedGeneration != env.Generation {
				return errors.New("the operator has not looked at the last change yet, so what waits is not known; try again in a moment")
			}
			if len(arguments) == 1 {
				_, err := streams.Out.Write([]byte(pending(env)))
				return err
			}
			given, err := c.confirm(command.Context(), env, arguments[1:])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(streams.Out, "%s: confirmed %s\n", env.Name, strings.Join(given, ", "))
			return err
		},
	}
}

// busy is how patiently an environment is written whose status changes at the same time: five seconds in all.
var busy = wait.Backoff{Steps: 9, Duration: 20 * time.Millisecond, Factor: 2, Jitter: 0.1}

// confirm writes the confirmations of parts of the environment as it was read. The operator may write its status in between;
// a change of the spec is another matter: nobody has seen what would be confirmed then.
func (c *cluster) confirm(ctx context.Context, env *v1alpha1.AppEnvironment, parts []string) (given []string, err error) {
	now := env
	err = retry.RetryOnConflict(busy, func() error {
		words, confirmed, err := confirmations(now, parts)
		if err != nil {
			return err
		}
		given = confirmed
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"resourceVersion": now.ResourceVersion, // so that no word is lost that somebody else writes
			"annotations":     map[string]string{v1alpha1.AnnotationConfirm: strings.Join(words, ",")},
		}})
		if err != nil {
			return err
		}
		conflict := c.patch(ctx, env.Name, patch)
		if !apierrors.IsConflict(conflict) {
			return conflict
		}
		if now, err = c.get(ctx, env.Name); err != nil {
			return err
		}
		if now.UID != env.UID || now.Generation != env.Generation {
			return fmt.Errorf("AppEnvironment %s has changed in this moment, and nothing was confirmed; look at what waits, and try again", env.Name)
		}
		return conflict
	})
	return given, err
}

// A removal can be confirmed.
type removal struct {
	part string
	word string // what the annotation must hold
	why  string // empty when it waits
}

// removals are what can be confirmed: what waits, and, while the environment is protected, what the admission policies
// refuse before anything waits.
func removals(env *v1alpha1.AppEnvironment) []removal {
	var all []removal
	for _, word := range env.Status.PendingRemovals {
		part, _, _ := strings.Cut(word, "@")
		if part == string(env.UID) {
			part = wholeEnvironment
		}
		all = append(all, removal{part: part, word: word})
	}
	add := func(part, word, why string) {
		if !slices.ContainsFunc(all, func(r removal) bool { return r.part == part }) {
			all = append(all, removal{part, word, why})
		}
	}
	if env.Spec.Protection == v1alpha1.ProtectionConfirm || env.Status.Protection == v1alpha1.ProtectionConfirm {
		add(wholeEnvironment, fmt.Sprintf("%s@%d", env.UID, env.Generation), "to be confirmed before it is deleted")
	}
	if env.Spec.Protection == v1alpha1.ProtectionConfirm {
		add(endOfProtection, fmt.Sprintf("%s@%d", endOfProtection, env.Generation+1), "to be confirmed before spec.protection is set to None, as the next change")
	}
	return all
}

// pending lists what can be confirmed.
func pending(env *v1alpha1.AppEnvironment) string {
	all := removals(env)
	if len(all) == 0 {
		return env.Name + ": no removal waits for a confirmation\n"
	}
	var out strings.Builder
	for _, r := range all {
		why := r.why
		if why == "" {
			why = "waits"
		}
		fmt.Fprintf(&out, "%s: %s; kubectl appenv confirm %s %s\n", r.part, why, env.Name, r.part)
	}
	return out.String()
}

// confirmations are the words of the annotation, and those of them that are given now. What was confirmed before and is
// still good stays: it may be about to be carried out.
func confirmations(env *v1alpha1.AppEnvironment, parts []string) (words, given []string, err error) {
	for _, word := range strings.Split(env.Annotations[v1alpha1.AnnotationConfirm], ",") {
		if word = strings.TrimSpace(word); isGood(env, word) {
			words = append(words, word)
		}
	}
	all := removals(env)
	for _, part := range parts {
		i := slices.IndexFunc(all, func(r removal) bool {
			what, _, _ := strings.Cut(r.word, "@")
			return r.part == part || r.word == part || what == part
		})
		if i < 0 {
			return nil, nil, fmt.Errorf("%s is none of the removals that can be confirmed\n%s", part, strings.TrimSuffix(pending(env), "\n"))
		}
		if given = append(given, all[i].word); !slices.Contains(words, all[i].word) {
			words = append(words, all[i].word)
		}
	}
	return words, given, nil
}

// isGood says whether a confirmation still holds, or will with the next change.
func isGood(env *v1alpha1.AppEnvironment, word string) bool {
	generations := []int64{env.Generation, env.Generation + 1}
	if !env.DeletionTimestamp.IsZero() {
		generations = append(generations, env.Generation-1)
	}
	return slices.ContainsFunc(generations, func(generation int64) bool { return strings.HasSuffix(word, fmt.Sprintf("@%d", generation)) })
}
