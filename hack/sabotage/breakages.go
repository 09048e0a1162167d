package main

import "slices"

// A breakage is one line of the product made wrong, and the test that has to notice.
type breakage struct {
	what     string
	file     string
	from, to string // from stands in the file exactly once
	folder   string // of the test
	test     string
}

const (
	integration = "./test/integration"
	components  = "./internal/component"
	statuses    = "./internal/status"
)

// breakages are what would cost somebody an environment, or a night.
var breakages = slices.Concat(behaviour, survival)

// behaviour is what the operator does when nothing is wrong with it.
var behaviour = []breakage{
	// Owning
	{
		what: "deletions have no preconditions",
		file: "internal/apply/apply.go", from: "client.Preconditions{UID: &uid, ResourceVersion: &version}", to: "client.GracePeriodSeconds(len(uid)+len(version))",
		folder: integration, test: "TestNoWriteHitsAnObjectThatTookThePlaceOfTheOneThatWasRead",
	},
	{
		what: "applies are not bound to the object",
		file: "internal/apply/apply.go", from: "	obj.SetUID(live.GetUID())\n	obj.SetResourceVersion(live.GetResourceVersion())\n", to: "",
		folder: integration, test: "TestNoWriteHitsAnObjectThatTookThePlaceOfTheOneThatWasRead",
	},
	{
		what: "an object is created without an entry",
		file: "internal/controller/write.go", from: "	p.env.Status.Children = children\n", to: "",
		folder: integration, test: "TestAnEntryIsWrittenBeforeItsObjectSoThatACrashLosesNothing",
	},
	{
		what: "the owner's UID is not looked at",
		file: "internal/apply/owner.go", from: "!= string(owner.UID)", to: `== "nobody"`,
		folder: "./internal/apply", test: "TestStanding",
	},
	{
		what: "who holds a name has no better right to it",
		file: "internal/controller/claims.go", from: "	if err != nil || theirs != mine {", to: "	if err != nil || theirs && mine {",
		folder: integration, test: "TestADNSNameIsHeldWhileItsRecordIsDeletedByHand",
	},
	{
		what: "who came first has no better right to a free name",
		file: "internal/controller/claims.go", from: "rival.CreationTimestamp.Before(&p.env.CreationTimestamp), nil", to: "p.env.CreationTimestamp.Before(&rival.CreationTimestamp), nil",
		folder: integration, test: "TestOfTwoEnvironmentsThatWantAFreeNameTheOldestGetsIt",
	},
	{
		what: "what the POST set and the spec gives up stays for good",
		file: "internal/apply/apply.go", from: "owned.created && (owned.exceeds(intent.Object) || owned.hasKeyed())", to: "owned.created && owned.hasKeyed()",
		folder: "./internal/apply", test: "TestTheEntryOfThePOSTIsConvertedOnlyWhereItHoldsTooMuch",
	},
	// Adopting
	{
		what: "consent is not asked for",
		file: "internal/controller/adopt.go", from: "!p.names(live) || live", to: "live",
		folder: integration, test: "TestAnObjectOfSomebodyElseIsLeftUntouchedAndTheStatusSaysSo",
	},
	{
		what: "an adoption that would break something goes ahead",
		file: "internal/controller/adopt.go", from: "	if len(problems) > 0 {\n", to: "	if len(problems) > 1000 {\n",
		folder: integration, test: "TestAnAdoptionThatWouldBreakSomethingIsRefusedAndNothingIsWritten",
	},
	{
		what: "a project with tokens is taken over",
		file: "internal/component/adoption.go", from: "if len(tokens) > 0 {", to: "if len(tokens) > 1000 {",
		folder: components, test: "TestAdoptProject",
	},
	{
		what: "fields that others wrote are not taken over",
		file: "internal/controller/carry.go", from: "a.err = p.applier.TakeOver(ctx, s.intent, s.live); a.err == nil", to: "a.err == nil",
		folder: integration, test: "TestFieldsThatOthersWroteAreTakenOverAndTheRestIsLeftToThem",
	},
	{
		what: "a namespace that was adopted is deleted",
		file: "internal/controller/prune.go", from: `return key.Kind != "Namespace" ||`, to: `return true || key.Kind != "Namespace" ||`,
		folder: integration, test: "TestANamespaceThatTheOperatorDidNotCreateIsNeverDeleted",
	},
	// The list of applications
	{
		what: "the gate is always open",
		file: "internal/component/gate.go", from: "if waiting != nil && gate(in.Env) == v1alpha1.GateSecrets {", to: "if false {",
		folder: components, test: "TestAdmit",
	},
	{
		what: "an app that was admitted is held back again",
		file: "internal/component/gate.go", from: "	if slices.Contains(in.Env.Status.AdmittedApps, app.Name) {\n", to: "	if false {\n",
		folder: components, test: "TestAdmit",
	},
	{
		what: "an empty list is written",
		file: "internal/component/applications.go", from: "if len(elements) == 0 {", to: "if len(elements) < 0 {",
		folder: components, test: "TestAnApplicationSetIsNeverEmpty",
	},
	{
		what: "an ApplicationSet deleted by hand takes its Applications along",
		file: "internal/controller/rescue.go", from: "	for i := range applications {\n", to: "	for i := range applications[:0] {\n",
		folder: integration, test: "TestAnApplicationSetDeletedByHandComesBackWithoutAnApplicationLost",
	},
	{
		what: "a project shrinks under a live Application",
		file: "internal/component/shrink.go", from: "	for _, app := range in.Applications {\n		for _, source", to: "	for _, app := range in.Applications[:0] {\n		for _, source",
		folder: components, test: "TestComponentsWantWhatTheirGoldenFilesSay",
	},
	// Deleting
	{
		what: "the order of a teardown is reversed",
		file: "internal/component/component.go", from: `{"dns", "applications", "project", "certificates", "secrets", "namespaces"}`, to: `{"namespaces", "secrets", "certificates", "project", "applications", "dns"}`,
		folder: integration, test: "TestTeardownRemovesEachStepBeforeItBeginsTheNext",
	},
	{
		what: "what is being deleted counts as gone",
		file: "internal/controller/prune.go", from: "	if live != nil && live.GetUID() == deleted {\n", to: "	if live != nil && deleted == \"\" {\n",
		folder: integration, test: "TestTeardownRemovesEachStepBeforeItBeginsTheNext",
	},
	{
		what: "who asked for all Applications and left is asked still",
		file: "internal/controller/roll.go", from: "	delete(r.questions, q)\n", to: "",
		folder: "./internal/controller", test: "TestWhoLeavesIsNotAskedAnyMoreAndKeepsNobody",
	},
	{
		what: "an environment goes although the step before is not done",
		file: "internal/controller/teardown.go", from: "		return gone && err == nil\n", to: "		return (gone || true) && err == nil\n",
		folder: integration, test: "TestATeardownInTroubleSaysWhatToDoAndEndsByItselfOnceTheCauseIsGone",
	},
	{
		what: "a step never stalls",
		file: "internal/controller/teardown.go", from: "	if left > 0 {\n", to: "	if true {\n",
		folder: integration, test: "TestATeardownStepPastItsDeadlineStallsWithInstructionsAndGoesOnByItself",
	},
	{
		what: "a missing project is not rebuilt",
		file: "internal/controller/teardown.go", from: `if project.Name == "" || p.live[project] != nil {`, to: "if true {",
		folder: integration, test: "TestAProjectThatIsMissingDuringTeardownIsRebuiltSoThatItsApplicationsCanGo",
	},
	{
		what: "Retain deletes",
		file: "internal/controller/prune.go", from: "	case ours && p.retains():", to: "	case false:",
		folder: integration, test: "TestRetainedChildrenStayAsTheyAreAndAreTakenBackByTheSameName",
	},
	{
		what: "a protected environment is deleted unconfirmed",
		file: "internal/controller/confirm.go", from: "return p.protection() == v1alpha1.ProtectionConfirm && !p.confirms(string(p.env.UID))", to: "return false",
		folder: integration, test: "TestAProtectedEnvironmentIsDeletedOnceItsDeletionIsConfirmed",
	},
	{
		what: "a confirmation of an earlier generation counts",
		file: "internal/controller/confirm.go", from: "strings.TrimSpace(word) == confirmation(what, generation)", to: `strings.HasPrefix(strings.TrimSpace(word), what+"@")`,
		folder: integration, test: "TestAProtectedEnvironmentIsDeletedOnceItsDeletionIsConfirmed",
	},
	{
		what: "the deletion of a paused environment goes ahead",
		file: "internal/controller/reconcile.go", from: `	case deleting && p.suspended != "" && len(p.records) > 0:`, to: "	case false:",
		folder: integration, test: "TestAPausedEnvironmentIsLeftAloneAndKeepsWhatItSaid",
	},
	{
		what: "an observed environment is written to",
		file: "internal/controller/reconcile.go", from: "	case p.suspended == v1alpha1.ReasonObserving:", to: "	case false:",
		folder: integration, test: "TestObserveSaysWhatItWouldDoAndDoesNothing",
	},
	{
		what: "children whose entries were lost are left behind in silence",
		file: "internal/controller/teardown.go", from: "	if p.unrecorded(ctx) {", to: "	if false {",
		folder: integration, test: "TestADeletionAfterTheStatusWasClearedWaitsForReAdoption",
	},
	// Reporting
	{
		what: "a verdict of Argo CD that is too old is believed",
		file: "internal/component/application_health.go", from: "	if current {\n", to: "	if true || current {\n",
		folder: components, test: "TestComponentsJudgeWhatTheirGoldenFilesSay",
	},
	{
		what: "a contended field is written for ever",
		file: "internal/controller/contention.go", from: "len(times) >= contentionLimit", to: "len(times) < 0",
		folder: integration, test: "TestAFieldThatAnotherManagerTakesBackAgainAndAgainIsNamedAndLeft",
	},
	{
		what: "the status is written although nothing changed",
		file: "internal/controller/report.go", from: "if equality.Semantic.DeepEqual(*before, after) || p.canWait(before, after) {", to: "if false && equality.Semantic.DeepEqual(*before, after) {",
		folder: integration, test: "TestARestartWritesNothing",
	},
	{
		what: "a Stalled environment is not",
		file: "internal/status/condition.go", from: "	case bad != nil && bad.State == component.Stalled:", to: "	case false:",
		folder: statuses, test: "TestSituations",
	},
	{
		what: "what was released is labelled again",
		file: "internal/controller/prune.go", from: "	case p.isReleased(key, live):\n", to: "	case false:\n",
		folder: integration, test: "TestWhatWasReleasedIsNotLabelledAgain",
	},
	{
		what: "an ApplicationSet that was looked at too early waits for minutes",
		file: "internal/controller/gather.go", from: "		p.nudge(ctx)\n", to: "",
		folder: integration, test: "TestAProjectThatArgoCDDidNotNoticeCostsNoMinutes",
	},
	{
		what: "a row of status is longer than the API server takes",
		file: "internal/status/row.go", from: `fit(s.line(bad), "")`, to: `s.line(bad)`,
		folder: statuses, test: "TestProperties",
	},
	// Shards and standby
	{
		what: "an environment of another shard is kept as well",
		file: "internal/controller/shard.go", from: "return s.selector.Matches(labels.Set(env.GetLabels()))", to: "return s != nil || env != nil",
		folder: integration, test: "TestAnEnvironmentThatNoShardMatchesIsKeptByNobody",
	},
	{
		what: "the metrics of an environment outlive its hand-over",
		file: "internal/controller/shard.go", from: "		q.Add(requestFor(after))\n", to: "",
		folder: integration, test: "TestAnEnvironmentThatNoShardMatchesIsKeptByNobody",
	},
	{
		what: "the old shard goes on with its pass after a hand-over",
		file: "internal/controller/shard.go", from: "		cancel(errHandedOver)\n", to: "		_ = cancel\n",
		folder: integration, test: "TestAPassThatRunsDuringAHandOverWritesNothingMore",
	},
	{
		what: "the shard that gets an environment is not told",
		file: "internal/controller/shard.go", from: "	r.wake(after, q)\n", to: "	if r.shard.keeps(before) {\n		r.wake(after, q)\n	}\n",
		folder: integration, test: "TestAPassThatRunsDuringAHandOverWritesNothingMore",
	},
	{
		what: "all shards have one lease",
		file: "internal/controller/shard.go", from: "	if s.selector.Empty() {\n		return", to: "	if s.selector != nil {\n		return",
		folder: "./internal/controller", test: "TestEachShardHasALeaseOfItsOwn",
	},
	{
		what: "a standby begins to list once it leads",
		file: "internal/controller/setup.go", from: "unique, warm := true, true", to: "unique, warm := true, false",
		folder: integration, test: "TestAStandbyHasItsCachesFilledBeforeItLeadsAndWritesNothingUntilThen",
	},
	{
		what: "a standby does not hear of new APIs",
		file: "internal/controller/watch.go", from: "NeedLeaderElection() bool { return false }", to: "NeedLeaderElection() bool { return true }",
		folder: integration, test: "TestAStandbyOfALeaderThatCrashesKnowsTheAPIThatArrivedMeanwhile",
	},
	// Doing little
	{
		what: "a quiet pass is never repeated",
		file: "internal/controller/quiet.go", from: "		if !look.again(ctx, r.cache) {\n", to: "		if false && !look.again(ctx, r.cache) {\n",
		folder: "./internal/controller", test: "TestAQuietPassIsRepeatedAsSoonAsAnythingItReadIsAnother",
	},
	{
		what: "a pass that asked the API server counts as quiet",
		file: "internal/controller/quiet.go", from: "	if !asked && ", to: "	if ",
		folder: "./internal/controller", test: "TestAPassThatWasNotQuietIsAlwaysRepeated",
	},
	{
		what: "what others write waits like what the operator wrote",
		file: "internal/controller/echo.go", from: "	if at < 0 {\n		return false\n", to: "	if at < 0 {\n		return true\n",
		folder: "./internal/controller", test: "TestOnlyWhatTheOperatorItselfWroteIsLookedAtLater",
	},
	{
		what: "what is delivered during a pass is judged before the pass knows what it wrote",
		file: "internal/controller/echo.go", from: "; pass != nil {\n		pass.heard", to: "; pass != nil && d.queue == nil {\n		pass.heard",
		folder: "./internal/controller", test: "TestWhatIsDeliveredDuringAPassIsJudgedAtItsEnd",
	},
	{
		what: "a first report that is put off never comes",
		file: "internal/controller/quiet.go", from: " && p.leisure == 0", to: "",
		folder: integration, test: "TestAnEntryIsWrittenBeforeItsObjectSoThatACrashLosesNothing",
	},
	{
		what: "the UID of what was created is forgotten until it is reported",
		file: "internal/controller/later.go", from: "		on[key] = record\n", to: "",
		folder: integration, test: "TestWhatIsCreatedAgainInARowIsReportedTogether",
	},
	{
		what: "every creation is reported on its own",
		file: "internal/controller/later.go", from: "	p.leisure = left\n	return true\n", to: "	return false\n",
		folder: integration, test: "TestWhatIsCreatedAgainInARowIsReportedTogether",
	},
	{
		what: "the cache loses when fields were set",
		file: "internal/controller/fold.go", from: "			fields[\"time\"] = at\n", to: "			_ = fields\n",
		folder: "./internal/controller", test: "TestFoldingLosesNothing",
	},
	{
		what: "nothing waits for its namespace",
		file: "internal/controller/carry.go", from: "info.First {", to: "info.First && false {",
		folder: "./internal/controller", test: "TestObjectsThatOthersNeedAreWrittenFirst",
	},
	// Admission policies
	{
		what: "any confirmation is good for the policy",
		file: "config/policy/environment.yaml", from: "word.trim() == variables.confirmation)", to: "word.trim() != '')",
		folder: integration, test: "TestThePolicyRefusesTheUnconfirmedDeletionOfAProtectedEnvironment",
	},
	{
		what: "the policy on deletions knows no ApplicationSets",
		file: "config/policy/deletion.yaml", from: "[appprojects, applicationsets]", to: "[appprojects]",
		folder: integration, test: "TestThePolicyRefusesToDeleteWhatWouldTakeWorkloadsAlong",
	},
	// Metrics
	{
		what: "whom the API server knows may read the metrics",
		file: "internal/controller/metrics_access.go", from: "	if !allowed {\n", to: "	if !allowed && user == nil {\n",
		folder: "./internal/controller", test: "TestMetricsAreReadByWhomTheAPIServerAllows",
	},
	{
		what: "a permission to read the metrics counts for ever",
		file: "internal/controller/metrics_access.go", from: "a.now().Before(a.permitted[key])", to: "!a.permitted[key].IsZero()",
		folder: "./internal/controller", test: "TestAPermissionIsRememberedForAMinuteAndARefusalIsNot",
	},
}
