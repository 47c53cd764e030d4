// What a service worker may ask of the module: the closed list, with which process of it answers and the states in which each
// is allowed.
// The page `docs/reference/module-protocol.md` describes the same table; a message that returns a private key does not
// exist.
import type { Kty } from '../../formats/algorithms.ts';
import { type FieldList, type Fields, fields, type Values } from '../../formats/fields.ts';

/**
 * blank: no root keys · locked: sealed root keys whose secret is not here · provisioned: root keys, no security domain
 * taken yet · active: serves keys.
 */
export const MODULE_STATES = ['blank', 'locked', 'provisioned', 'active'] as const;
export type ModuleState = (typeof MODULE_STATES)[number];

/** serving: a partition, which holds opened keys · ceremony: a process that is started for it and ends · both */
export type Answerer = 'serving' | 'ceremony' | 'both';

export interface Message<
  Q extends FieldList = FieldList,
  A extends FieldList = FieldList,
  B extends Answerer = Answerer,
> {
  readonly code: number;
  readonly by: B;
  readonly states: readonly ModuleState[];
  /** May be sent again to another partition when the first died before it answered. */
  readonly repeatable: boolean;
  readonly request: Fields<Q>;
  readonly reply: Fields<A>;
}

/** Rows of messages that this process answers: code, states, request, reply. */
function answeredBy<const B extends Answerer>(by: B) {
  return <const Q extends FieldList, const A extends FieldList>(
    code: number,
    states: readonly ModuleState[],
    request: Q,
    reply: A,
    repeatable = true,
  ): Message<Q, A, B> => ({ code, by, states, repeatable, request: fields(request), reply: fields(reply) });
}
const serving = answeredBy('serving');
const ceremony = answeredBy('ceremony');
const both = answeredBy('both');
/** Not `repeatable`. */
const ONCE = false;

const ANY: readonly ModuleState[] = MODULE_STATES;
const LOCKED: readonly ModuleState[] = ['locked'];
const SEALED: readonly ModuleState[] = ['provisioned', 'active'];
const ACTIVE: readonly ModuleState[] = ['active'];
/** A key as it is kept: what it is, and its sealed material. */
const KEY = { binding: 'json', blob: 'bytes' } as const;
const MADE = { publicKey: 'json', blob: 'bytes' } as const;
/** Who keeps shares from now on, how many of them are needed, and who brought theirs: thumbprints, base64url. */
const OUTCOME = { required: 'u32', thumbprints: 'json', quorum: 'json' } as const;

