// `strongroom backup place list`: where an instance may keep full backups, and who says so.
import { printableJson } from '../../../../formats/printable.ts';
import { command, jsonOption } from '../../../command.ts';
import { placeListOptions, placesOf } from './places-of.ts';

export const listPlaces = command({
  name: 'backup place list',
  summary: 'show where an instance may keep full backups',
  operands: '',
  options: { ...placeListOptions, ...jsonOption },
  examples: ['strongroom backup place list', 'strongroom backup place list --hsm-name east --json'],
  run(values, _operands, terminal) {
    const { config, added } = placesOf(values);
    const rows = [
      ...(config.backupTargets ?? []).map((place) => ({ ...place, from: 'configuration' })),
      ...added.map((place) => ({ ...place, from: 'command' })),
    ];
    if (values.json) terminal.out(printableJson(rows));
    else if (rows.length === 0) terminal.out('there is no place for full backups\n');
    for (const { uri, keepsAll, addresses, caFile, from } of values.json ? [] : rows) {
      const more = [
        ...(keepsAll === true ? ['keeps all'] : []),
        ...(addresses === undefined ? [] : [`addresses ${addresses.join(', ')}`]),
        ...(caFile === undefined ? [] : [`authority ${caFile}`]),
      ];
      terminal.out(`${uri}  (${from})${more.length === 0 ? '' : `\n  ${more.join('; ')}`}\n`);
    }
    return Promise.resolve(0);
  },
});
