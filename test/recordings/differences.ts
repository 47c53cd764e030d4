// Where the product answers otherwise than the real service was recorded to, and why it stays so. The suite fails on a
// difference that is not here and on one that is here and does not occur.

interface Row {
  readonly why: string;
  readonly at: readonly (readonly [scenario: string, step: number, ...what: string[]])[];
}

export const differences: readonly Row[] = [
  {
    why: 'a boolean setting of this product is in the list',
    at: [['az/test_keyvault_hsm_setting', 6, 'answer.settings value']],
  },
  {
    why: 'the poll of an update and of a recovery ends with the HSM, as that of a creation does: clients show what they changed',
    at: [
      ['az/test_keyvault_hsm_mgmt', 11, 'header content-type extra', 'answer extra'],
      ['az/test_keyvault_hsm_mgmt', 19, 'header content-type extra', 'answer extra'],
    ],
  },
  {
    why: 'of a key that cannot be rotated because it is not there the service says its two words twice',
    at: [
      ['assets-go/azkeys/TestRotateKey/MHSM', 6, 'answer.error.message value'],
      ['go-azkeys/TestRotateKey_HSM', 5, 'answer.error.message value'],
    ],
  },
  {
    why: 'RSA keys of 1024 bits are not taken in: they are broken with means that people have',
    at: [
      [
        'az/test_keyvault_hsm_key_using_hsm_name',
        22,
        'status value',
        'answer.attributes missing',
        'answer.key missing',
        'answer.error extra',
      ],
    ],
  },
  {
    why: 'an `iv` of 35 bytes is refused: AES-CBC takes 16, and which of them count nobody could tell',
    at: [
      [
        'js-keyvault-keys/cryptographyclient_for_managed_hsm_all_decrypts_happen_remotely_with_aes_crypto_algorithms/encrypts_and_decrypts_using_aescbc',
        5,
        'status value',
        'answer.alg missing',
        'answer.kid missing',
        'answer.value missing',
        'answer.error extra',
      ],
      [
        'js-keyvault-keys/cryptographyclient_for_managed_hsm_all_decrypts_happen_remotely_with_aes_crypto_algorithms/encrypts_and_decrypts_using_aescbc',
        6,
        'request needs {bytes1}, which no answer has shown missing',
      ],
    ],
  },
  {
    why: 'a client of 2021 left the operation out of the path; which one it wants only its recording tells',
    at: [
      [
        'js-keyvault-keys/cryptographyclient_for_managed_hsm_all_decrypts_happen_remotely_with_aes_crypto_algorithms/encrypts_and_decrypts_using_aesgcm',
        5,
        'status value',
        'answer.alg missing',
        'answer.iv missing',
        'answer.kid missing',
        'answer.tag missing',
        'answer.value missing',
        'answer.error extra',
      ],
      [
        'js-keyvault-keys/cryptographyclient_for_managed_hsm_all_decrypts_happen_remotely_with_aes_crypto_algorithms/encrypts_and_decrypts_using_aesgcm',
        6,
        'request needs {bytes3}, which no answer has shown missing',
      ],
    ],
  },
  {
    why: 'whoever waits for a job is asked to come again after one second: the work of a few keys is done by then',
    at: [
      ['js-keyvault-admin/keyvaultbackupclient_beginrestore/throws_when_polling_errors', 2, 'header retry-after value'],
      ['assets-java/administration/KeyVaultBackupClientTest.beginPreBackup', 2, 'header retry-after value'],
      [
        'js-keyvault-admin/keyvaultbackupclient_beginrestore/selectivekeyrestore_completes_successfully',
        3,
        'header retry-after value',
      ],
      [
        'js-keyvault-admin/keyvaultbackupclient_beginrestore/selectivekeyrestore_completes_successfully',
        8,
        'header retry-after value',
      ],
      [
        'js-keyvault-admin/keyvaultbackupclient_beginbackup/returns_the_correct_backup_result_when_fails_to_authenticate',
        2,
        'header retry-after value',
      ],
    ],
  },
  {
    why: 'a key of one version counts as one: the service counted two, three and four, and nothing says of what',
    at: [
      ['az/test_keyvault_hsm_selective_key_restore', 13, 'answer.statusDetails value'],
      [
        'js-keyvault-admin/keyvaultbackupclient_beginrestore/selectivekeyrestore_completes_successfully',
        9,
        'answer.statusDetails value',
      ],
      ['py-admin/test_backup_client_async.test_selective_key_restore', 6, 'answer.statusDetails value'],
      ['py-admin/test_backup_client.test_selective_key_restore', 6, 'answer.statusDetails value'],
    ],
  },
];
