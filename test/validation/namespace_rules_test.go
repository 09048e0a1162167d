package validation

// namespaceRules are about namespaces and their traffic.
var namespaceRules = map[string]rule{
	"name of a namespace must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters": dnsLabel("spec.namespaces[1].name"),
	"name of a namespace must not be one of the cluster's own (default, argocd, external-secrets, cert-manager, kube-*, gke-*, gmp-*); use one of the application's own": {
		accepted: each("spec.namespaces[1].name", map[string]any{"a name that begins alike": "defaults", "a name that ends alike": "my-argocd", "a name without the hyphen": "kubeflow"}, nil),
		refused: each("spec.namespaces[1].name", map[string]any{
			"default": "default", "Argo CD's": "argocd", "External Secrets'": "external-secrets", "cert-manager's": "cert-manager",
			"Kubernetes' own": "kube-system", "another of Kubernetes": "kube-whatever", "GKE's": "gke-managed-system", "Google's monitoring": "gmp-public",
		}, nil),
	},
	"ingressFrom opens an Isolated namespace only; set networkPolicy to Isolated, or remove ingressFrom": {
		accepted: cases{
			"Open without ingressFrom":     {set("spec.namespaces[0].networkPolicy", "Open"), drop("spec.namespaces[0].ingressFrom")},
			"Open with an empty list":      {set("spec.namespaces[0].networkPolicy", "Open"), put("spec.namespaces[0].ingressFrom", `[]`)},
			"Isolated without ingressFrom": {drop("spec.namespaces[0].ingressFrom")},
			"neither":                      {drop("spec.namespaces[0].networkPolicy"), drop("spec.namespaces[0].ingressFrom")},
		},
		refused: cases{
			"Open with ingressFrom":  {set("spec.namespaces[0].networkPolicy", "Open")},
			"unset with ingressFrom": {drop("spec.namespaces[0].networkPolicy")},
		},
	},
	"ingressFrom must set exactly one of namespace and cidr in each entry": {
		accepted: cases{"one of each": {put("spec.namespaces[0].ingressFrom", `[{namespace: monitoring}, {cidr: 10.0.0.0/8}]`)}},
		refused: cases{
			"both in one entry":                           {put("spec.namespaces[0].ingressFrom", `[{namespace: monitoring, cidr: 10.0.0.0/8}]`)},
			"an empty entry, which would let everyone in": {put("spec.namespaces[0].ingressFrom", `[{}]`)},
		},
	},
	"namespace of ingressFrom must be a DNS label such as monitoring: lower-case letters, digits and '-', at most 63 characters": dnsLabel("spec.namespaces[0].ingressFrom[0].namespace"),
	"cidr must be a range written by its first address, such as 35.191.0.0/16": {
		accepted: each("spec.namespaces[0].ingressFrom[1].cidr", map[string]any{"IPv4": "10.0.0.0/8", "IPv6": "2001:db8::/32", "one address": "203.0.113.10/32"}, nil),
		refused: each("spec.namespaces[0].ingressFrom[1].cidr", map[string]any{
			"no length": "10.0.0.0", "an address inside the range": "10.0.0.1/8", "too long a prefix": "10.0.0.0/33", "leading zeros": "010.0.0.0/8", "a name": "monitoring",
		}, nil),
	},
}

