package overlay

import (
	"testing"

	"github.com/appenv/appenv-operator/test/golden"
)

// What is called x is named in some of these objects as a Secret, in some as a ServiceAccount, and in others as neither.
func TestNamesAreTakenForWhatTheFieldsAboveThemSay(t *testing.T) {
	for what, c := range map[string]struct {
		text            string
		secret, account bool
	}{
		"its own name":         {`{apiVersion: v1, kind: Service, metadata: {name: x, labels: {secret: x}}}`, false, false},
		"a selector":           {`{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: x}}}`, false, false},
		"a backend":            {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {defaultBackend: {service: {name: x}}}}`, false, false},
		"a target":             {`{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {scaleTargetRef: {name: x}}}`, false, false},
		"a certificate":        {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {tls: [{secretName: x}]}}`, true, false},
		"an annotation":        {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/auth-secret: hoge/x}}}`, true, false},
		"another annotation":   {`{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {example.com/team: x}}}`, false, false},
		"pull secrets":         {`{apiVersion: v1, kind: ServiceAccount, metadata: {name: x}, imagePullSecrets: [{name: x}]}`, true, false},
		"a subject":            {`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, subjects: [{kind: ServiceAccount, name: x}]}`, false, true},
		"another subject":      {`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, subjects: [{kind: Group, name: x}]}`, false, false},
		"a token":              {`{apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {kubernetes.io/service-account.name: x}}}`, false, true},
		"a rule for Secrets":   {`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{resources: [secrets], resourceNames: [x]}]}`, true, false},
		"a rule for others":    {`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{resources: [configmaps], resourceNames: [x]}]}`, false, false},
		"a gateway":            {`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}, spec: {listeners: [{tls: {certificateRefs: [{name: x}]}}]}}`, true, false},
		"a kind nobody knows":  {`{apiVersion: example.com/v1, kind: Job, metadata: {name: x}, spec: {credentials: x}}`, true, true},
		"below a selector":     {`{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: a}, spec: {selector: {secret: {name: x}}}}`, true, false},
		"below other things":   {`{apiVersion: example.com/v1, kind: DB, metadata: {name: a}, spec: {service: {secretName: x}, host: x}}`, true, false},
		"its labels":           {`{apiVersion: example.com/v1, kind: Job, metadata: {name: x}, spec: {template: {labels: {a: x}}, selector: {b: x}}}`, false, false},
		"a number, and a null": {`{apiVersion: example.com/v1, kind: Job, metadata: {name: x}, spec: {secretName: 1, secretRef: null}}`, false, false},
	} {
		u := golden.Object(t, c.text)
		if got := Names(u, "Secret", "x"); got != c.secret {
			t.Errorf("%s: as a Secret: %t", what, got)
		}
		if got := Names(u, "ServiceAccount", "x"); got != c.account {
			t.Errorf("%s: as a ServiceAccount: %t", what, got)
		}
	}
}

func TestControllersMakeSecretsThatAreCalledAsTheirObjects(t *testing.T) {
	for what, c := range map[string]struct {
		text string
		want bool
	}{
		"a database":         {`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg}}`, true},
		"a Certificate":      {`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: pg}}`, false},
		"of another name":    {`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: p}}`, false},
		"a Service":          {`{apiVersion: v1, kind: Service, metadata: {name: pg}}`, false},
		"a ServiceMonitor":   {`{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: pg}}`, false},
		"a Kubernetes group": {`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: pg}}`, false},
	} {
		if got := MayMake(golden.Object(t, c.text), "pg-app"); got != c.want {
			t.Errorf("%s: %t", what, got)
		}
	}
}

func TestCertManagerMakesWhatAnIngressAsksFor(t *testing.T) {
	for annotation, want := range map[string]bool{
		"cert-manager.io/issuer: le": true, "cert-manager.io/cluster-issuer: le": true, `kubernetes.io/tls-acme: "true"`: true,
		`kubernetes.io/tls-acme: "false"`: false, "cert-manager.io/common-name: a": false,
	} {
		if got := AsksForCertificates(golden.Object(t, "metadata: {annotations: {"+annotation+"}}")); got != want {
			t.Errorf("%s: %t", annotation, got)
		}
	}
}