export const messages = {
  /** Who answers: state, identity, and the raw Ed25519 key that signs checkpoints (empty while blank). */
  hello: both(
    1,
    ANY,
    {},
    {
      state: 'text',
      instanceId: 'text',
      engine: 'text',
      library: 'text',
      auditKey: 'bytes',
      /** Raw Ed25519 key of the security domain, the same on every instance recovered from it (empty until active). */
      domainKey: 'bytes',
      /** Newest store head this module has been shown (`noteHead`), 0 if none. */
      headSequence: 'u64',
      /** Size of the newest log that was signed (`signCheckpoint`), 0 if none. */
      signedSize: 'u64',
      /** Kind of the seal, as the file claims it; empty while blank. */
      seal: 'text',
      /** Of the sealed state: one more with each write; 0 of a state of a version before. */
      generation: 'u64',
      /** Of this state, and of each generation before, by its number; empty while blank or locked. */
      digest: 'text',
      lineage: 'json',
      /** 1: the file that remembers the newest head, or the newest signed log, is there; 0: it was deleted. */
      isHeadWitnessed: 'u8',
      isLogWitnessed: 'u8',
      /** 1: `renewState` has something to do. */
      isToRenew: 'u8',
    },
  ),
  /** blank → provisioned: makes the root keys and writes the sealed state file. */
  provision: ceremony(2, ['blank'], { instanceId: 'text', instanceName: 'text' }, {}, ONCE),
  /** Reads the state file again, after another partition ran a ceremony. */
  reload: serving(3, ANY, {}, { state: 'text' }),

  /**
   * Store and log were found not to know of a newer state: one of a version before is written in the present form, and
   * key files that do not seal this one are wiped.
   */
  renewState: ceremony(4, SEALED, {}, {}),
  /** Reads the files again and answers what this partition knows of state and witnesses, sealed for `noteState`. */
  stateInUse: serving(6, SEALED, {}, { sealed: 'bytes' }),
  /** What a partition knows: a ceremony begins from nothing less, and from no other. */
  noteState: ceremony(7, SEALED, { sealed: 'bytes' }, {}),
  /** Makes those files anew, of a store and a log that were accepted as they are; none older than what the module knows. */
  witness: ceremony(5, SEALED, { revision: 'u64', key: 'bytes', sealed: 'bytes', size: 'u64', root: 'bytes' }, {}),

  /** Makes a key. `size` in bits (RSA, oct), `curve` for EC, `publicExponent` for RSA, `alg` for AKP; unused: 0 or ''. */
  createKey: serving(
    10,
    ACTIVE,
    { binding: 'json', size: 'u32', curve: 'text', publicExponent: 'u32', alg: 'text' },
    MADE,
  ),
  /** Seals the same key under a new binding; only `keyOps` and a release policy that is not immutable may differ. */
  rebindKey: serving(11, ACTIVE, { ...KEY, newBinding: 'json' }, { blob: 'bytes' }),
  /** Opens a blob into this partition's cache. The binding must be the one that it was sealed with. */
  openKey: serving(12, ACTIVE, KEY, { handle: 'u32' }),
  /**
   * Takes a private key that a client sent in the clear: big-endian members of its JWK, those that the type does not
   * have empty. Refused with the member named unless all of them belong together.
   */
  importKey: serving(
    14,
    ACTIVE,
    {
      binding: 'json',
      crv: 'text',
      n: 'bytes',
      e: 'bytes',
      d: 'bytes',
      p: 'bytes',
      q: 'bytes',
      dp: 'bytes',
      dq: 'bytes',
      qi: 'bytes',
      x: 'bytes',
      y: 'bytes',
      k: 'bytes',
      alg: 'text',
      /** The seed of an AKP key. */
      priv: 'bytes',
      /** May be empty; else it must be what the seed makes. */
      pub: 'bytes',
    },
    MADE,
  ),
  /** Takes the key out of a transfer blob's ciphertext, with a key-exchange key whose keyOps are `import` alone. */
  importWrappedKey: serving(
    15,
    ACTIVE,
    { kekBinding: 'json', kekBlob: 'bytes', binding: 'json', crv: 'text', ciphertext: 'bytes' },
    MADE,
  ),
  /**
   * All versions of one key (`{binding, blob, rest}`, blob in base64url) as a compact JWE that only a module with the same
   * root keys opens. What `rest` holds comes back unchanged.
   */
  backupKey: serving(16, ACTIVE, { versions: 'json', rest: 'json' }, { value: 'text' }),
  /** Such a text again, the blobs sealed for this instance; the bindings are those that were backed up. */
  restoreKey: serving(17, ACTIVE, { value: 'text' }, { versions: 'json', rest: 'json' }),
  /** Seals one part of a full backup, for any module with the same backup root key; id and part name are bound in. */
  sealBackup: serving(18, ACTIVE, { backupId: 'text', part: 'text', content: 'bytes' }, { sealed: 'bytes' }),
  /** Opens it; `CryptoFailed` for any other part, backup or security domain, and when it was edited. */
  openBackup: serving(19, ACTIVE, { backupId: 'text', part: 'text', sealed: 'bytes' }, { content: 'bytes' }),
  /** One cryptographic operation; codes from `formats/algorithms.ts`. Unused inputs are empty. */
  operate: serving(
    13,
    ACTIVE,
    {
      handle: 'u32',
      operation: 'u8',
      algorithm: 'u8',
      input: 'bytes',
      /** verify: the signature · AES decrypt: the tag */
      proof: 'bytes',
      /** ML-DSA: empty, or the one byte EXTERNAL_MU */
      iv: 'bytes',
      /** ML-DSA: the context */
      aad: 'bytes',
    },
    {
      /** Result bytes; verify answers one byte, 1 or 0. */
      output: 'bytes',
      iv: 'bytes',
      tag: 'bytes',
    },
  ),

  /** Seals a store record: `key` is the keyed hash of `name`, `sealed` binds name and revision. */
  sealRecord: serving(20, SEALED, { name: 'text', revision: 'u64', value: 'bytes' }, { key: 'bytes', sealed: 'bytes' }),
  /** Opens one; refused (`RecordRefused`) if it was edited, or moved to another key, revision or instance. */
  openRecord: serving(21, SEALED, { key: 'bytes', revision: 'u64', sealed: 'bytes' }, { name: 'text', value: 'bytes' }),
  /**
   * Seals the record named `head`, which `sealRecord` does not. Only the one after `previous`, the sealed head of the
   * revision before (empty for revision 1). It names the state of the module and the size of the newest log that it signed.
   */
  sealHead: serving(
    23,
    SEALED,
    { revision: 'u64', hash: 'text', records: 'u64', previous: 'bytes' },
    { key: 'bytes', sealed: 'bytes', generation: 'u64' },
  ),
  /** Tells the module of a committed store head, which it remembers as the newest seen. */
  noteHead: serving(22, SEALED, { revision: 'u64', key: 'bytes', sealed: 'bytes' }, {}),

  /**
   * Signs a C2SP tlog-checkpoint body for this instance's log (origin, size, root); answers the signed note. Refused
   * (`LogRefused`) for a smaller log than one signed before, and for another one of the same size.
   */
  signCheckpoint: serving(30, SEALED, { size: 'u64', root: 'bytes' }, { note: 'text' }),

  /**
   * Signs that the security domain made the document `body`: `kind` is one of formats/statement, `note` its signed note.
   */
  signStatement: serving(31, ACTIVE, { kind: 'text', body: 'bytes' }, { note: 'text' }),

  /** Signs what a key is and may do, with the module's attestation identity; `chain` is PEM, statements base64url; of symmetric keys, which have no public part, the public one is ''. */
  attestKey: serving(50, ACTIVE, KEY, { chain: 'text', privateStatement: 'text', publicStatement: 'text' }),
  /** Makes the module's attestation identity, unless it has one (`IdentityMissing`). */
  makeIdentity: ceremony(54, ACTIVE, {}, {}),
  /**
   * Releases an exportable key, encrypted to `target` (`{kid, n, e}`), in a token signed by the attestation identity.
   * `policy` must be the one that the binding names. Whether the target may have the key was decided before.
   * `request` is for the reader, and nothing is decided upon it; `kid` is the full identifier of the version.
   */
  releaseKey: serving(
    51,
    ACTIVE,
    { ...KEY, target: 'json', enc: 'text', request: 'json', kid: 'text', attributes: 'json', policy: 'json' },
    { token: 'text' },
  ),
  /** A fresh AES-256 key under a key that has a release policy. */
  secureWrap: serving(52, ACTIVE, { ...KEY, algorithm: 'text' }, { wrapped: 'bytes' }),
  /** Such a key again, encrypted to `target` (RSA-OAEP-256). */
  secureUnwrap: serving(
    53,
    ACTIVE,
    { ...KEY, algorithm: 'text', wrapped: 'bytes', target: 'json' },
    { value: 'bytes' },
  ),

  /** `count` random bytes (1 to 128) from where the engine draws keys. */
  random: serving(60, ACTIVE, { count: 'u32' }, { bytes: 'bytes' }),

  /**
   * Splits the keys of the domain over the custodians' certificates (array of standard base64 DER); activates. The first
   * one settles certificates and quorum: others are refused (`OtherCustodians`) until a quorum replaces the custodians.
   */
  downloadSecurityDomain: ceremony(40, SEALED, { certificates: 'json', required: 'u32' }, { document: 'text' }, ONCE),
  /** The certificate (DER) to which shares or a restore blob are encrypted; the same until a ceremony has used it. */
  transferKey: ceremony(41, SEALED, {}, { certificate: 'bytes' }),
  /**
   * Joins the security domain of a restore blob, or of a domain file with the packets of a quorum (formats/domain-upload);
   * activates. The domain's custodians are those of this instance from then on; `quorum` brought the shares (none known
   * of a blob). All thumbprints are base64url.
   */
  uploadSecurityDomain: ceremony(42, ['provisioned'], { document: 'text' }, OUTCOME, ONCE),
  /** Settles other custodians, if packets of a quorum of the present ones open `domain` and agree to exactly these. */
  replaceCustodians: ceremony(
    43,
    ACTIVE,
    { certificates: 'json', required: 'u32', domain: 'text', packets: 'json' },
    OUTCOME,
    ONCE,
  ),
  /** Who is settled: sorted thumbprints, and how many are needed (0 and none before the first ceremony). */
  custodians: serving(44, SEALED, {}, { required: 'u32', thumbprints: 'json' }),

  /** By what the state is sealed, with what anybody may know of it. While locked it is what the file claims. */
  showSeal: ceremony(70, ['locked', 'provisioned', 'active'], {}, { seal: 'json' }),
  /** The certificate (DER) of this very process that the secret of its seal is to be encrypted to. */
  unlockKey: ceremony(71, LOCKED, {}, { certificate: 'bytes' }, ONCE),
  /**
   * Opens the seal: with a passphrase, encrypted to the unlock certificate with the thumbprint `recipient` (compact JWE),
   * or with custodians' packets (array). Refused (`SealRefused`) late, later each time, when it does not open.
   */
  unlock: ceremony(
    72,
    LOCKED,
    { recipient: 'text', secret: 'text', packets: 'json' },
    {
      /** Thumbprints of those whose shares opened it. */
      custodians: 'json',
    },
    ONCE,
  ),
  /** With the passphrase in the one file that this process was started with. */
  unlockFromFile: ceremony(73, LOCKED, {}, { custodians: 'json' }, ONCE),
  /** The key (DER) of this very process to which the seal key can be handed. */
  recipientKey: both(77, LOCKED, {}, { key: 'bytes' }, ONCE),
  /** The seal key, encrypted to the key of another process that waits over the same folder. */
  handOver: both(74, SEALED, { key: 'bytes' }, { sealed: 'text' }, ONCE),
  takeOver: both(75, LOCKED, { recipient: 'text', sealed: 'text' }, {}, ONCE),
  /** Exchanges the seal, in a process that was started for that over a stopped instance. `secret` is a passphrase. */
  changeSeal: ceremony(
    76,
    SEALED,
    { kind: 'text', secret: 'bytes', cost: 'json', certificates: 'json', required: 'u32' },
    {},
    ONCE,
  ),
} as const;

