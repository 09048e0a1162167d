// Module golden reads the operator's golden files for the modules beside it, each of which
// has the libraries of another release of somebody else's API.
module github.com/appenv/appenv-operator/test/contract/golden

go 1.26.8

require (
	github.com/google/go-cmp v0.6.0
	sigs.k8s.io/yaml v1.4.0
)
