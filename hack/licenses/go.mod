// Module licenses says which licences the operator's binary comes under.
module github.com/appenv/appenv-operator/hack/licenses

go 1.26.0

require github.com/google/licensecheck v0.3.1
