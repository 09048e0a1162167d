package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
	"github.com/appenv/appenv-operator/internal/status"
)

// Reconciler brings one environment at a time to what its spec asks for.
type Reconciler struct {
	client   client.Client
	cache    client.Reader // what client reads from, without waiting for what it wrote
	reader   client.Reader // past the cache
	applier  *apply.Applier
	apis     *apis
	recorder events.EventRecorder
	config   config.Config
	shard    *shard
	settings component.Settings
	echoes   echoes
	// applications are asked for past the cache.
	applications roll
	passes       atomic.Int64 // that looked at more than resource versions
	now          func() time.Time

	mu       sync.Mutex
	memories map[types.UID]*memory
}

// A memory is what is worth knowing of an environment between two passes, and can
// be lost at any time: it only saves requests.
type memory struct {
	name string // of the environment
	// refused are the objects that were somebody else's when last looked at: they are
	// read before they are created.
	refused map[component.Key]bool
	// verified are the resource versions of objects in the cache that are not what is on record, and are so.
	verified map[component.Key]string
	// stored are the resource versions that were written and that the cache is yet to show.
	stored map[component.Key]string
	// writings are the Secrets that ExternalSecrets have written.
	writings map[component.Key]writing
	// refusals are writes that failed, so that events do not repeat them at once.
	refusals map[component.Key]refusal
	// contentions are fields that others took back.
	contentions map[component.Key]contention
	// causes are the causes of what fails of External Secrets, and why Pods are refused,
	// from Events.
	causes map[component.Key]*cause
	// nudge counts how often Argo CD was asked to look at the ApplicationSet again; nil
	// when there is no need to.
	nudge *cause
	// quiet is the last pass, if it was quiet.
	quiet *quiet
	// unwritten is how many writes of the status have failed in a row.
	unwritten int
	// behind is the resource version with which a pass was too late last, and how long it waited then.
	behind      string
	behindDelay time.Duration
	// waited says that the first report was put off, see reportsLater.
	waited bool
	// created are the UIDs of objects that were created and whose entries do not have them yet,
	// and since when.
	created      map[component.Key]types.UID
	createdSince time.Time
}

// marks are the labels and annotations of ownership.
var marks = apply.Marks{
	ManagedByLabel: v1alpha1.LabelManagedBy,
	ManagedByValue: v1alpha1.ManagedByValue,
	OwnerLabel:     v1alpha1.LabelEnvironment,
	UIDAnnotation:  v1alpha1.AnnotationOwnerUID,
}

// Reconcile makes one pass over an environment: gather, decide, write, prune, report.
func (r *Reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	ctx, end := r.shard.begin(ctx, req.Name)
	defer end()
	defer r.echoes.begin(req.Name)()
	cached := &v1alpha1.AppEnvironment{}
	err := r.client.Get(ctx, req.NamespacedName, cached, client.UnsafeDisableDeepCopy)
	if err != nil {
		return reconcile.Result{}, r.forgetMissing(req.Name, err)
	}
	if !r.shard.keeps(cached) {
		r.forgetHandedOver(cached)
		return reconcile.Result{}, nil
	}
	if r.memoryOf(cached).quiet.holds(ctx, r, cached) {
		return reconcile.Result{}, nil
	}
	ctx, asked := asking(ctx)
	r.passes.Add(1)
	p := r.begin(cached.DeepCopy())
	p.contain(apply.Guarded(ctx, p.certain), p.run)
	result, err := p.finish(ctx)
	p.remember(asked.Load())
	return result, unlessHandedOver(ctx, err)
}

// forgetMissing drops what is remembered of an environment that is gone.
func (r *Reconciler) forgetMissing(name string, err error) error {
	if apply.IsAbsent(err) {
		r.dropMemory(name)
		forget(name)
		return nil
	}
	return fmt.Errorf("reading the AppEnvironment: %w", err)
}

// A pass is one look at one environment. Its steps share it.
type pass struct {
	*Reconciler
	client *looks
	served int64 // see apis.revision
	env    *v1alpha1.AppEnvironment
	seen   string // the resource version that it began with
	owner  apply.Owner
	memory *memory

	in      component.Input
	records records
	held    held                                         // names that stay this environment's
	live    map[component.Key]*unstructured.Unstructured // by cache or past it; nil is known to be missing
	lost    claims                                       // names that another environment holds
	plans   []*plan

	// consenting are live objects that are not ours and may be taken over.
	consenting map[component.Key]bool
	// unread is what may not be written in this pass, and why: the object, or something
	// that decides what it should be, could not be read.
	unread map[component.Key]component.Health

	findings []status.Finding
	removing []status.Finding
	teardown *v1alpha1.Teardown
	recheck  time.Duration // zero is not at all
	leisure  time.Duration // the same, when there is time
	unseen   bool          // the cache is yet to have something that is ours
	errs     []error

	frozen  frozen   // what waits for a confirmation
	pending []string // the confirmations that would let it go

	suspended string                   // why spec.mode forbids writing
	foreseen  []v1alpha1.PlannedAction // what Enforce would do
	supposing bool                     // that whatever names nobody consents to be taken over; see Foresee

	taking map[component.Key]*unstructured.Unstructured // Applications that nobody generates and that consent

	certainty certainty

	keep bool // report nothing but the findings: the rest of the status stays
	done bool // there is nothing to report
}

