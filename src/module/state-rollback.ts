// An open module never goes back: what it knows of its own state outlives whatever is done to the files, and what was
// sealed under a newer state than its own betrays that older files were put back.
import { CryptoError } from '../crypto/protocol/messages.ts';
import { fields } from '../formats/fields.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './sealed-state.ts';

/** The state under which something was sealed. */
export interface NamedState {
  /** 0: by a version before, or by a module whose state is of one. */
  readonly generation: number;
  readonly digest: string;
}

export const NO_STATE: NamedState = { generation: 0, digest: '' };

/** A ceremony changes the keys of the domain at most, and makes the next generation. @throws CryptoError StateRefused */
export function requireSuccessor(known: Provisioned, found: Provisioned | undefined, isLocked: boolean): void {
  if (found === undefined) throw stateRefused(`the module state is ${isLocked ? 'sealed anew' : 'gone'}`);
  // Whoever can write into the folder must not exchange the instance's own keys.
  if (found.instanceId !== known.instanceId || !found.rootKeys.isOfSameInstance(known.rootKeys)) {
    throw stateRefused('the module state is of another instance');
  }
  requireLater(known, found);
  if (found.generation === known.generation && !found.rootKeys.sameAs(known.rootKeys)) throw anotherOne(known);
}

/** @param known of the same instance @throws CryptoError StateRefused */
export function requireLater(known: NamedState & Pick<Provisioned, 'state'>, found: Provisioned): void {
  if (found.generation < known.generation) {
    throw stateRefused(
      `the module's state on file is of generation ${found.generation}, the one in use of ${known.generation}: older files were put back`,
    );
  }
  // Made from an older file that was put back somewhere, however often since.
  if (found.generation > known.generation && found.lineage[known.generation] !== known.digest) {
    throw stateRefused(
      `the module's state on file, of generation ${found.generation}, does not come from the one of ${known.generation} in use`,
    );
  }
  if (found.generation === known.generation && found.digest !== known.digest) throw anotherOne(known);
  if (known.state === 'active' && found.state !== 'active') {
    throw stateRefused('the module state on file is not active any more');
  }
}

function anotherOne({ generation }: NamedState): CryptoError {
  return stateRefused(`the module's state on file is another one of generation ${generation} than the one in use`);
}

/** What was sealed under a state that this one does not come from tells of older files as what was sealed under a later one. */
export function isBehind(own: Provisioned, { generation, digest }: NamedState): boolean {
  if (generation === 0) return false;
  return digest !== (generation === own.generation ? own.digest : own.lineage[generation]);
}

export function refuseBehind(own: Provisioned, named: NamedState): never {
  let what = `of generation ${own.generation}, the store's head of ${named.generation}`;
  if (own.generation === named.generation)
    what = `another one of generation ${own.generation} than the store's head names`;
  if (own.generation > named.generation) {
    what = `of generation ${own.generation}, and does not come from the one of ${named.generation} that the store's head names`;
  }
  throw stateRefused(`the module's state is ${what}: older files were put back into the module's folder`);
}

export function stateRefused(message: string, options?: ErrorOptions): CryptoError {
  return new CryptoError('StateRefused', message, options);
}

// What an open partition knows of the module's state and of both witnesses, sealed on its way to a ceremony, which is a
// process of its own and remembers nothing: so older files that were put back are refused there as they are here.
const layout = fields({
  generation: 'u64',
  digest: 'text',
  state: 'text',
  /** The newest store head, and the size of the newest signed log, that the partition knows of. */
  headFloor: 'u64',
  logFloor: 'u64',
});
export type StateInUse = ReturnType<typeof layout.decode> & Pick<StateContent, 'state'>;

export function sealStateInUse(own: Provisioned, headFloor: number, logFloor: number): Buffer {
  const { generation, digest, state } = own;
  const plaintext = layout.encode({ generation, digest, state, headFloor, logFloor });
  return sealBox(own.rootKeys.recordSealing, contextOf(own), plaintext);
}

/** @throws CryptoError StateRefused: the partition's root keys are not those of the state on file */
export function openStateInUse(own: Provisioned, sealed: Uint8Array): StateInUse {
  try {
    return layout.decode(openBox(own.rootKeys.recordSealing, contextOf(own), sealed)) as StateInUse;
  } catch (cause) {
    throw stateRefused('the module state is of another instance', { cause });
  }
}

function contextOf({ instanceId }: StateContent): Buffer {
  return Buffer.from(`strongroom state in use v1\n${instanceId}`, 'utf8');
}
