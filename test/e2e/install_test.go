package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/hack/local/repository"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

// The Applications of README, "Installing it".
const (
	selfApp         = "appenv"
	operatorApp     = "appenv-operator"
	environmentsApp = "appenv-environments"
)

const (
	// trunk is the branch of the operator's and of the platform team's repository.
	trunk = "main"
	// installLimit is how long Argo CD may take to do what Git says.
	installLimit = 3 * time.Minute
)

// installation is the operator as Argo CD installs it from a clone of this repository, by the commands of
// README: every scenario runs on it.
type installation struct {
	stack    *stack.Stack
	operator repository.Repository
	platform repository.Repository
	folder   string // the commands of README run in it
	deployed stack.Deployed
}

func newInstallation(s *stack.Stack) *installation {
	dir := s.Site.Dir
	return &installation{
		stack: s, operator: repository.At(dir, "appenv-operator"), platform: repository.At(dir, "platform"),
		folder: dir.State("install"),
	}
}

func (i *installation) steps() []progress.Step {
	dir := i.stack.Site.Dir
	controller := dir.Log("argocd-application-controller")
	return []progress.Step{
		{Name: "a Git clone of this repository, and a platform team's repository", Run: i.publish},
		{Name: `README, "Installing it", word by word`, Log: controller, Run: i.install},
		{Name: "a flag of the operator, by a commit", Log: controller, Run: i.addFlag},
		{Name: "the operator, as its Deployment says", Log: dir.Log(component.Operator), Run: i.run},
	}
}

// publish makes the repositories that the clones of README come from. The tag that the example asks for
// is put on what is tested.
func (i *installation) publish(ctx context.Context, r *progress.Reporter) error {
	root := i.stack.Site.Dir.Path()
	if err := i.operator.Mirror(ctx, root, trunk); err != nil {
		return err
	}
	release, err := releaseOf(root)
	if err != nil {
		return err
	}
	r.Done("the clone is tagged %s", release)
	return errors.Join(
		i.operator.Tag(ctx, trunk, release),
		i.platform.Init(ctx, trunk, "README.md", "What our platform team runs\n"),
		os.MkdirAll(i.folder, 0o755),
	)
}

// releaseOf is the targetRevision of the example's Application of the operator.
func releaseOf(root string) (string, error) {
	content, err := os.ReadFile(root + "/config/argocd/platform/appenv/operator.yaml")
	if err != nil {
		return "", err
	}
	_, after, found := strings.Cut(string(content), "targetRevision: ")
	if !found {
		return "", errors.New("the example's Application of the operator has no targetRevision")
	}
	release, _, _ := strings.Cut(after, "\n")
	return release, nil
}

func (i *installation) install(ctx context.Context, r *progress.Reporter) error {
	output, err := i.follow(ctx, "install")
	if err != nil {
		return err
	}
	r.Done("done; it ends with\n%s", strings.TrimSpace(lastLines(output, 4)))
	return nil
}

// addFlag makes deletions stall sooner: scenarios wait for that.
func (i *installation) addFlag(ctx context.Context, r *progress.Reporter) error {
	const path = "    path: config/default\n"
	flag := "--teardown-deadline=" + teardownDeadline.String()
	_, err := i.platform.Edit(ctx, trunk, "A flag", map[string]func(string) string{
		"appenv/operator.yaml": func(text string) string {
			return strings.Replace(text, path, path+`    kustomize:
      patches:
      - target: {kind: Deployment, name: controller-manager}
        patch: |
          - {op: add, path: /spec/template/spec/containers/0/args/-, value: "`+flag+`"}
`, 1)
		},
	})
	if err != nil {
		return err
	}
	again := i.noticing(selfApp, operatorApp)
	return r.Until(ctx, installLimit, func(ctx context.Context) (string, error) {
		if err := again(ctx); err != nil {
			return "", err
		}
		deployed, err := i.stack.Deployed(ctx)
		if err != nil {
			return "", err
		}
		if strings.Contains(strings.Join(deployed.Args, " "), flag) {
			return i.settled(ctx, selfApp, operatorApp)
		}
		return "the Deployment to have " + flag, nil
	})
}

func (i *installation) run(ctx context.Context, r *progress.Reporter) (err error) {
	i.deployed, err = i.stack.RunDeployed(ctx, r)
	return err
}

