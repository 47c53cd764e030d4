// `strongroom federation remove`: a credential is worth nothing any more.
import { readCredentials, writeCredentials } from '../../../control/directory/federation/federated-credentials.ts';
import { places } from '../../../deployment/data-layout.ts';
import { CommandError, command, dataOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';

export const remove = command({
  name: 'federation remove',
  summary: 'exchange tokens for a credential no longer',
  operands: 'NAME',
  details: `
From now on nothing is exchanged for it; tokens that were given work until they expire, an hour at most. To stop them at once,
take the application's role assignments away.`,
  options: { ...dataOption },
  examples: ['strongroom federation remove cluster'],
  async run({ data }, operands, terminal) {
    const [name, spare] = operands;
    if (name === undefined || spare !== undefined) throw new UsageError('name one credential');
    const { control } = places(dataRootOf(data));
    const before = await readCredentials(control);
    const rest = before.filter((each) => each.name !== name);
    if (rest.length === before.length)
      throw new CommandError(`there is no federated credential '${name.slice(0, 128)}'`);
    await writeCredentials(control, rest);
    terminal.out(`'${name}' is worth nothing any more\n`);
    return 0;
  },
});
