// `strongroom alias remove`: a further name that nobody answers under any more.
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { apply, bookOf, isSettled } from './applied.ts';

export const remove = command({
  name: 'alias remove',
  summary: 'let no instance answer under an alias any more',
  operands: 'ALIAS',
  details: `
Key identifiers under the alias stop working at once. To move it to another instance, use 'alias set': it is never gone in
between. Nothing is restarted for it, and what is unlocked stays so.`,
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom alias remove payments'],
  async run({ data, json }, operands, terminal) {
    const [alias, spare] = operands;
    if (alias === undefined || spare !== undefined) throw new UsageError('name one alias');
    const root = dataRootOf(data);
    const { [alias]: removed, ...rest } = bookOf(root);
    if (removed === undefined) throw new CommandError(`there is no alias '${alias}'`);
    const { instance } = removed;
    await apply(root, rest, (state) => !(alias in state.aliases) && isSettled(state, instance));
    if (json) terminal.out(printableJson({ alias, instance }));
    else terminal.out(`'${instance}' does not answer under '${alias}' any more\n`);
    return 0;
  },
});
