package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/test/fixture"
)

// A storm is everything that breaks.
type storm struct {
	*stage
	operators *operators
	proxy     *proxy
	scripts   []script
	outcome

	mutex  sync.Mutex
	counts map[string]int
	// servers is held while a server is being crashed, and crashes are when one began to and was back.
	servers sync.Mutex
	crashes []time.Time
	// removals counts the APIs that went, one after the other.
	removals int
}

// A fault is something that breaks, again and again.
type fault struct {
	name string
	// every is how long it is to the next time on average.
	every  time.Duration
	kills  bool // operators
	strike func(ctx context.Context, random *rand.Rand) error
}

func (s *storm) faults() []fault {
	return []fault{
		{"operator killed", 3 * time.Second, true, s.killOperator},
		{"API server crashed", 50 * time.Second, false, func(context.Context, *rand.Rand) error { return s.crash(s.plane.CrashAPIServer) }},
		{"etcd crashed", 50 * time.Second, false, func(context.Context, *rand.Rand) error { return s.crash(s.plane.CrashEtcd) }},
		{"controllers killed", 45 * time.Second, false, func(context.Context, *rand.Rand) error { return s.plane.KillControllers() }},
		{"storm of the proxy", 10 * time.Second, false, s.spoilRequests},
		{"two operators", 50 * time.Second, true, s.fight},
		{"API removed", 40 * time.Second, false, s.removeAPI},
		{"webhook failing", 25 * time.Second, false, s.failWebhook},
		{"quota full", 15 * time.Second, false, s.fillQuota},
	}
}

// killing is how much of a storm operators are killed in. The last ones live through the rest of it, so that what
// they leak is seen.
const killing = 0.7

// rage lets everything break until the context ends, and makes good what is broken then. It ends early when something
// cannot be broken, or not be made good.
func (s *storm) rage(ctx context.Context, seed uint64) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	early, cancel := context.WithTimeout(ctx, time.Duration(killing*float64(*duration)))
	defer cancel()
	var ends sync.WaitGroup
	failures := make(chan error, 100)
	for _, f := range s.faults() {
		ends.Go(func() {
			ctx, random := ctx, randomOf(seed, f.name)
			if f.kills {
				ctx = early
			}
			for sleep(ctx, time.Duration(random.Int64N(int64(2*f.every)))) {
				err := f.strike(ctx, random)
				if errors.Is(err, errNotNow) {
					continue
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					failures <- fmt.Errorf("%s: %w", f.name, err)
					stop()
					return
				}
				s.count(f.name)
			}
		})
	}
	ends.Go(func() {
		for sleep(ctx, time.Second) {
			if err := s.operators.keep(); err != nil {
				failures <- err
				stop()
				return
			}
		}
	})
	ends.Wait()
	s.proxy.set(false)
	close(failures)
	return <-failures
}

// errNotNow is for what cannot be broken at the moment.
var errNotNow = errors.New("it cannot be broken now")

// afterwards is for what has to be made good, whether the storm goes on or not.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

func (s *storm) count(what string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.counts[what]++
}

// sleep says whether the time passed before the context ended.
func sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

func (s *storm) killOperator(_ context.Context, random *rand.Rand) error {
	return s.operators.kill(random.IntN(2), time.Duration(random.IntN(1000))*time.Millisecond)
}

func (s *storm) crash(crash func() error) error {
	s.servers.Lock()
	defer s.servers.Unlock()
	s.crashes = append(s.crashes, time.Now())
	err := crash()
	s.crashes = append(s.crashes, time.Now())
	return err
}

func (s *storm) spoilRequests(ctx context.Context, random *rand.Rand) error {
	s.proxy.set(true)
	defer s.proxy.set(false)
	sleep(ctx, time.Duration(random.IntN(10000))*time.Millisecond)
	return nil
}

// fight lasts longer than a lease that was left behind.
func (s *storm) fight(ctx context.Context, _ *rand.Rand) error {
	if err := s.operators.fight(true); err != nil {
		return err
	}
	sleep(ctx, 40*time.Second)
	return s.operators.fight(false)
}

// optional are the CRDs of APIs that a cluster may lose.
var optional = []string{"managedcertificates.networking.gke.io", "certificates.cert-manager.io", "dnsendpoints.externaldns.k8s.io"}

