// `strongroom backup place remove`: a place that was added is no place for backups any more.
import { writeAddedPlaces } from '../../../../deployment/added-backup-places.ts';
import { CommandError, command } from '../../../command.ts';
import { uriOf } from '../place.ts';
import { onePlace, placeListOptions, placesOf } from './places-of.ts';

export const removePlace = command({
  name: 'backup place remove',
  summary: 'let an instance back up to a place no longer',
  operands: 'DIR|URI',
  details: `
From now on no backup and no restore begins there. A job that is under way ends as it would have, and what lies there
stays. Places of the configuration are taken away there.`,
  options: placeListOptions,
  examples: ['strongroom backup place remove https://acme.blob.core.windows.net/hsm-backups'],
  async run(values, operands, terminal) {
    const uri = uriOf(onePlace(operands));
    const { name, at, config, added } = placesOf(values);
    const rest = added.filter((each) => each.uri !== uri);
    if (rest.length === added.length) {
      const configured = config.backupTargets?.some((each) => uriOf(each.uri) === uri) === true;
      const member = config.profile === 'production' ? 'the configuration' : at.config;
      throw new CommandError(
        configured
          ? `${uri} is a place of the configuration: take it out of 'backupTargets' in ${member}, and restart the instance`
          : `${uri} was not added for '${name}'`,
      );
    }
    await writeAddedPlaces(at, rest);
    terminal.out(`'${name}' does not back up to ${uri} any more\n`);
    return 0;
  },
});
