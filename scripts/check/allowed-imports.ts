// Who may import whom. Imports go down only; each row is one area of the tree, the longest matching `at` wins.
// Changing a row is a decision about the design: say why in the commit, and in docs/decisions if it opens a boundary.

export interface Area {
  /** Folder (ends in /) or file. */
  readonly at: string;
  /** Areas it may import from besides itself, as prefixes of paths. */
  readonly from: readonly string[];
  /** What it may not import although it lies within. */
  readonly except?: readonly string[];
  /** Packages it may import. */
  readonly packages?: readonly string[];
  /** Built-in modules it may import; absent: all. */
  readonly builtins?: readonly string[];
  /** Printed when a rule is broken. */
  readonly because: string;
}

const PURE = ['node:buffer', 'node:crypto', 'node:util'];
/** What a process without network, child processes and threads can be given. */
const MODULE_BUILTINS = [
  ...PURE,
  'node:fs',
  'node:fs/promises',
  'node:path',
  'node:process',
  'node:stream',
  'node:url',
];
/** Makes certificates; needs its decorators' metadata loaded first. */
const X509 = ['@peculiar/x509', 'reflect-metadata'];
/** Files, and nothing else that `src/files/` knows. */
const DURABLE = ['src/files/durable-file.ts', 'src/files/durable-file-sync.ts'];
const BELOW_FEATURES = [
  'src/features/part.ts',
  'src/features/second-person.ts',
  'src/http/',
  'src/store/',
  'src/crypto/client/',
  'src/crypto/protocol/',
  'src/formats/',
];
/** What processes say to each other, and where a deployment keeps things. */
const AROUND = ['src/links/', 'src/deployment/', 'src/files/', 'src/formats/'];