// follow runs a block of commands of README as it stands there, but for the two lines that are there to be
// edited: the URLs of the repositories.
func (i *installation) follow(ctx context.Context, block string) (string, error) {
	dir := i.stack.Site.Dir
	commands, err := readmeBlock(dir.Path("README.md"), block)
	if err != nil {
		return "", err
	}
	for line, url := range map[string]string{
		"PLATFORM=https://github.com/example/platform\n": i.platform.URL(), "OPERATOR=https://github.com/appenv/appenv-operator ": i.operator.URL(),
	} {
		name, _, _ := strings.Cut(line, "=")
		if block == "install" && strings.Count(commands, "\n"+line) != 1 {
			return "", fmt.Errorf("README, block %s, has no line that sets %s", block, name)
		}
		commands = strings.Replace(commands, "\n"+line, "\n"+name+"="+url+line[len(line)-1:], 1)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// Without -e, as in a terminal.
	cmd := exec.CommandContext(ctx, "bash", "-c", commands)
	cmd.Dir = i.folder
	cmd.Env = []string{
		"PATH=" + dir.Path("bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + i.folder, "KUBECONFIG=" + dir.Kubeconfig(), "KUBERC=off", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@example.com", "GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@example.com",
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("following README, block %s: %w:\n%s", block, err, output)
	}
	return string(output), nil
}

// readmeBlock is the block of commands behind a mark in README.
func readmeBlock(readme, mark string) (string, error) {
	content, err := os.ReadFile(readme)
	if err != nil {
		return "", err
	}
	_, after, found := strings.Cut(string(content), "<!-- followed by make e2e: "+mark+" -->\n```sh\n")
	commands, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		return "", fmt.Errorf("README has no block marked %q", mark)
	}
	return commands, nil
}

// applicationResource is Argo CD's resource of Applications.
var applicationResource = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}

// notice plays the Git server's webhook for Applications that are not the scenarios'.
func (i *installation) notice(ctx context.Context, apps ...string) error {
	for _, app := range apps {
		patch := `{"metadata":{"annotations":{"` + refreshAnnotation + `":"normal"}}}`
		_, err := i.stack.Cluster.Dynamic.Resource(applicationResource).Namespace(argoNamespace).
			Patch(ctx, app, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		if err != nil {
			return fmt.Errorf("refreshing Application %s: %w", app, err)
		}
	}
	return nil
}

// noticing plays a webhook that is heard for sure: now, and again every few seconds. A look that had begun
// before the commit answers a webhook too, and misses the commit.
func (i *installation) noticing(apps ...string) func(context.Context) error {
	var last time.Time
	return func(ctx context.Context) error {
		if time.Since(last) < 4*time.Second {
			return nil
		}
		last = time.Now()
		return i.notice(ctx, apps...)
	}
}

// verdict is what Argo CD says about an Application.
type verdict struct{ sync, health, phase, message string }

func (i *installation) verdict(ctx context.Context, app string) (verdict, error) {
	live, err := i.stack.Cluster.Dynamic.Resource(applicationResource).Namespace(argoNamespace).Get(ctx, app, metav1.GetOptions{})
	if err != nil {
		return verdict{}, fmt.Errorf("reading Application %s: %w", app, err)
	}
	field := func(path ...string) string {
		text, _, _ := unstructured.NestedString(live.Object, append([]string{"status"}, path...)...)
		return text
	}
	return verdict{
		field("sync", "status"), field("health", "status"), field("operationState", "phase"), field("operationState", "message"),
	}, nil
}

// settled says which of the Applications is not Synced and Healthy; "" when all are.
func (i *installation) settled(ctx context.Context, apps ...string) (waitingFor string, err error) {
	for _, app := range apps {
		v, err := i.verdict(ctx, app)
		if err != nil {
			return "", err
		}
		if v.sync != "Synced" || v.health != "Healthy" {
			return fmt.Sprintf("Application %s to be Synced and Healthy; it is %+v", app, v), nil
		}
	}
	return "", nil
}

// stopOperator plays the kubelet of a Pod that was deleted.
func (i *installation) stopOperator() error {
	return i.stack.Launcher.Table.Stop(component.Operator, launch.StopGrace)
}

func lastLines(text string, n int) string {
	lines := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}
