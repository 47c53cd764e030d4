// The words for what can be asked of an instance, in its log and its metrics. Each route row has one of them; what a worker says beside
// them is told as `other`.
// biome-ignore format: read as a list
export const OPERATION_NAMES = [
  'AccessCheck', 'AccessExplain', 'AccessNetworkPlan', 'AccessWho', 'ApprovalApprove', 'ApprovalGet',
  'ApprovalList', 'ApprovalReject', 'ApprovalWithdraw', 'AttestationAuthorityDistrust', 'AttestationAuthorityGet',
  'AttestationAuthorityList', 'AttestationAuthorityTrust', 'AuditSearch', 'BackupCreate', 'BackupStatusGet',
  'CeremonyGet', 'CeremonyList', 'CeremonyRecord', 'ClockGet', 'ClockTravel', 'CustodianChallengeCreate',
  'CustodianChallengeList', 'CustodianList', 'CustodianPacket', 'CustodianUpdate', 'KeyAttestationGet', 'KeyBackup',
  'KeyCreate', 'KeyCreateIfNotExists', 'KeyDecrypt', 'KeyDelete', 'KeyDependantsGet', 'KeyEncrypt', 'KeyGet',
  'KeyGetDeleted', 'KeyImport', 'KeyList', 'KeyListDeleted', 'KeyListVersions', 'KeyProvenanceGet', 'KeyPurge',
  'KeyRecover', 'KeyRelease', 'KeyRestore', 'KeyRestoreFromBackup', 'KeyRotate', 'KeyRotationPolicyGet',
  'KeyRotationPolicySet', 'KeySecureUnwrap', 'KeySecureWrap', 'KeySign', 'KeyUnwrap', 'KeyUpdate', 'KeyVerify',
  'KeyWrap', 'PreBackupCreate', 'PreRestoreCreate', 'RandomBytesGet', 'RehearsalFile', 'RehearsalGet',
  'RehearsalList', 'RehearsalReachability', 'RestoreCreate', 'RestoreStatusGet', 'RoleAssignmentCreate',
  'RoleAssignmentDelete', 'RoleAssignmentGet', 'RoleAssignmentList', 'RoleDefinitionCreate', 'RoleDefinitionDelete',
  'RoleDefinitionGet', 'RoleDefinitionList', 'SecurityDomainBackup', 'SecurityDomainBackupStatusGet',
  'SecurityDomainReshare', 'SecurityDomainResharingKeyGet', 'SecurityDomainRestore',
  'SecurityDomainRestoreStatusGet', 'SecurityDomainTransferKeyGet', 'SeparationGet', 'SeparationSet', 'SettingsGet',
  'SettingsUpdate', 'UsageGet',
] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];
