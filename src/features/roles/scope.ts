// Where a right holds: `/` (everything), `/keys` (all keys) or `/keys/{name}` (one key, all its versions). A scope
// covers those below it; key names are compared without regard to case.
import { badParameter, type ServiceError } from '../../http/service-error.ts';

export interface Scope {
  /** As it is answered: `/`, `/keys`, `/keys/{name}` in the caller's spelling. */
  readonly path: string;
  /** This scope and those above it, widest first, folded to lower case. */
  readonly covering: readonly string[];
}

export const ROOT_SCOPE: Scope = { path: '/', covering: ['/'] };
export const KEYS_SCOPE: Scope = { path: '/keys', covering: ['/', '/keys'] };

/** The scope of one key. @param name checked already: a key name has only 0-9, a-z, A-Z and `-` */
export function keyScope(name: string): Scope {
  return { path: `/keys/${name}`, covering: ['/', '/keys', `/keys/${name.toLowerCase()}`] };
}

/** One string per scope, equal for scopes that are the same. */
export function foldedScope(scope: Scope): string {
  return scope.covering[scope.covering.length - 1] ?? '/';
}

/** True when `outer` is `inner` or above it. */
export function covers(outer: Scope, inner: Scope): boolean {
  return inner.covering[outer.covering.length - 1] === foldedScope(outer);
}

// Without the u flag, `i` folds ASCII letters only with each other.
const KEY_SCOPE = /^keys\/([0-9a-z-]{1,127})$/i;

/**
 * Reads what stands before `/providers` in a path. Clients write it with missing, doubled, trailing and
 * percent-encoded slashes; all spellings of a scope give the same one.
 * @throws ServiceError BadParameter
 */
export function parseScope(text: string): Scope {
  const path = decode(text)
    .replace(/\/{2,}/g, '/')
    .replace(/^\/|\/$/g, '');
  if (path === '') return ROOT_SCOPE;
  if (/^keys$/i.test(path)) return KEYS_SCOPE;
  const name = KEY_SCOPE.exec(path)?.[1];
  if (name === undefined) throw malformed();
  return keyScope(name);
}

function decode(text: string): string {
  // Longest: '/keys/' and 127 characters, with room for every character percent-encoded and some spare slashes.
  if (text.length > 512) throw malformed();
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause?: unknown): ServiceError {
  return badParameter("The role scope must be '/', '/keys' or '/keys/{name of a key}'", { cause });
}
