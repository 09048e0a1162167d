package controller

import (
	"context"
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A roll goes through all objects of a kind, past the cache, for several passes at once. Whoever asks is
// answered by a round that begins after the question, as if it had asked alone; who asks during a round
// shares the next one. Without that, deleting a thousand environments would read all Applications of the
// cluster some thousand times.
type roll struct {
	// read calls each for every object there is.
	read func(ctx context.Context, each func(*unstructured.Unstructured)) error

	mu      sync.Mutex
	next    *round
	running bool
}

// A round goes through all objects once.
type round struct {
	done chan struct{}
	err  error // once it is done

	mu        sync.Mutex
	questions map[*question]bool
}

// A question is which objects somebody wants to have.
type question struct {
	keep func(*unstructured.Unstructured) bool
	kept []unstructured.Unstructured
	err  error // keep has panicked
}

// ask returns copies of the objects that keep is true of. It calls keep from another goroutine, and never
// after it has returned.
func (r *roll) ask(ctx context.Context, keep func(*unstructured.Unstructured) bool) ([]unstructured.Unstructured, error) {
	markAsked(ctx)
	q := &question{keep: keep}
	joined := r.join(q)
	select {
	case <-joined.done:
		for _, err := range []error{q.err, joined.err} {
			if errors.Is(err, errPanicked) {
				panic(err)
			}
		}
		return q.kept, joined.err
	case <-ctx.Done():
		joined.leave(q)
		return nil, context.Cause(ctx)
	}
}

func (r *roll) join(q *question) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &round{done: make(chan struct{}), questions: map[*question]bool{}}
	}
	r.next.questions[q] = true
	if !r.running {
		r.running = true
		go r.run()
	}
	return r.next
}

// run makes one round after the other until nobody asks any more.
func (r *roll) run() {
	for {
		r.mu.Lock()
		now := r.next
		r.next, r.running = nil, now != nil
		r.mu.Unlock()
		if now == nil {
			return
		}
		now.make(r.read)
	}
}

func (r *round) make(read func(context.Context, func(*unstructured.Unstructured)) error) {
	defer close(r.done)
	ctx, cancel := context.WithTimeout(context.Background(), passTimeout) // who asked first may leave before the others
	defer cancel()
	defer recovered(&r.err) // nobody else could; each of those who asked panics with it
	r.err = read(ctx, r.show)
}

// show puts an object to those who still wait.
func (r *round) show(object *unstructured.Unstructured) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for q := range r.questions {
		q.see(object)
	}
}

// see panics with who asked, and with nobody else.
func (q *question) see(object *unstructured.Unstructured) {
	if q.err != nil {
		return
	}
	defer recovered(&q.err)
	if q.keep(object) {
		q.kept = append(q.kept, *object.DeepCopy())
	}
}

func (r *round) leave(q *question) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.questions, q)
}
