package main

// survival is what holds when something is wrong with what the operator sees, or with itself.
var survival = []breakage{
	// What was
	{
		what: "applies go to whatever the object has become",
		file: "internal/apply/apply.go", from: "	obj.SetResourceVersion(live.GetResourceVersion())\n", to: "",
		folder: "./internal/apply", test: "TestWritesAreBoundToTheObjectThatWasJudged",
	},
	{
		what: "an object that changed hands is written to all the same",
		file: "internal/apply/apply.go", from: "now == nil || !a.sameHands(live, now)", to: "now == nil",
		folder: "./internal/apply", test: "TestWritesAreBoundToTheObjectThatWasJudged",
	},
	{
		what: "an environment is taken for what the cache has",
		file: "internal/controller/certain.go", from: "err != nil || !sameForUs(p.env, now)", to: "err != nil",
		folder: "./test/boundary", test: "TestAnOperatorThatSeesAnEarlierStateChangesNothing",
	},
	{
		what: "what the cache has counts, whatever is on record",
		file: "internal/controller/certain.go", from: "agrees || p.memory", to: "agrees || cached != nil || p.memory",
		folder: "./test/boundary", test: "TestAnOperatorThatSeesAnEarlierStateChangesNothing",
	},
	{
		what: "a look waits for what the cache will never show",
		file: "internal/controller/setup.go", from: "client:   following,", to: "client:   following.Client,",
		folder: integration, test: "TestAnObjectThatCameAndWentUnseenHoldsNobodyUp",
	},
	{
		what: "the event of every deletion is waited for",
		file: "internal/controller/follow.go", from: "f.Client.Delete(ctx, obj, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)", to: "f.Client.Delete(ctx, obj, options...)",
		folder: "./internal/controller", test: "TestDeletionsAreNotWaitedFor",
	},
	{
		what: "what the cache never showed is not looked at again",
		file: "internal/controller/later.go", from: "p.leisure == 0 && p.unseen:", to: "p.leisure == 0 && p.now == nil:",
		folder: "./internal/controller", test: "TestWhatTheCacheIsYetToShowIsLookedAtAgain",
	},
	{
		what: "what the operator wrote is taken for what the cache still has",
		file: "internal/controller/certain.go", from: "err == nil && order < 0", to: "err != nil && order < 0",
		folder: "./internal/controller", test: "TestAnObjectFromBeforeTheOwnWriteIsOutdated",
	},
	{
		what: "an ApplicationSet is released although it is being deleted",
		file: "internal/controller/relinquish.go", from: "live != nil && key.Kind == \"ApplicationSet\" &&", to: "live != nil && key.Kind == \"\" &&",
		folder: integration, test: "TestReleasingASetWhoseDeletionWasNotSeenKeepsItsApplications",
	},
	{
		what: "the type of a Secret that is written changes",
		file: "internal/component/secrets.go", from: "written.Name == wanted.Name", to: "false",
		folder: integration, test: "TestTheTypeOfASecretThatIsWrittenStays",
	},
	// What somebody asks for
	{
		what: "what only waits is named before what it waits for",
		file: "internal/status/survey.go", from: "return compareBool(a.Waiting, b.Waiting)", to: "return 0",
		folder: statuses, test: "TestWhatCanOnlyWaitIsNeverTheCause",
	},
	{
		what: "what was taken back stays",
		file: "internal/controller/prune.go", from: "case len(stale) == 0:", to: "case len(stale) < 9:",
		folder: "./test/operations", test: "TestEveryOperationAndItsReversalLeadWhereANewEnvironmentComes",
	},
	// When something is wrong with the operator itself
	{
		what: "what others write to an environment stops the work for it",
		file: "internal/controller/certain.go", from: "err != nil || !sameForUs(p.env, now)", to: "true",
		folder: "./internal/controller", test: "TestAPassIsCertainOfAnEnvironmentThatIsTheSameForUs",
	},
	{
		what: "a panic is not reported",
		file: "internal/controller/panic.go", from: "if err := p.report(ctx); err != nil {", to: "if err := ctx.Err(); err != nil {",
		folder: "./internal/controller", test: "TestAPanicIsReportedOnItsEnvironmentAndPassedOn",
	},
	{
		what: "a panic in a goroutine ends the operator",
		file: "internal/controller/carry.go", from: "			defer recovered(&all[i].err)\n", to: "",
		folder: "./internal/controller", test: "TestAPanicInAGoroutineOfAPassIsOneOfThePass",
	},
	{
		what: "a watch that nobody is behind goes on",
		file: "internal/controller/run.go", from: "	restConfig.Wrap(noticeStalls(grace))\n", to: "",
		folder: "./internal/controller", test: "TestAWatchThatOutlivesItsTimeIsEnded",
	},
	{
		what: "that a status cannot be written is told nobody",
		file: "internal/controller/report.go", from: "p.memory.unwritten%tellAfter == 0", to: "p.memory.unwritten < 0",
		folder: integration, test: "TestAnEnvironmentAtTheSizeLimitIsHeldUntilItIsSmaller",
	},
}