// quantityRules are about quotas and limits.
var quantityRules = map[string]rule{
	"quantities must be zero or more, such as 500m, 8 or 16Gi, without exponent": {
		accepted: cases{
			"a whole number":           {put("spec.namespaces[0].quota", `{pods: 50}`)},
			"zero":                     {put("spec.namespaces[0].quota", `{services.loadbalancers: 0}`)},
			"decimals and suffixes":    {put("spec.namespaces[0].quota", `{cpu: "1.5", memory: 1Ei, requests.storage: 1E}`)},
			"quantities in every list": {put("spec.namespaces[0].limits", `[{type: Container, min: {cpu: 1m}, defaultRequest: {cpu: 2m}, default: {cpu: 3m}, max: {cpu: 1}, maxLimitRequestRatio: {cpu: 4}}]`)},
		},
		refused: cases{
			"a negative number": {put("spec.namespaces[0].quota", `{pods: -1}`)},
			"a negative string": {put("spec.namespaces[0].quota", `{cpu: "-1"}`)},
			"a fraction as exponent, which no client can read": {put("spec.namespaces[0].quota", `{cpu: "1e1.5"}`)},
			"an exponent beyond all bounds":                    {put("spec.namespaces[0].quota", `{cpu: "1e99999999999"}`)},
			"an exponent in max":                               {put("spec.namespaces[0].limits", `[{type: Container, max: {cpu: "1e1.5"}}]`)},
			"an exponent in min":                               {put("spec.namespaces[0].limits", `[{type: Container, min: {cpu: "1e1.5"}}]`)},
			"an exponent in default":                           {put("spec.namespaces[0].limits", `[{type: Container, default: {cpu: "1e1.5"}}]`)},
			"an exponent in defaultRequest":                    {put("spec.namespaces[0].limits", `[{type: Container, defaultRequest: {cpu: "1e1.5"}}]`)},
			"an exponent in a ratio":                           {put("spec.namespaces[0].limits", `[{type: Container, maxLimitRequestRatio: {cpu: "1e1.5"}}]`)},
		},
	},
	"quota must name resources of a ResourceQuota, such as requests.cpu, limits.memory, pods, count/jobs.batch or requests.nvidia.com/gpu": {
		accepted: cases{
			"objects and devices": {put("spec.namespaces[0].quota", `{count/jobs.batch: 5, requests.nvidia.com/gpu: 1, gold.storageclass.storage.k8s.io/requests.storage: 1Gi}`)},
			"huge pages":          {put("spec.namespaces[0].quota", `{requests.hugepages-2Mi: 1Gi}`)},
			"nothing":             {put("spec.namespaces[0].quota", `{}`)},
		},
		refused: cases{
			"a misspelt resource": {put("spec.namespaces[0].quota", `{request.cpu: 1}`)},
			"a space":             {put("spec.namespaces[0].quota", `{"count/ jobs": 1}`)},
			"an unknown word":     {put("spec.namespaces[0].quota", `{gpus: 1}`)},
		},
	},
	"quota of pods and other objects must be a whole number such as 50": {
		accepted: cases{"a number, a string and a suffix": {put("spec.namespaces[0].quota", `{pods: 50, secrets: "10", services: 1k}`)}},
		refused: cases{
			"half a Pod":               {put("spec.namespaces[0].quota", `{pods: "0.5"}`)},
			"a thousandth of a Secret": {put("spec.namespaces[0].quota", `{secrets: 100m}`)},
		},
	},
	"limits must name each type once; merge the two": {
		accepted: cases{"one of each type": {put("spec.namespaces[0].limits", `[{type: Container, max: {cpu: 1}}, {type: Pod, max: {cpu: 2}}, {type: PersistentVolumeClaim, max: {storage: 1Gi}}]`)}},
		refused:  cases{"Container twice": {put("spec.namespaces[0].limits", `[{type: Container, max: {cpu: 1}}, {type: Container, min: {cpu: 1m}}]`)}},
	},
	"limits must set min, max, default, defaultRequest or maxLimitRequestRatio in each entry; remove the entry otherwise": {
		accepted: cases{"a ratio alone": {put("spec.namespaces[0].limits", `[{type: Container, maxLimitRequestRatio: {cpu: 4}}]`)}},
		refused: cases{
			"a type alone": {put("spec.namespaces[0].limits", `[{type: Container}]`)},
			"empty lists":  {put("spec.namespaces[0].limits", `[{type: Container, max: {}, min: {}}]`)},
		},
	},
	"limits must set default and defaultRequest for type Container only": {
		accepted: cases{"max of a Pod": {put("spec.namespaces[0].limits", `[{type: Pod, max: {cpu: 4}}]`)}},
		refused: cases{
			"default of a Pod":          {put("spec.namespaces[0].limits", `[{type: Pod, default: {cpu: 4}}]`)},
			"defaultRequest of a claim": {put("spec.namespaces[0].limits", `[{type: PersistentVolumeClaim, max: {storage: 1Gi}, defaultRequest: {storage: 1Gi}}]`)},
		},
	},
	"limits must set min or max of storage for type PersistentVolumeClaim": {
		accepted: cases{
			"min": {put("spec.namespaces[0].limits", `[{type: PersistentVolumeClaim, min: {storage: 1Gi}}]`)},
			"max": {put("spec.namespaces[0].limits", `[{type: PersistentVolumeClaim, max: {storage: 1Gi}}]`)},
		},
		refused: cases{"cpu only": {put("spec.namespaces[0].limits", `[{type: PersistentVolumeClaim, max: {cpu: 1}}]`)}},
	},
	"limits must name resources such as cpu, memory, ephemeral-storage, storage or nvidia.com/gpu": {
		accepted: cases{"a device and huge pages": {put("spec.namespaces[0].limits", `[{type: Container, max: {nvidia.com/gpu: 1, hugepages-2Mi: 1Gi}}]`)}},
		refused: cases{
			"a resource of quotas":       {put("spec.namespaces[0].limits", `[{type: Container, max: {requests.cpu: 1}}]`)},
			"a misspelt one, by default": {put("spec.namespaces[0].limits", `[{type: Container, default: {cpus: 1}}]`)},
			"a broken name of a device":  {put("spec.namespaces[0].limits", `[{type: Container, max: {"nvidia.com/ gpu": 1}}]`)},
		},
	},
	"limits must go up from min over defaultRequest and default to max": {
		accepted: cases{
			"equal in other units": {put("spec.namespaces[0].limits", `[{type: Container, min: {cpu: 1000m}, defaultRequest: {cpu: 1}, default: {cpu: "1"}, max: {cpu: 1000m}}]`)},
			"the middle left out":  {put("spec.namespaces[0].limits", `[{type: Container, min: {memory: 1Mi}, max: {memory: 1Gi, cpu: 1m}}]`)},
		},
		refused: cases{
			"min above max":                {put("spec.namespaces[0].limits", `[{type: Container, min: {cpu: 2}, max: {cpu: 1}}]`)},
			"default above max":            {put("spec.namespaces[0].limits", `[{type: Container, default: {memory: 2Gi}, max: {memory: 1500Mi}}]`)},
			"defaultRequest above default": {put("spec.namespaces[0].limits", `[{type: Container, defaultRequest: {cpu: 600m}, default: {cpu: 500m}}]`)},
			"storage of a claim":           {put("spec.namespaces[0].limits", `[{type: PersistentVolumeClaim, min: {storage: 2Gi}, max: {storage: 1Gi}}]`)},
		},
	},
	"maxLimitRequestRatio must be 1 or more, such as 4": {
		accepted: cases{"one and a half": {put("spec.namespaces[0].limits", `[{type: Container, maxLimitRequestRatio: {cpu: "1.5"}}]`)}},
		refused:  cases{"less than one": {put("spec.namespaces[0].limits", `[{type: Container, maxLimitRequestRatio: {cpu: 500m}}]`)}},
	},
}

