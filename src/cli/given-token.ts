// A token that its owner has fetched, in a file: for issuers that neither az nor Azure's credentials can ask for one.
import { CommandError } from './command.ts';
import { readSecret } from './read-secret.ts';

/** For the instances, and for the resource manager, whose tokens have another audience. */
export type TokenVariable = 'STRONGROOM_TOKEN_FILE' | 'STRONGROOM_ARM_TOKEN_FILE';

/**
 * Read anew each time, so that a long command goes on with a token that was renewed meanwhile. Whether it is good is for the
 * service to say.
 * @returns undefined when the environment names no file @throws CommandError
 */
export function givenToken(
  variable: TokenVariable,
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
  const ended = endOf(token);
  if (ended !== undefined && ended <= now) {
    throw new CommandError(
      `$${variable}: the token in ${file} has ended at ${new Date(ended).toISOString()}: fetch another, and write it there`,
    );
  }
  return token;
}

/** Unverified: for a message, which is better than the service's 401 without a reason. */
function endOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      readonly exp?: unknown;
    };
    return typeof exp === 'number' && Math.abs(exp) < 8e12 ? exp * 1000 : undefined;
  } catch {
    return undefined; // another kind of token
  }
}
