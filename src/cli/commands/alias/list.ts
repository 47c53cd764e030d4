// `strongroom alias list`: further names, and which instance each of them belongs to.

import { namesOfData } from '../../../deployment/names-of-data.ts';
import { readRunningState } from '../../../deployment/running-state.ts';
import { printableJson } from '../../../formats/printable.ts';
import { instanceOrigin } from '../../../http/name-form.ts';
import { command, dataOption, jsonOption } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { bookOf } from './applied.ts';

export const list = command({
  name: 'alias list',
  summary: 'show the further names of instances',
  operands: '',
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom alias list', 'strongroom alias list --json'],
  run({ data, json }, _operands, terminal) {
    const root = dataRootOf(data);
    const state = readRunningState(root);
    const rows = Object.entries(bookOf(root)).map(([alias, { instance, since, before }]) => ({
      alias,
      instance,
      since,
      before: before ?? null,
      uri: instanceOrigin(namesOfData(root), alias),
      refused: state?.refusedAliases[alias] ?? null,
      serves: state?.aliases[alias] === instance && (state.instances[instance]?.port ?? 0) !== 0,
    }));
    if (json) terminal.out(printableJson(rows));
    else if (rows.length === 0) terminal.out('no aliases\n');
    for (const { alias, instance, since, before, uri, serves, refused } of json ? [] : rows) {
      const from = before === null ? '' : ` (before: ${before})`;
      terminal.out(`${alias.padEnd(24)} ${instance}${from} since ${since}${serves ? '' : ', not serving'}\n  ${uri}\n`);
      if (refused !== null) terminal.out(`  leads nowhere: ${refused}\n`);
    }
    return Promise.resolve(0);
  },
});