// identityRules are about service accounts.
var identityRules = map[string]rule{
	"name of a service account must be a DNS name such as app1: lower-case letters, digits, '-' and '.'": dnsName("spec.namespaces[0].serviceAccounts[1].name"),
	"name of a service account must not be default, which Kubernetes makes itself; name one of the application's own": {
		accepted: each("spec.namespaces[0].serviceAccounts[1].name", map[string]any{"a name that begins alike": "default-app"}, nil),
		refused:  each("spec.namespaces[0].serviceAccounts[1].name", map[string]any{"default": "default"}, nil),
	},
	"gcpServiceAccount must be the e-mail of a Google service account, such as app1@my-project.iam.gserviceaccount.com": {
		accepted: each("spec.namespaces[0].serviceAccounts[0].gcpServiceAccount", map[string]any{
			"one of the project": "app1@my-project.iam.gserviceaccount.com", "one of a project of a domain": "app1@my-project.example.com.iam.gserviceaccount.com",
			"Compute Engine's": "123456-compute@developer.gserviceaccount.com",
		}, nil),
		refused: each("spec.namespaces[0].serviceAccounts[0].gcpServiceAccount", map[string]any{
			"a person": "someone@example.com", "the name alone": "app1", "a domain that only looks alike": "a@p.iam.gserviceaccount.com.example.com",
			"no account": "@my-project.iam.gserviceaccount.com", "a domain without its dot": "a@evilgserviceaccount.com", "a newline at the end": "a@p.iam.gserviceaccount.com\n",
		}, nil),
	},
	"azureClientID must be a UUID such as 11111111-2222-3333-4444-555555555555": uuid("spec.namespaces[0].serviceAccounts[0].azureClientID"),
}
