// A token that its owner has fetched, in a file: for issuers that neither az nor Azure's credentials can ask for one. Those ask for
// a token for the very place that will see it; this one was there before the place was named, so it is looked whom it is for.

import { printableLine } from '../formats/printable.ts';
import { CommandError } from './command.ts';
import { readSecret } from './read-secret.ts';

/** For the instances, and for the resource manager, whose tokens have another audience. */
type TokenVariable = 'STRONGROOM_TOKEN_FILE' | 'STRONGROOM_ARM_TOKEN_FILE';

/** Who would see the token. */
interface TokenTarget {
  /** With its port, where that is not 443. */
  readonly host: string;
  /** What is `aud` in tokens that are good there and at nobody else's; absent: nothing in a token speaks for this place. */
  readonly audience?: string;
}

/**
 * Read anew each time, so that a long command goes on with a token that was renewed meanwhile. Whether it is good is for the
 * service to say; a place that it is not for never sees it, because it would be good elsewhere.
 * @returns undefined when the environment names no file @throws CommandError
 */
export function givenToken(
  variable: TokenVariable,
  place: TokenTarget,
  environment: NodeJS.ProcessEnv = process.env,
  now = Date.now(),
): string | undefined {
  const file = environment[variable];
  if (!file) return undefined;
  const token = readSecret(file).toString('utf8').trim();
  // It becomes a header.
  if (!/^[\w.~+/=-]+$/.test(token)) {
    throw new CommandError(`$${variable}: ${file} holds no access token: write it there, alone`);
  }
  const { exp, aud } = claimsOf(token);
  const ended = typeof exp === 'number' && Math.abs(exp) < 8e12 ? exp * 1000 : undefined;
  const audiences = [aud].flat().filter((each) => typeof each === 'string');
  if (ended !== undefined && ended <= now) {
    throw new CommandError(
      `$${variable}: the token in ${file} has ended at ${new Date(ended).toISOString()}: fetch another, and write it there`,
    );
  }
  const { host, audience } = place;
  if (audience !== undefined && audiences.some((each) => each === audience || each === `${audience}/`)) return token;
  const named = variable === 'STRONGROOM_TOKEN_FILE' ? 'STRONGROOM_TOKEN_HOST' : 'STRONGROOM_ARM_TOKEN_HOST';
  if (hostIn(named, environment) === host) return token;
  const isFor =
    audiences.length === 0
      ? 'does not say whom it is for'
      : `is for ${printableLine(audiences.join(', ').slice(0, 200))} and not for ${audience ?? host}`;
  throw new CommandError(`$${variable}: the token in ${file} ${isFor}: if ${host} may see it, set ${named}=${host}`);
}

/** The one place that its owner gives the token to, whatever its audience. */
function hostIn(variable: string, environment: NodeJS.ProcessEnv): string | undefined {
  const text = environment[variable];
  if (!text) return undefined;
  const url = `https://${text}`;
  if (!/[\s/@?#\\]/.test(text) && URL.canParse(url)) return new URL(url).host;
  throw new CommandError(`$${variable} must be HOST or HOST:PORT`);
}

/** Unverified: it is the caller's own token. Of a token of another kind there are none. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return { ...(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as object) };
  } catch {
    return {};
  }
}
