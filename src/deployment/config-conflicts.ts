// What of a production configuration cannot be meant, though each member for itself is right: a start would succeed, and then
// nobody's token would be taken, or a promise would not hold. Each rule says what to set. Files and networks are not looked at.
import { isIP } from 'node:net';
import { LOOPBACK, openToAll } from './health-listener.ts';
import * as clients from './name-conflicts.ts';
import type { ProductionConfig } from './production-config.ts';
import { missingPersonMark } from './trusted-issuers.ts';
import { witnessConflict } from './witnesses.ts';

/** Sentences that begin with the member. */
type Rule = (config: ProductionConfig) => Iterable<string>;

/** A start is refused with the first. */
export function conflictsIn(config: ProductionConfig): readonly string[] {
  return REFUSED.flatMap((rule) => [...rule(config)]);
}

/** A start goes on: it may be meant. */
export function doubtsIn(config: ProductionConfig): readonly string[] {
  return DOUBTED.flatMap((rule) => [...rule(config)]);
}

const DOUBTED: readonly Rule[] = [clients.resourcePort, clients.armAudience, clients.issuerTenant];

const REFUSED: readonly Rule[] = [
  function* owners({ subscription }) {
    if (subscription.owners.length > 0) return;
    yield 'subscription.owners is empty: name the object id of at least one user, group or application that may make ' +
      'instances: {"id": "…", "type": "User"}';
  },
  function* issuerForms({ issuers }) {
    for (const [at, { issuers: own, vaultAudiences }] of issuers.entries()) {
      if (vaultAudiences !== undefined) {
        yield `issuers[${at}].vaultAudiences: instances have no names of vaults in this profile; remove the member`;
      }
      const plain = own.find((each) => /^http:/i.test(each));
      if (plain === undefined) continue;
      yield `issuers[${at}].issuers has ${plain}, an issuer over http: whoever is on the way to it could make tokens. ` +
        'Give the issuer an https address, and name that';
    }
    if (issuers.some(({ armAudiences = [] }) => armAudiences.length > 0)) return;
    yield 'issuers: none has "armAudiences", so nobody could make an instance: set the audiences of tokens for the resource manager';
  },
  function* acknowledged({ separation = 'strict', seal, acknowledge = [] }) {
    if (separation === 'azure' && !acknowledge.includes('azure-separation')) {
      yield 'separation is azure: one administrator alone can then give anybody any role. Remove the member (strict), or ' +
        'accept it: add "azure-separation" to "acknowledge"';
    }
    if (seal.kind === 'file' && !acknowledge.includes('file-seal')) {
      yield 'seal is file: a copy of the data directory then opens every key in it. Set {"kind": "passphrase", ' +
        '"passphraseFile": "…"} or {"kind": "people"}, or accept it: add "file-seal" to "acknowledge"';
    }
  },
  function* openHealth({ health, acknowledge = [] }) {
    const open = health === undefined ? undefined : openToAll(health);
    if (open !== undefined && !acknowledge.includes('open-health'))
      yield `${open}; or accept it: add "open-health" to "acknowledge"`;
  },
  clients.names,
  clients.authorization,
  clients.ownNames,
  clients.tenant,
  clients.audiences,
  /** The resource manager sees its callers' tokens. */
  function* planes({ issuers }) {
    for (const [at, { audiences, armAudiences = [] }] of issuers.entries()) {
      const both = audiences.find((each) => armAudiences.includes(each));
      if (both === undefined) continue;
      yield `issuers[${at}] has ${both} among "audiences" and "armAudiences": a token for the resource manager would open ` +
        'instances, too. Have the issuer give each its own, and name it in one of them';
    }
  },
  function* people({ issuers }) {
    const missing = missingPersonMark(issuers);
    if (missing !== undefined) yield missing;
  },
  function* witnesses(config) {
    const conflict = witnessConflict(config);
    if (conflict !== undefined) yield conflict;
  },
  /** Whoever comes second to a port does not get it. */
  function* listeners({ listen, privateListeners = [], health }) {
    const others = privateListeners.flatMap((each, at) =>
      'port' in each ? [{ member: `privateListeners[${at}]`, address: each.address, port: each.port }] : [],
    );
    const own =
      health === undefined ? [] : [{ member: 'health', address: health.address ?? LOOPBACK, port: health.port }];
    const places = [{ member: 'listen', ...listen }, ...others, ...own];
    for (const [index, { member, address, port }] of places.entries()) {
      const first = places.slice(0, index).find((each) => each.port === port && overlap(each.address, address));
      if (first === undefined) continue;
      yield `${member}.port is ${port}, which ${first.member} takes already at ${first.address}: set another`;
    }
  },
];

/** `::` takes the addresses of both families. */
function overlap(one: string, other: string): boolean {
  const [a, b] = [one, other].map((each) =>
    isIP(each) === 6 ? new URL(`http://[${each.split('%')[0]}]`).hostname : each,
  );
  if (a === b || a === '[::]' || b === '[::]') return true;
  return isIP(one) === isIP(other) && (a === '0.0.0.0' || b === '0.0.0.0');
}
