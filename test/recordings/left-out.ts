// Exchanges that are not replayed, and why.

interface Row {
  readonly why: string;
  readonly at: readonly (readonly [scenario: string, steps: readonly number[]])[];
}

const leftOut: readonly Row[] = [
  {
    why: 'the HSM and its private endpoint were there before the first exchange',
    at: [['az/test_hsm_private_endpoint_connection', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]],
  },
  {
    why: 'a key was there before the first exchange',
    at: [['az/test_keyvault_hsm_key_download', [2, 3, 4, 5]]],
  },
  {
    why: 'what was sent was not recorded',
    at: [
      ['java-admin/beginBackup', [1, 2]],
      ['java-admin/beginSelectiveRestore', [1, 2, 3, 4]],
      ['java-admin/deleteRoleAssignment', [2, 3]],
      ['go-azkeys/TestReleaseKey/MHSM', [3]],
      ['assets-go/azkeys/TestSecureWrapUnwrap', [4]],
    ],
  },
  {
    why: 'a restore went on after its poll had said that it had ended',
    at: [['py-admin/test_backup_client_async.test_selective_key_restore', [7]]],
  },
  {
    why: 'the value was encrypted for the recorded key',
    at: [['az/test_keyvault_hsm_key_using_hsm_name', [4, 6]]],
  },
  {
    why: 'keys that stay in an HSM elsewhere (EKM) are not offered',
    at: [
      ['assets-java/administration/KeyVaultEkmClientTest.ekmConnectionLifecycle', [2, 3, 4, 5, 6, 7]],
      ['assets-go/azadmin/TestCreateEkmConnection_ConflictWhenExists', [1, 2, 3, 4]],
      ['assets-go/azkeys/TestExternalKeyReference', [1, 2, 3, 4, 5]],
    ],
  },
];

/** By scenario and step. */
export const whyLeftOut: ReadonlyMap<string, string> = new Map(
  leftOut.flatMap(({ why, at }) =>
    at.flatMap(([scenario, steps]) => steps.map((step) => [`${scenario} ${step}`, why] as const)),
  ),
);
