// `strongroom reason`: the shell line with which stock clients say why, and until when, a grant is made.
import { readReason, readTerms } from '../../features/roles/terms.ts';
import { type Command, command, UsageError } from '../command.ts';
import { explained } from '../explained.ts';

export const commands: readonly Command[] = [
  command({
    name: 'reason',
    summary: 'print the shell line that makes az say why a role is given or a key in use is retired',
    operands: 'TEXT',
    wants: "give the reason as one word: 'TEXT'",
    details: `
Made for sh, bash and zsh: eval "$(strongroom reason 'on call, ticket 7')". az and the Python SDKs add the variable to their
user agent, where the instance finds it; it holds for every later command of that shell, so end it with
unset AZURE_HTTP_USER_AGENT. The text travels and is logged readable for everyone: no secrets.`,
    options: { 'expires WHEN': 'when the grant ends: P7D, PT8H or 2027-01-31T12:00:00Z' },
    examples: [`eval "$(strongroom reason 'on call, ticket 7')"`, `eval "$(strongroom reason 'audit' --expires P7D)"`],
    run({ expires }, [text]) {
      const read = () => {
        const grantHeaders = { reason: readReason(text), ...(expires === undefined ? {} : { expires }) };
        readTerms(grantHeaders, Date.now() / 1000);
        return grantHeaders;
      };
      const tokens = Object.entries(explained(read, { ServiceError: '' }, UsageError)).map(
        ([name, value]) => `strongroom-${name}/${Buffer.from(value, 'utf8').toString('base64url')}`,
      );
      return `export AZURE_HTTP_USER_AGENT='${tokens.join(' ')}'\n`;
    },
  }),
];
