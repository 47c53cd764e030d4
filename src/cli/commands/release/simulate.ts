// `strongroom release simulate`: shows, claim by claim, why a token would or would not get a key released.
import { printableJson } from '../../../formats/printable.ts';
import * as feature from '../../../tools/release/simulate/simulate.ts';
import { simulationText } from '../../../tools/release/simulate/simulation-text.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readInput, readJsonInput } from '../../read-input.ts';

export const simulate = command({
  name: 'release simulate',
  summary: 'show claim by claim why a token would (not) get a key released',
  operands: '',
  details: `
Judges the token by the policy as the service does, offline. --jwks is the key set of the token's authority, or the file
by which an HSM was told to trust it; without it the signature is not checked. The exit code is 0 when the token passes.`,
  options: {
    'policy FILE': 'the release policy, JSON',
    'token FILE': "the enclave's attestation token",
    'jwks FILE': "the authority's keys: checks the signature",
    'at TIME': 'judge as of this time (ISO 8601), not now',
    ...jsonOption,
  },
  examples: [
    'strongroom release simulate --policy policy.json --token token.jwt',
    'strongroom release simulate --policy policy.json --token token.jwt --jwks authority/trust.json --at 2026-11-25T12:00Z',
  ],
  async run({ policy, token, jwks, at, json }, [spare], terminal) {
    if (spare !== undefined) throw new UsageError(`it takes no operand '${spare}'`);
    if (policy === undefined || token === undefined) throw new UsageError('--policy and --token are needed');
    const now = at === undefined ? Date.now() : Date.parse(at);
    if (Number.isNaN(now)) throw new UsageError(`--at must be a time like 2026-11-25T12:00Z, not '${at}'`);
    const simulation = await feature
      .simulate({
        policy: readInput(policy),
        token: readInput(token).toString('utf8').trim(),
        jwks: jwks === undefined ? undefined : keySetOf(readJsonInput(jwks)),
        now: Math.floor(now / 1000),
      })
      .catch((error: unknown) => {
        const known = error instanceof Error && ['PolicyError', 'AuthError'].includes(error.name);
        const what = error instanceof Error && error.name === 'AuthError' ? 'token' : 'policy';
        if (known) throw new CommandError(`the ${what} cannot be read: ${error.message}`, { cause: error });
        throw error;
      });
    terminal.out(json ? printableJson(simulation) : simulationText(simulation));
    return simulation.passes ? 0 : 1;
  },
});

function keySetOf(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'jwks' in document ? document.jwks : document;
}
