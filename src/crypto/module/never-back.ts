// An open module never goes back: what it knows of its own state outlives whatever is done to the files, and what was
// sealed under a newer state than its own betrays that older files were put back.
import { CryptoError } from '../protocol/messages.ts';
import type { Provisioned } from './state-file.ts';

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
  if (found.generation < known.generation) {
    throw stateRefused(
      `the module's state on file is of generation ${found.generation}, the one in use of ${known.generation}: older files were put back`,
    );
  }
  const isSame = found.digest === known.digest && found.rootKeys.sameAs(known.rootKeys);
  if (found.generation === known.generation && !isSame) {
    throw stateRefused(
      `the module's state on file is another one of generation ${known.generation} than the one in use`,
    );
  }
  if (known.state === 'active' && found.state !== 'active') {
    throw stateRefused('the module state on file is not active any more');
  }
}

export function isBehind(own: Provisioned, named: NamedState): boolean {
  if (named.generation !== own.generation) return named.generation > own.generation;
  return named.generation > 0 && named.digest !== own.digest;
}

export function refuseBehind(own: Provisioned, named: NamedState): never {
  const what =
    own.generation === named.generation
      ? `another one of generation ${own.generation} than the store's head names`
      : `of generation ${own.generation}, the store's head of ${named.generation}`;
  throw stateRefused(`the module's state is ${what}: older files were put back into the module's folder`);
}

export function stateRefused(message: string, options?: ErrorOptions): CryptoError {
  return new CryptoError('StateRefused', message, options);
}