export const areas: readonly Area[] = [
  // What everybody stands on.
  {
    at: 'src/formats/',
    from: [],
    builtins: PURE,
    because: 'formats are pure bytes: no files, no network, no knowledge of the product',
  },
  {
    at: 'src/formats/journal-format.ts',
    from: ['src/formats/'],
    builtins: [...PURE, 'node:zlib'],
    because: 'its sums are those of zlib',
  },
  {
    at: 'src/files/',
    from: [],
    builtins: [...PURE, 'node:fs', 'node:fs/promises', 'node:path', 'node:os', 'node:sqlite', 'node:process'],
    because: 'how files and folders are made, replaced, locked and destroyed is the same for everyone',
  },
  ...DURABLE.map((at) => ({
    at,
    from: DURABLE,
    builtins: [...PURE, 'node:fs', 'node:fs/promises', 'node:path'],
    because: 'it runs beside the keys too: durable files, and nothing else of what is done with files',
  })),
  {
    at: 'src/crypto/protocol/',
    from: ['src/formats/'],
    builtins: PURE,
    because: 'the protocol is the contract of two processes and must not pull in either of them',
  },
  {
    at: 'src/store/',
    from: ['src/crypto/client/crypto-client.ts', 'src/crypto/protocol/', 'src/formats/', ...DURABLE],
    because: 'the store keeps sealed records and knows nothing of what is in them',
  },
  {
    at: 'src/http/',
    from: [
      'src/store/port.ts',
      'src/store/sealed/records.ts',
      'src/links/recorder/audit-log.ts',
      'src/crypto/protocol/',
      'src/files/',
      'src/formats/',
    ],
    packages: ['find-my-way'],
    because: 'the door of both planes carries requests to rows and answers back, and knows none of them',
  },
  {
    at: 'src/links/',
    from: ['src/crypto/protocol/', 'src/files/', 'src/formats/'],
    because: 'what processes say to each other is known to both ends and pulls in neither',
  },
  {
    at: 'src/deployment/',
    from: ['src/http/', 'src/files/', 'src/formats/', 'src/features/auth/'],
    because: 'configuration, places and certificates are read below everything that uses them',
  },
  {
    at: 'src/deployment/checks/',
    from: [
      'src/deployment/',
      'src/files/',
      'src/formats/',
      'src/http/',
      'src/features/auth/',
      'src/features/backup/storage/allowed-targets.ts',
      'src/features/events/targets.ts',
      'src/watcher/alerts/outlets.ts',
      'src/watcher/alerts/rules.ts',
      'src/watcher/sinks/addresses.ts',
    ],
    packages: X509,
    because:
      'a start is judged by the rules of those who will use what is configured, of which there is no second copy',
  },

  // The processes.
  {
    at: 'src/module/',
    from: ['src/crypto/engines/', 'src/crypto/protocol/', 'src/formats/', ...DURABLE],
    except: ['src/module/ceremony/'],
    builtins: MODULE_BUILTINS,
    because: 'the process that holds keys stays small enough to read in an evening, and knows no ceremony',
  },
  {
    at: 'src/module/ceremony/',
    from: ['src/module/', 'src/crypto/protocol/', 'src/formats/', ...DURABLE],
    builtins: MODULE_BUILTINS,
    because: 'the process of a ceremony has no keys in use, and so no engine',
  },
  {
    at: 'src/module/native.ts',
    from: [],
    packages: ['koffi'],
    builtins: ['node:module'],
    because:
      'beside libcrypto the one thing bound to native code: fsync, which the permission model refuses, and a lock that a dying process gives back',
  },
  {
    at: 'src/module/drop-permissions.ts',
    from: ['src/module/'],
    builtins: [...MODULE_BUILTINS, 'node:module'],
    because: 'this file takes the module loader away once everything is loaded; nothing else may touch it',
  },
  {
    at: 'src/crypto/engines/',
    from: ['src/crypto/protocol/', 'src/formats/'],
    builtins: MODULE_BUILTINS,
    because: 'engines run beside the keys: protocol, formats and Node, native code through libcrypto.ts alone',
  },
  {
    at: 'src/crypto/engines/software/libcrypto.ts',
    from: ['src/crypto/engines/', 'src/crypto/protocol/', 'src/formats/'],
    packages: ['koffi'],
    builtins: [...MODULE_BUILTINS, 'node:module'],
    because: 'the binding to libcrypto stays one file; it loads it by require to be able to forget it again',
  },
  {
    at: 'src/crypto/client/',
    from: ['src/crypto/protocol/', 'src/formats/'],
    because: 'the client only asks: it has no part of the module in it',
  },
  {
    at: 'src/recorder/',
    from: ['src/links/', 'src/files/', 'src/formats/'],
    because: 'the recorder has its log and nothing else',
  },
  {
    at: 'src/recorder/own-signer.ts',
    from: ['src/recorder/', 'src/crypto/client/', 'src/deployment/data-layout.ts', 'src/files/', 'src/formats/'],
    because: "the management plane's recorder alone holds the pipe of the module that signs its log",
  },
  {
    at: 'src/service/',
    from: [...BELOW_FEATURES, ...AROUND, 'src/features/'],
    because: 'a worker opens the parts of its instance and carries requests to them',
  },
  {
    at: 'src/control/',
    from: [...AROUND, 'src/http/', 'src/features/auth/', 'src/control/management/'],
    packages: ['find-my-way', 'jose', 'oidc-provider'],
    because: 'owning the machine room never means using a key: of features control has the checking of tokens',
  },
  {
    at: 'src/control/directory/',
    from: ['src/http/', 'src/files/', 'src/formats/'],
    packages: ['jose', 'oidc-provider'],
    because: 'the embedded issuer shares nothing with token checking',
  },
  {
    at: 'src/control/management/',
    from: ['src/http/', 'src/links/', 'src/files/', 'src/formats/'],
    because: 'owning the machine room never means using a key: what is done there is on record in the one form',
  },
  {
    at: 'src/supervisor/',
    from: [
      ...AROUND,
      'src/control/directory/',
      'src/control/management/',
      'src/demo/summary.ts',
      'src/http/',
      'src/tools/seal/',
    ],
    because: 'it starts, watches and restarts; what is inside an instance is out of its sight',
  },
  {
    at: 'src/watcher/',
    from: [...AROUND, 'src/http/', 'src/features/audit/', 'src/features/events/targets.ts'],
    packages: ['prom-client'],
    because: 'it reads logs and tells others of them: it speaks to the network, and has no token, key, record or store',
  },
  {
    at: 'src/indexer/',
    from: ['src/links/', 'src/features/audit/index/'],
    builtins: ['node:os', 'node:timers/promises', 'node:util'],
    because:
      'it brings indexes up to their logs: SQLite does what the permission model does not see, so it is little else',
  },
  {
    at: 'src/watcher/sinks/s3/',
    from: ['src/watcher/sinks/', 'src/deployment/sinks.ts', 'src/http/outbound.ts'],
    packages: ['aws4fetch'],
    because: 'a request is signed by a kept library and goes out as every other',
  },
  {
    at: 'src/watcher/sinks/blob/',
    from: [
      'src/watcher/sinks/sink.ts',
      'src/watcher/sinks/sink.contract.ts',
      'src/watcher/sinks/addresses.ts',
      'src/deployment/sinks.ts',
      'src/features/backup/storage/allowed-targets.ts',
      'src/features/backup/storage/blob/',
      'src/features/backup/storage/port.ts',
    ],
    packages: ['@azure/storage-blob'],
    because: 'a container is reached as backups reach theirs, and what is written into it is its own affair',
  },
  {
    at: 'src/supervisor/systemd/datagram.ts',
    from: [],
    packages: ['koffi'],
    builtins: [],
    because: 'the one thing that the supervisor binds of native code: a datagram to the socket that systemd has named',
  },
  {
    at: 'src/watcher/alerts/conditions.ts',
    from: ['src/formats/'],
    packages: ['@marcbachmann/cel-js'],
    because: 'expressions are judged in one place, which hands them nothing but an entry',
  },
  {
    at: 'src/watcher/alerts/smtp.ts',
    from: ['src/watcher/alerts/', 'src/deployment/', 'src/http/post-event.ts', 'src/formats/'],
    packages: ['nodemailer'],
    because: 'mail is sent by a library, from one file',
  },
  {
    at: 'src/watcher/health/',
    from: [
      'src/watcher/watcher-part.ts',
      'src/watcher/watched-logs.ts',
      'src/links/watcher-messages.ts',
      'src/deployment/',
      'src/files/read-if-there.ts',
      'src/http/',
      'src/formats/',
    ],
    because:
      'whoever asks has shown nothing: it knows what the supervisor says of processes, and nothing of what is in them',
  },
  {
    at: 'src/throw-away/',
    from: AROUND,
    packages: ['jose'],
    because: 'an instance to be thrown away is made of the same processes, by the same links',
  },
  {
    at: 'src/demo/',
    from: ['src/deployment/', 'src/files/', 'src/formats/', 'src/tools/custodian/', 'src/tools/ceremony/', 'src/http/'],
    packages: ['@azure/identity', '@azure/keyvault-keys'],
    because: 'the demonstration is a client like any other: it speaks the public API',
  },

  // What the data plane can do.
  {
    at: 'src/features/part.ts',
    from: ['src/http/', 'src/store/', 'src/formats/metric-table.ts', 'src/features/clock/due-work.ts'],
    because: 'what a feature is to the service says nothing of any feature',
  },
  {
    at: 'src/features/second-person.ts',
    from: ['src/http/', 'src/store/'],
    because: 'who needs a second person says so in one way, and knows nothing of how people agree',
  },
  {
    at: 'src/features/audit/',
    from: [...BELOW_FEATURES, 'src/files/private-folder.ts', 'src/files/read-if-there.ts'],
    because: 'the log takes entries from anyone and asks no feature anything',
  },
  {
    at: 'src/features/auth/',
    from: BELOW_FEATURES,
    packages: ['jose'],
    because: 'who is calling is decided before, and apart from, what they may do',
  },
  {
    at: 'src/features/roles/',
    from: [...BELOW_FEATURES, 'src/features/keys/key-name.ts'],
    because: 'roles decide from records and a principal alone; of keys they know how a name is written',
  },
  {
    at: 'src/features/keys/',
    from: [...BELOW_FEATURES, 'src/features/clock/due-times.ts'],
    because: 'the pipeline has asked roles and written the record; a release policy is read by the one grammar',
  },
  {
    at: 'src/features/release/',
    from: [...BELOW_FEATURES, 'src/features/keys/', 'src/features/auth/'],
    packages: ['jose'],
    because: "an enclave's token is read with the same care as a caller's; who may ask was decided before",
  },
  {
    at: 'src/features/secure-wrap/',
    from: [...BELOW_FEATURES, 'src/features/keys/', 'src/features/release/'],
    because: 'an enclave gets a key made for it under the rules by which it gets any other',
  },
  {
    at: 'src/features/attestation/',
    from: [...BELOW_FEATURES, 'src/features/keys/'],
    because: 'it shows what the module signed; verifying shares nothing with signing but formats',
  },
  {
    at: 'src/features/rotation/',
    from: [...BELOW_FEATURES, 'src/features/keys/', 'src/features/clock/'],
    because: 'a rotation makes a version as any other is made, when the clock of the instance says so',
  },
  {
    at: 'src/features/byok/',
    from: [...BELOW_FEATURES, 'src/features/keys/'],
    because: 'a key that comes in becomes a version like any other; wrapping for transfer needs formats alone',
  },
  {
    at: 'src/features/backup/storage/',
    from: ['src/formats/instance-identity.ts', 'src/formats/printable.ts', 'src/http/outbound.ts', ...DURABLE],
    packages: ['@azure/storage-blob'],
    because: 'a place keeps files and knows nothing of what is in them; nobody else speaks to blob storage',
  },
  {
    at: 'src/features/arm-keys/',
    from: [...BELOW_FEATURES, 'src/features/keys/'],
    because: 'the keys that the resource manager is shown are keys like others; who may see them was decided before',
  },
  {
    at: 'src/features/key-backup/',
    from: [...BELOW_FEATURES, 'src/features/keys/'],
    because: 'the module opens and writes backups; what is restored are versions of a key',
  },
  {
    at: 'src/features/backup/',
    from: [...BELOW_FEATURES, 'src/features/keys/', 'src/features/key-backup/', 'src/features/rotation/policy.ts'],
    because: 'it writes down and replaces records of all features, and knows none of them but keys',
  },
  {
    at: 'src/features/events/',
    from: [...BELOW_FEATURES, 'src/features/keys/', 'src/features/clock/', 'src/features/rotation/'],
    because: 'it tells what happened to keys and changes none of them',
  },
  {
    at: 'src/features/rng/',
    from: BELOW_FEATURES,
    because: 'it asks the module and nobody else',
  },
  {
    at: 'src/features/clock/',
    from: BELOW_FEATURES,
    because: 'time is asked for by features and asks none of them anything',
  },
  {
    at: 'src/features/settings/',
    from: BELOW_FEATURES,
    because: 'settings are kept here and used elsewhere; what they mean is for their users to know',
  },
  {
    at: 'src/features/key-operations/',
    from: [...BELOW_FEATURES, 'src/features/keys/'],
    because: 'operations look keys up, and need nothing else of other features',
  },
  {
    at: 'src/features/security-domain/',
    from: BELOW_FEATURES,
    because: 'the ceremony talks to the module; who may ask for it was decided before',
  },
  {
    at: 'src/features/custodians/',
    from: BELOW_FEATURES,
    because: 'the register is told of every split and listens to signed packets; it never sees a share',
  },
  {
    at: 'src/features/network-rules/',
    from: ['src/formats/'],
    because: 'a peer is judged by its address and the rules, and by nothing that it sends',
  },
  {
    at: 'src/features/access/',
    from: [
      'src/features/part.ts',
      'src/http/',
      'src/formats/',
      'src/features/roles/',
      'src/features/network-rules/',
      'src/features/audit/',
      'src/features/usage/',
      'src/features/keys/find-key.ts',
      'src/features/keys/key-index.ts',
      'src/features/keys/key-name.ts',
    ],
    because: 'it explains what roles and network rules decided, from the log; it decides nothing and changes nothing',
  },
  {
    at: 'src/features/usage/',
    from: [
      ...BELOW_FEATURES,
      'src/files/read-if-there.ts',
      'src/features/audit/',
      'src/features/roles/',
      'src/features/keys/',
    ],
    because:
      'it counts what the log says, shows it to who may know it, and says whether a key may be taken from its users',
  },
  {
    at: 'src/features/approvals/',
    from: [
      ...BELOW_FEATURES,
      'src/features/roles/',
      'src/features/settings/instance-policy.ts',
      'src/features/backup/approved-restore.ts',
      'src/features/backup/fresh-recovery.ts',
      'src/features/release/authorities/trust-request.ts',
    ],
    because:
      'it says who agreed to a change of roles, a restore or trust in an authority; those ask for that and know nothing of it',
  },
  {
    at: 'src/features/ceremony/',
    from: [...BELOW_FEATURES, 'src/features/custodians/'],
    because: 'a ceremony writes down what people do and asks the service by its public API',
  },
  {
    at: 'src/features/rehearsal/',
    from: [...BELOW_FEATURES, 'src/features/custodians/', 'src/features/events/', 'src/features/clock/'],
    because: 'it asks the register who has answered, and tells of what is overdue as events are told',
  },

  // What people run.
  {
    at: 'src/tools/custodian/',
    from: ['src/formats/', 'src/files/durable-file.ts'],
    builtins: [...PURE, 'node:fs/promises', 'node:path'],
    because: "a custodian's tool works offline: formats and files, no network and nothing of the service",
  },
  {
    at: 'src/tools/audit/',
    from: ['src/formats/', 'src/files/entries-below.ts'],
    because: 'verifying shares nothing with writing but formats, and how a folder is looked through',
  },
  {
    at: 'src/tools/witness/',
    from: [
      'src/formats/',
      'src/files/',
      'src/http/planes.ts',
      'src/http/read-body.ts',
      'src/http/server.ts',
      'src/http/tls/server-options.ts',
    ],
    because: 'a witness runs at another team: it needs its folder and a listener, and nothing else of the product',
  },
  {
    at: 'src/tools/byok/pkcs11/library.ts',
    from: ['src/tools/byok/'],
    packages: ['koffi'],
    because: "the binding to a token's library stays one file, loaded by the command that wraps and by nothing else",
  },
  {
    at: 'src/tools/config-check/',
    from: [...AROUND, 'src/tools/', 'src/http/', 'src/features/auth/'],
    because: 'a configuration is judged by the rows of a start, of which there is no second copy; nothing is started',
  },
  {
    at: 'src/tools/',
    from: [
      'src/formats/',
      'src/files/',
      'src/deployment/',
      'src/crypto/client/',
      'src/crypto/protocol/',
      'src/features/auth/',
      'src/features/backup/',
      'src/features/ceremony/',
      'src/features/release/',
      'src/tools/custodian/',
    ],
    packages: ['jose'],
    because: 'what people do by themselves, with files and the public API, needs no part of a running process',
  },
  {
    at: 'src/cli/one-file/build.ts',
    from: ['src/cli/', 'src/tools/custodian/files.ts'],
    packages: ['esbuild'],
    because: 'the bundler runs in the commands that write a tool to be handed out, and nowhere else',
  },
  {
    at: 'src/cli/commands/alerts.ts',
    from: ['src/cli/', ...AROUND, 'src/features/audit/', 'src/watcher/alerts/'],
    because: 'what alerts keep and what their rules say is read by those who keep and read it',
  },
  {
    at: 'src/cli/commands/alerts/',
    from: ['src/cli/', ...AROUND, 'src/watcher/alerts/'],
    because: 'what alerts keep and what their rules say is read by those who keep and read it',
  },
  {
    at: 'src/cli/alert-test/',
    from: [
      'src/cli/',
      ...AROUND,
      'src/features/audit/',
      'src/features/roles/built-in-roles.ts',
      'src/tools/ceremony/hsm.ts',
      'src/tools/custodian/',
      'src/watcher/alerts/',
      'src/watcher/watched-logs.ts',
    ],
    because: 'a test of the alerts is a client of a product that is thrown away, and reads what its watcher keeps',
  },
  {
    at: 'src/cli/',
    from: [
      ...BELOW_FEATURES,
      ...AROUND,
      'src/features/',
      'src/tools/',
      'src/control/',
      'src/watcher/sinks/sink-status.ts',
    ],
    packages: ['@azure/identity', ...X509],
    because: 'a command reads files or speaks the public API; it starts processes, it is not one of them',
  },

  // What judges the product.
  {
    at: 'test/alerts/',
    from: ['src/', 'test/support/'],
    packages: ['smtp-server', 'standardwebhooks'],
    because: 'alerts are proven against receivers that others have written',
  },
  {
    at: 'test/year/',
    from: ['src/', 'test/'],
    packages: ['smtp-server', 'standardwebhooks'],
    because: 'a year is told to receivers that others have written',
  },
  {
    at: 'test/',
    from: ['src/'],
    packages: [
      '@azure/arm-keyvault',
      '@azure/identity',
      '@azure/keyvault-keys',
      '@azure/storage-blob',
      'fast-check',
      'jose',
      ...X509,
    ],
    because: 'tests see the whole product',
  },
  { at: 'bench/', from: ['src/', 'test/'], packages: ['koffi'], because: 'the bench sees the whole product' },
  {
    at: 'scripts/',
    from: ['src/', 'test/clients/', 'test/docs/blocks.ts', 'test/support/', 'test/system-programs.ts'],
    packages: ['typescript'],
    because: 'scripts check the product from outside',
  },
];

/** What tests beside the code may import on top of their area's row, from their own layer or below. */
export const forTests: Pick<Area, 'from' | 'packages'> = {
  from: [
    'src/formats/',
    'src/files/',
    'src/links/',
    'src/crypto/',
    'src/module/',
    'src/recorder/',
    'src/store/',
    'src/http/',
    'src/features/audit/read-entries.ts',
    'src/tools/audit/',
    'src/tools/release/authority/',
    'test/',
  ],
  packages: ['fast-check', 'jose', 'koffi', ...X509],
};
