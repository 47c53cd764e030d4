// `strongroom alias set`: an instance answers under one more name, or takes that name over from another one.

import { checkAlias } from '../../../deployment/aliases.ts';
import { namesOfData } from '../../../deployment/names-of-data.ts';
import { readRunningState } from '../../../deployment/running-state.ts';
import { ConfigError } from '../../../deployment/start-config.ts';
import { uncoveredInData } from '../../../deployment/uncovered-names.ts';
import { printableJson } from '../../../formats/printable.ts';
import { instanceOrigin } from '../../../http/name-form.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { apply, bookOf, instancesOf, isSettled } from './applied.ts';

export const set = command({
  name: 'alias set',
  summary: 'let an instance answer under one more name, or move that name to it',
  operands: 'ALIAS',
  details: `
Give consumers an alias rather than the name of an instance: when the instance is lost, set the alias to its successor, and
key identifiers under the alias go on working. The name of a lost instance can become an alias of its successor, too.
An alias belongs to one instance at a time. Nothing is restarted for it, and what is unlocked stays so.
In production the certificate of instances must cover it; else nothing is set.
Without a running copy the alias is written down and holds from the next start on.`,
  options: {
    'hsm-name NAME': 'the instance that is to answer',
    move: 'take the alias away from an instance that serves under it now',
    ...dataOption,
    ...jsonOption,
  },
  examples: ['strongroom alias set payments --hsm-name east', 'strongroom alias set payments --hsm-name west --move'],
  async run({ 'hsm-name': wanted, move, data, json }, operands, terminal) {
    const [alias, spare] = operands;
    if (alias === undefined || spare !== undefined) throw new UsageError('name one alias');
    if (wanted === undefined) throw new UsageError('--hsm-name is missing');
    try {
      checkAlias(alias);
    } catch (error) {
      if (error instanceof ConfigError) throw new UsageError(error.message);
      throw error;
    }
    const root = dataRootOf(data);
    const names = instancesOf(root);
    const instance = names.find((name) => name.toLowerCase() === wanted.toLowerCase());
    if (instance === undefined) {
      throw new CommandError(
        `there is no instance '${wanted}'; there ${names.length === 0 ? 'are none' : `is ${names.join(', ')}`}`,
      );
    }
    const namesake = names.find((name) => name.toLowerCase() === alias);
    if (namesake !== undefined) {
      const recovered =
        namesake === instance
          ? ''
          : `. If '${instance}' has taken its place and its keys were seen to work, delete and purge '${namesake}' ` +
            `(az keyvault delete, az keyvault purge), then set the alias`;
      throw new CommandError(`'${alias}' is the name of the instance '${namesake}' itself${recovered}`);
    }
    const book = bookOf(root);
    const before = book[alias]?.instance;
    const serves = before !== undefined && (readRunningState(root)?.instances[before]?.port ?? 0) !== 0;
    if (before !== undefined && before !== instance && serves && !move) {
      throw new CommandError(`'${before}' serves under '${alias}' now; add --move to take it away from there`);
    }
    const isRunning = readRunningState(root) !== undefined;
    const uncovered = uncoveredInData(root, alias, isRunning);
    if (uncovered !== undefined) {
      const when = isRunning ? ' (it is taken up within 20 s)' : '';
      throw new CommandError(`nothing was set: ${uncovered}${when}, then set the alias`);
    }
    const isRefused = readRunningState(root)?.refusedAliases[alias] !== undefined;
    const outcome =
      before === instance && !isRefused
        ? 'applied'
        : await apply(
            root,
            {
              ...book,
              [alias]: { instance, since: new Date().toISOString(), ...(before === undefined ? {} : { before }) },
            },
            (state) => state.aliases[alias] === instance && isSettled(state, instance),
          );
    const answers = outcome === 'applied' && readRunningState(root)?.instances[instance]?.activation !== 'Stopped';
    const uri = instanceOrigin(namesOfData(root), alias);
    if (json) {
      terminal.out(printableJson({ alias, instance, before: before ?? null, uri, applied: answers }));
    } else {
      const from = before === undefined || before === instance ? '' : `, and '${before}' no longer does`;
      const when = answers ? 'answers' : 'will answer, once it runs,';
      terminal.out(`'${instance}' ${when} at ${uri}${from}\n`);
    }
    return 0;
  },
});
