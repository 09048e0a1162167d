package cluster

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/appenv/appenv-operator/hack/local/checkout"
)

const (
	// admin is the user of the administrator's kubeconfig.
	admin = "admin"
	// cluster is the one cluster and context of each kubeconfig.
	cluster = "local"
)

// TokenFile holds the tokens that the API server accepts.
func TokenFile(dir checkout.Dir) string { return dir.State("apiserver", "tokens.csv") }

// ServiceAccountKey signs the tokens of service accounts.
func ServiceAccountKey(dir checkout.Dir) string {
	return dir.State("apiserver", "service-account.key")
}

// CertificateFolder is where the API server keeps the certificate that it makes for itself.
func CertificateFolder(dir checkout.Dir) string { return dir.State("apiserver", "certificates") }

// Certificate is that certificate.
func Certificate(dir checkout.Dir) string { return CertificateFolder(dir) + "/apiserver.crt" }

// AuditPolicy says what the audit log records.
func AuditPolicy(dir checkout.Dir) string { return dir.State("apiserver", "audit-policy.yaml") }

// auditPolicy records every request once, when it has been answered, without bodies.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// Prepare writes the files that the API server starts with, unless they exist: a token for the
// administrator and each of the users, and the key that signs tokens of service accounts.
func Prepare(dir checkout.Dir, users []string) error {
	if err := os.MkdirAll(CertificateFolder(dir), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(AuditPolicy(dir), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	tokens, err := newTokens(append([]string{admin}, users...))
	if err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return errors.Join(writeOnce(TokenFile(dir), tokens), writeOnce(ServiceAccountKey(dir), key))
}

// newTokens is the API server's token file. All users are administrators, each under its own name,
// so that the audit log tells them apart; the operator is not among them.
func newTokens(users []string) ([]byte, error) {
	var lines strings.Builder
	for _, user := range users {
		token := make([]byte, 16)
		if _, err := rand.Read(token); err != nil {
			return nil, err
		}
		fmt.Fprintf(&lines, "%s,%s,%s,system:masters\n", hex.EncodeToString(token), user, user)
	}
	return []byte(lines.String()), nil
}

func newKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
}

// writeOnce writes a file that does not exist yet.
func writeOnce(path string, content []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// WriteKubeconfigs writes the administrator's kubeconfig and one for each user of the token file.
// The API server must have made its certificate.
func WriteKubeconfigs(dir checkout.Dir, port int) error {
	tokens, err := os.ReadFile(TokenFile(dir))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(tokens)) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		file := dir.KubeconfigOf(fields[1])
		if fields[1] == admin {
			file = dir.Kubeconfig()
		}
		if err := writeKubeconfig(dir, port, file, fields[1], fields[0]); err != nil {
			return err
		}
	}
	return nil
}

// writeKubeconfig writes a kubeconfig that needs no other file.
func writeKubeconfig(dir checkout.Dir, port int, file, user, token string) error {
	authority, err := os.ReadFile(Certificate(dir))
	if err != nil {
		return fmt.Errorf("reading the API server's certificate: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{
		Server:                   fmt.Sprintf("https://127.0.0.1:%d", port),
		CertificateAuthorityData: authority,
	}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user}
	config.CurrentContext = cluster
	return clientcmd.WriteToFile(*config, file)
}