// A plan is what one component should consist of, and how far that is.
type plan struct {
	component component.Component
	steps     []*step
	blocked   bool // nothing of it may be written
	applied   bool // everything of it is in place
	failed    bool // something of it is not in place although its API is served
}

func (r *Reconciler) begin(env *v1alpha1.AppEnvironment) *pass {
	p := &pass{
		Reconciler: r,
		client:     &looks{Client: r.client},
		served:     r.apis.revision(),
		env:        env,
		seen:       env.ResourceVersion,
		owner:      apply.Owner{Name: env.Name, UID: env.UID},
		memory:     r.memoryOf(env),
		records:    r.memoryOf(env).complete(recordsOf(env)),
		held:       held{apps: env.Status.AdmittedApps, records: env.Status.DNSNames},
		live:       map[component.Key]*unstructured.Unstructured{},
		consenting: map[component.Key]bool{},
		unread:     map[component.Key]component.Health{},
		taking:     map[component.Key]*unstructured.Unstructured{},
	}
	p.in = component.Input{
		Env: env, Settings: r.settings, Admitted: env.Status.AdmittedApps,
		Withheld: map[string]component.Health{}, Adopted: map[string]string{},
	}
	return p
}

// dropMemory forgets every environment that had the name.
func (r *Reconciler) dropMemory(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.memories, func(_ types.UID, m *memory) bool { return m.name == name })
}

func (r *Reconciler) memoryOf(env *v1alpha1.AppEnvironment) *memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.memories[env.UID] == nil {
		r.memories[env.UID] = &memory{name: env.Name, refused: map[component.Key]bool{}, verified: map[component.Key]string{}, refusals: map[component.Key]refusal{},
			stored: map[component.Key]string{}, writings: map[component.Key]writing{},
			contentions: map[component.Key]contention{}, causes: map[component.Key]*cause{}, created: map[component.Key]types.UID{}}
	}
	return r.memories[env.UID]
}

// run makes the steps of the pass, each of which needs the ones before it. Two of them
// can end it: without our finalizer and without the entries nothing may be created.
func (p *pass) run(ctx context.Context) {
	deleting := !p.env.DeletionTimestamp.IsZero()
	p.suspended = suspensionOf(p.env)
	switch {
	case deleting && p.suspended != "" && len(p.records) > 0:
		p.waitWhileSuspended()
		return
	case deleting && len(p.records) > 0 && p.env.Status.Teardown == nil && p.mustWaitForConfirmation():
		p.waitForConfirmation()
		return
	case deleting:
		p.suspended = ""
		p.recall(ctx)
		p.identify()
		p.tearDown(ctx)
		return
	case p.suspended == v1alpha1.ReasonPaused:
		p.keep = true
		return
	case p.suspended == v1alpha1.ReasonObserving:
		p.gather(ctx)
		p.decide(ctx)
		p.observe(ctx)
		p.foresee(ctx)
		return
	}
	if err := p.hold(ctx); err != nil {
		p.done = apply.IsOutrun(err) || apply.IsAbsent(err)
		if !apply.IsAbsent(err) { // of what is gone its last event tells
			p.refuseAll(p.failed(err))
		}
		return
	}
	p.gather(ctx)
	p.decide(ctx)
	if err := p.record(ctx); err != nil {
		p.errs = append(p.errs, err)
		p.done = true // a report would be refused just the same
		return
	}
	if p.isDue() && p.certain(ctx) != nil {
		return
	}
	p.write(ctx)
	p.observe(ctx)
	p.prune(ctx)
}

// refuseAll reports what keeps the operator from doing anything about the environment,
// and stops nothing that exists.
func (p *pass) refuseAll(health component.Health) {
	p.keep = true
	p.found("", p.selfKey(), health)
}

func (p *pass) selfKey() component.Key {
	return component.Key{Group: v1alpha1.GroupVersion.Group, Kind: "AppEnvironment", Name: p.env.Name}
}

// hold puts our finalizer on the environment before anything is created for it.
func (p *pass) hold(ctx context.Context) error {
	if controllerutil.ContainsFinalizer(p.env, v1alpha1.Finalizer) {
		return nil
	}
	return p.patchFinalizer(ctx, controllerutil.AddFinalizer)
}

func (p *pass) patchFinalizer(ctx context.Context, change func(client.Object, string) bool) error {
	before := p.env.DeepCopy()
	if !change(p.env, v1alpha1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := p.client.Patch(ctx, p.env, patch, client.FieldOwner(fieldManager)); err != nil {
		return fmt.Errorf("patching the finalizer: %w", err)
	}
	p.echoes.note(p.env)
	p.certainty.reached()
	return nil
}

// finish writes the status and says when to look again.
func (p *pass) finish(ctx context.Context) (reconcile.Result, error) {
	if err := p.certainty.missed(); err != nil {
		p.done = true // what it found rests on what was
		p.errs = []error{err}
	}
	switch {
	case p.done:
	case p.reportsLater():
		recordStatus(p.env)
	default:
		if err := p.report(ctx); err != nil {
			p.errs = append(p.errs, err)
		}
	}
	errs := slices.DeleteFunc(p.errs, apply.IsOutrun)
	if len(errs) < len(p.errs) {
		p.recheckIn(p.memory.outrun(p.seen)) // somebody was faster: look again
	}
	if len(errs) > 0 {
		return reconcile.Result{Priority: new(atOnce)}, errors.Join(errs...)
	}
	return p.again(), nil
}
