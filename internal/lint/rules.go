package lint

// Rules are all rules, in the order in which --explain lists them.
var Rules = []Rule{
	unreadableRule, schemaRule, unknownFieldRule, notAllowedRule, suppressionRule,
	duplicateEnvironmentRule, claimedTwiceRule,
	certificateWithoutRecordRule, recordWithoutCertificateRule,
	productionWithoutProtectionRule, fakeStoreRule, floatingTagRule, suspendedRule,
	overlayMissingRule, overlayBrokenRule, overlayEmptyRule, overlayNotReadRule,
	podUnreadableRule, kindRefusedRule, namespaceRefusedRule, imageUnknownRule,
	secretMissingRule, secretKeyMissingRule, secretUnusedRule,
	serviceAccountMissingRule, serviceAccountUnusedRule, azureLabelMissingRule,
	hostWithoutRecordRule, hostWithoutCertificateRule, certificateUnknownRule, certificateUnusedRule,
	quotaTooSmallRule, quotaWithoutRequestRule,
}
