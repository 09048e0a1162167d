package controller

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A book is what a roll reads. Each round reads what is there when it begins, and shows it when it is let go on.
type book struct {
	names  []string
	rounds int
	goOn   chan error
}

func (r *book) read(_ context.Context, each func(*unstructured.Unstructured)) error {
	r.rounds++
	names := slices.Clone(r.names)
	if err := <-r.goOn; err != nil {
		return err
	}
	for _, name := range names {
		u := &unstructured.Unstructured{Object: map[string]any{}}
		u.SetName(name)
		each(u)
	}
	return nil
}

type reply struct {
	names []string
	err   error
}

// asks has somebody ask for the objects of a name, and waits until the question is put.
func asks(ctx context.Context, r *roll, name string) <-chan reply {
	replies := make(chan reply, 1)
	go func() {
		kept, err := r.ask(ctx, func(u *unstructured.Unstructured) bool { return u.GetName() == name })
		var names []string
		for i := range kept {
			names = append(names, kept[i].GetName())
		}
		replies <- reply{names, err}
	}()
	synctest.Wait()
	return replies
}

func expect(t *testing.T, got reply, err error, names ...string) {
	t.Helper()
	if !errors.Is(got.err, err) || !slices.Equal(got.names, names) {
		t.Errorf("the answer is %v, %v; want %v, %v", got.names, got.err, names, err)
	}
}

func TestWhoAsksDuringARoundSharesTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &book{names: []string{"a"}, goOn: make(chan error)}
		r := &roll{read: all.read}
		first := asks(t.Context(), r, "b")
		all.names = []string{"a", "b"} // too late for the first round
		second, third := asks(t.Context(), r, "b"), asks(t.Context(), r, "a")
		all.goOn <- nil
		expect(t, <-first, nil)
		synctest.Wait()
		all.goOn <- nil
		expect(t, <-second, nil, "b")
		expect(t, <-third, nil, "a")
		if all.rounds != 2 {
			t.Errorf("three questions took %d rounds, want 2", all.rounds)
		}
		last := asks(t.Context(), r, "a")
		all.goOn <- nil
		expect(t, <-last, nil, "a")
	})
}

func TestAFailureIsOfItsRoundOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &book{names: []string{"a"}, goOn: make(chan error)}
		r := &roll{read: all.read}
		refused := errors.New("refused")
		first := asks(t.Context(), r, "a")
		second := asks(t.Context(), r, "a")
		all.goOn <- refused
		expect(t, <-first, refused)
		synctest.Wait()
		all.goOn <- nil
		expect(t, <-second, nil, "a")
	})
}

func TestWhoLeavesIsNotAskedAnyMoreAndKeepsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &book{names: []string{"a"}, goOn: make(chan error)}
		r := &roll{read: all.read}
		impatient, leave := context.WithCancelCause(t.Context())
		asked := false
		gone := make(chan error, 1)
		go func() {
			_, err := r.ask(impatient, func(*unstructured.Unstructured) bool { asked = true; return true })
			gone <- err
		}()
		synctest.Wait()
		cause := errors.New("handed over")
		leave(cause)
		if err := <-gone; !errors.Is(err, cause) {
			t.Errorf("it leaves with %v", err)
		}
		other := asks(t.Context(), r, "a")
		all.goOn <- nil
		synctest.Wait()
		all.goOn <- nil
		expect(t, <-other, nil, "a")
		if asked {
			t.Error("who left is asked")
		}
	})
}

func TestAnAnswerIsNoPartOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &book{names: []string{"a"}, goOn: make(chan error)}
		r := &roll{read: all.read}
		first := asks(t.Context(), r, "nobody")
		both := [2][]unstructured.Unstructured{}
		for i := range both {
			go func() { both[i], _ = r.ask(t.Context(), func(*unstructured.Unstructured) bool { return true }) }()
		}
		synctest.Wait()
		all.goOn <- nil
		<-first
		synctest.Wait()
		all.goOn <- nil
		synctest.Wait()
		both[0][0].SetName("changed")
		if name := both[1][0].GetName(); name != "a" {
			t.Errorf("a change of one answer changes the other: %s", name)
		}
	})
}