var definitionGVK = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// removeAPI takes an API away, with everything in it, and brings it back.
func (s *storm) removeAPI(ctx context.Context, random *rand.Rand) error {
	s.removals++
	key := client.ObjectKey{Name: optional[s.removals%len(optional)]}
	late, done := afterwards(ctx) // what was taken away is brought back whatever happens
	defer done()
	definition := fixture.At(definitionGVK, key)
	if err := try(late, func() error { return s.plane.Client.Get(late, key, definition) }); err != nil {
		return err
	}
	if err := try(late, func() error {
		return orDone(s.plane.Client.Delete(late, fixture.At(definitionGVK, key)), apierrors.IsNotFound)
	}); err != nil {
		return err
	}
	sleep(ctx, time.Duration(random.IntN(8000))*time.Millisecond)
	again := fixture.At(definitionGVK, key)
	again.Object["spec"] = definition.Object["spec"]
	again.SetAnnotations(definition.GetAnnotations()) // Kubernetes' own groups need an approval
	return try(late, func() error {
		err := s.plane.Client.Create(late, again.DeepCopy())
		live := fixture.At(definitionGVK, key)
		if apierrors.IsAlreadyExists(err) && s.plane.Client.Get(late, key, live) == nil && live.GetDeletionTimestamp() == nil {
			return nil
		}
		return err
	})
}

// failWebhook refuses what is written to some kinds, as a webhook does whose Service is down.
func (s *storm) failWebhook(ctx context.Context, random *rand.Rand) error {
	rules := []admissionregistration.Rule{
		{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"namespaces", "serviceaccounts"}},
		{APIGroups: []string{"argoproj.io"}, APIVersions: []string{"v1alpha1"}, Resources: []string{"applicationsets", "appprojects"}},
		{APIGroups: []string{"external-secrets.io"}, APIVersions: []string{"v1"}, Resources: []string{"externalsecrets"}},
		{APIGroups: []string{"platform.appenv.dev"}, APIVersions: []string{"v1alpha1"}, Resources: []string{"appenvironments/status"}},
	}
	webhook := &admissionregistration.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "chaos"},
		Webhooks: []admissionregistration.ValidatingWebhook{{
			Name: "down.chaos.example.com", AdmissionReviewVersions: []string{"v1"}, TimeoutSeconds: ptr.To[int32](1),
			SideEffects: ptr.To(admissionregistration.SideEffectClassNone), FailurePolicy: ptr.To(admissionregistration.Fail),
			ClientConfig: admissionregistration.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:1/")},
			Rules: []admissionregistration.RuleWithOperations{{
				Operations: []admissionregistration.OperationType{admissionregistration.OperationAll}, Rule: rules[random.IntN(len(rules))],
			}},
		}},
	}
	return s.forAWhile(ctx, random, webhook, func() error { return nil })
}

// fillQuota lets nothing more into the namespace of an environment, and takes something away that has to be made again.
func (s *storm) fillQuota(ctx context.Context, random *rand.Rand) error {
	name := s.scripts[random.IntN(len(s.scripts))].name
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: full, Namespace: fixture.NamespaceOf(name)},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
			"count/serviceaccounts": resource.MustParse("0"), "count/externalsecrets.external-secrets.io": resource.MustParse("0"),
			"count/networkpolicies.networking.k8s.io": resource.MustParse("0"), "count/rolebindings.rbac.authorization.k8s.io": resource.MustParse("0"),
		}},
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "app1", Namespace: quota.Namespace}}
	return s.forAWhile(ctx, random, quota, func() error {
		quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, quota.Spec.Hard // there is no controller here that counts
		return errors.Join(s.plane.Client.Status().Update(ctx, quota), s.plane.Client.Delete(ctx, account))
	})
}

// full is the name of quotas that are.
const full = "full"

// forAWhile creates an object, does something, and deletes the object again. Where it cannot be there is no harm.
func (s *storm) forAWhile(ctx context.Context, random *rand.Rand, object client.Object, do func() error) error {
	unharmed := s.plane.Client.Create(ctx, object)
	if apierrors.IsAlreadyExists(unharmed) || apierrors.IsNotFound(unharmed) {
		return errNotNow
	}
	if unharmed == nil { // otherwise it may be there all the same
		unharmed = do()
	}
	sleep(ctx, time.Duration(2000+random.IntN(6000))*time.Millisecond)
	late, done := afterwards(ctx)
	defer done()
	if err := try(late, func() error { return orDone(s.plane.Client.Delete(late, object), apierrors.IsNotFound) }); err != nil {
		return err
	}
	if unharmed != nil {
		return errNotNow
	}
	return nil
}
