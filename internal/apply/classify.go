package apply

import (
	"errors"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The reasons of a Problem. They are words of the API's conditions.
const (
	ReasonNameTaken       = "NameTaken"
	ReasonAPINotInstalled = "APINotInstalled"
	ReasonForbidden       = "Forbidden"
	ReasonRejected        = "Rejected"
	ReasonTerminating     = "Terminating"
	ReasonRetrying        = "Retrying"
)

// recheckFinal is how long to wait before a write that was refused for good is
// tried again: whoever refused it may change without any event reaching us.
const recheckFinal = time.Minute

// A Problem is what a failed request means.
type Problem struct {
	// Reason is one of the reasons above.
	Reason string
	// Message is the server's own words.
	Message string
	// Final problems need a human; others go away by themselves.
	Final bool
	// Recheck is when to try again. Zero means back off.
	Recheck time.Duration
}

// Classify says what a failed request means. Nobody else looks at kinds of errors.
func Classify(err error) Problem {
	problem := Problem{Reason: ReasonRetrying, Message: serverWords(err)}
	switch {
	case IsUnserved(err):
		problem.Reason = ReasonAPINotInstalled
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		problem.Reason = ReasonTerminating
	case IsTaken(err):
		problem.Reason, problem.Final = ReasonNameTaken, true
	case IsReplaced(err):
		// The object changed hands in between: look again.
	case apierrors.IsForbidden(err):
		problem.Reason, problem.Final, problem.Recheck = ReasonForbidden, true, recheckFinal
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err), apierrors.IsRequestEntityTooLargeError(err):
		problem.Reason, problem.Final, problem.Recheck = ReasonRejected, true, recheckFinal
	}
	return problem
}

// unpermitted is what authorizers answer, and the check of RBAC that nobody gives permissions that they lack.
var unpermitted = regexp.MustCompile(`is forbidden: (User ".*" cannot |user ".*" .*is attempting to grant RBAC permissions not currently held)`)

// LacksPermission says whether a request failed because the user may not make it at all. An admission policy or webhook
// answers with the same code, and means the object.
func LacksPermission(err error) bool {
	return apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) && unpermitted.MatchString(err.Error())
}

// IsTaken says whether a create failed because the name is taken.
func IsTaken(err error) bool { return apierrors.IsAlreadyExists(err) }

// IsAbsent says whether a read found no such object.
func IsAbsent(err error) bool { return apierrors.IsNotFound(err) }

// IsUnserved says whether a request failed because the cluster does not serve the kind.
func IsUnserved(err error) bool { return meta.IsNoMatchError(err) || isUnknownResource(err) }

// IsOutrun says whether a write failed because somebody else was faster.
func IsOutrun(err error) bool { return apierrors.IsConflict(err) }

// isFailedTest says whether a JSON patch failed because the object is not as a test
// operation wants it: the API server answers 422 as to an invalid object, but names none.
func isFailedTest(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsInvalid(err) && errors.As(err, &status) &&
		(status.Status().Details == nil || status.Status().Details.Kind == "")
}

// isUnknownResource tells the 404 of a resource that is not served from that of a
// missing object: only the latter names the object.
func isUnknownResource(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Name == "" || hasCause(details, metav1.CauseTypeUnexpectedServerResponse)
}

func hasCause(details *metav1.StatusDetails, cause metav1.CauseType) bool {
	for _, c := range details.Causes {
		if c.Type == cause {
			return true
		}
	}
	return false
}

func serverWords(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Message != "" {
		return status.Status().Message
	}
	return err.Error()
}
