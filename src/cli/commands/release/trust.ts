// `strongroom release trust`: tells an HSM to trust an attestation authority, over its public API.
import { command, UsageError } from '../../command.ts';
import { instanceOf, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { readJsonInput } from '../../read-input.ts';

export const trust = command({
  name: 'release trust',
  summary: 'have an HSM trust an attestation authority',
  operands: 'AUTHORITY',
  details: `
AUTHORITY is what it is called in that HSM. Whoever asks must be an administrator there.`,
  options: {
    'body FILE': "'trust.json' of the authority",
    ...instanceOptions,
  },
  examples: ['strongroom release trust dev --body authority/trust.json'],
  async run(values, [name, spare], terminal) {
    const { body } = values;
    if (name === undefined || spare !== undefined) throw new UsageError('name the authority');
    if (body === undefined) throw new UsageError("--body is needed: the authority's trust.json");
    const client = openInstanceClient(instanceOf(values));
    const path = `/strongroom/attestation-authorities/${encodeURIComponent(name)}?api-version=7.5`;
    await client.ask('PUT', path, readJsonInput(body) as object);
    terminal.out(`${client.who} trusts the authority '${name}'\n`);
    return 0;
  },
});
