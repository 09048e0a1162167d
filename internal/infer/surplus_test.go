package infer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appenv/appenv-operator/test/golden"
)

// What is more than an environment may have is left beside it, and the rest is taken: the environment is one that the API
// server accepts.
func TestWhatIsTooManyIsLeft(t *testing.T) {
	var example map[string]any
	golden.ReadYAML(t, "../component/testdata/example.yaml", &example)
	env := withAccounts(stored(t, example))
	secret, certificate, record := env.Spec.Secrets.Items[0], env.Spec.Certificates[0], env.Spec.DNS.Records[0]
	env.Spec.Secrets.Items, env.Spec.Certificates, env.Spec.DNS.Records = nil, nil, nil
	for i := range maxSecrets + 3 {
		secret.Name, secret.SecretName = fmt.Sprintf("secret-%d", i), nil
		env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, secret)
	}
	for i := range maxCertificates + 2 {
		certificate.Name = fmt.Sprintf("certificate-%d", i)
		env.Spec.Certificates = append(env.Spec.Certificates, certificate)
	}
	for i := range maxRecords + 1 {
		record.Name = fmt.Sprintf("h%d.example.com", i)
		env.Spec.DNS.Records = append(env.Spec.DNS.Records, record)
	}
	objects := rendered(t, env, "too many")
	result, err := Environment(objects, Options{Settings: testSettings})
	if err != nil {
		t.Fatal(err)
	}
	if verdict := judge(t, result.Env); !verdict.OK() {
		t.Fatalf("the API server would refuse it: %v %v", verdict.Unknown, verdict.Errors)
	}
	spec := result.Env.Spec
	if len(spec.Secrets.Items) != maxSecrets || len(spec.Certificates) != maxCertificates || spec.DNS != nil {
		t.Errorf("it has %d secrets, %d certificates and %v", len(spec.Secrets.Items), len(spec.Certificates), spec.DNS)
	}
	told := map[string]int{}
	for _, remark := range result.Remarks {
		if strings.Contains(remark.Text, "an environment has at most") {
			told[remark.Key.Kind]++
		}
	}
	if told["ExternalSecret"] != 3 || told["ManagedCertificate"] != 2 || told["DNSEndpoint"] != 1 {
		t.Errorf("it is told of %v", told)
	}
}