export type MessageName = keyof typeof messages;
/** The messages that one of the two answers. */
export type MessageBy<B extends Exclude<Answerer, 'both'>> = {
  [M in MessageName]: (typeof messages)[M]['by'] extends B | 'both' ? M : never;
}[MessageName];
export type RequestOf<M extends MessageName> =
  (typeof messages)[M] extends Message<infer Q, FieldList> ? Values<Q> : never;
export type ReplyOf<M extends MessageName> =
  (typeof messages)[M] extends Message<FieldList, infer A> ? Values<A> : never;

/** What the service says of a key when it makes or opens its blob; the blob is sealed to exactly this. */
export interface KeyBinding {
  readonly name: string;
  readonly version: string;
  readonly kty: Kty;
  readonly keyOps: readonly string[];
  readonly exportable: boolean;
  /** `policyBinding` of the release policy (formats/policy-binding); '' when there is none. */
  readonly releasePolicy: string;
}

/** Public members of a JWK (RFC 7517), without kid and key_ops. `k` never. */
export type PublicKey =
  | { readonly kty: 'RSA-HSM'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC-HSM'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'oct-HSM'; readonly size: number }
  | { readonly kty: 'AKP-HSM'; readonly alg: string; readonly pub: string };

/** `iv` of an ML-DSA operation whose input is not the message but its representative mu (FIPS 204 §6.2). */
export const EXTERNAL_MU = 1;

/** Reply kinds: a reply frame carries the request's id and one of these. */
export const REPLY_OK = 0;
export const REPLY_REFUSED = 1;
export const refusal: Fields<{ code: 'text'; message: 'text' }> = fields({ code: 'text', message: 'text' });

/** Why a module refuses. The text says which input; it never holds key material. */
export const REFUSAL_CODES = [
  'WrongState', // the message is not allowed in this state
  'BadRequest', // an input has a wrong form, size or value; the message names it
  'UnknownHandle', // the cache let it go: open the blob again
  'KeyRefused', // blob and binding do not belong together, or another instance's
  'OperationNotAllowed', // keyOps of the binding do not permit the operation
  'AlgorithmNotSupported', // the algorithm does not fit the key's type, size or curve
  'CryptoFailed', // decrypt/unwrap failed; deliberately says no more
  'IdentityMissing', // nothing is attested before `makeIdentity`
  'OtherCustodians', // the security domain is split over those of the first ceremony and nobody else
  'DomainRefused', // an uploaded security domain or a custodian's packet is not what it must be; the text says which
  'LogRefused', // a log that is smaller than one signed before, or another one of the same size
  'SealRefused', // the secret does not open the seal, or this process may not change it
  'StateRefused', // the files of the module are older, or others, than what it or the store's head knows
  'RecordRefused', // a sealed record, state or head is not authentic
  'Busy', // the partition is shutting down
  'Internal',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** The partition died before it answered (client side only, never on the wire). */
export type CryptoErrorCode = RefusalCode | 'PartitionLost';

export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @param member as whoever sent it spells it */
export function badRequest(member: string, text: string): CryptoError {
  return new CryptoError('BadRequest', `${member}: ${text}`);
}
