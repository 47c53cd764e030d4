// `strongroom alias …`: further names of instances, in a book on disk that a running copy goes by.
import { type Aliases, checkAlias, readAliases, writeAliases } from '../../deployment/aliases.ts';
import { namesOfData } from '../../deployment/names-of-data.ts';
import { type RunningState, readRunningState } from '../../deployment/running-state.ts';
import { uncoveredInData } from '../../deployment/uncovered-names.ts';
import { instanceOrigin } from '../../http/name-form.ts';
import { type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { explained } from '../explained.ts';
import { instanceNamed, instancesIn } from '../instance-folder.ts';
import { placesWithData, untilRunning } from '../running.ts';

/** The book is a file that people may have changed. */
const explains = { ConfigError: '' } as const;
const one = { operands: 'ALIAS', wants: 'name one alias', explains } as const;

export const commands: readonly Command[] = [
  command({
    name: 'alias set',
    summary: 'let an instance answer under one more name, or move that name to it',
    ...one,
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
    needs: { 'hsm-name': '--hsm-name is missing' },
    examples: ['strongroom alias set payments --hsm-name east', 'strongroom alias set payments --hsm-name west --move'],
    async run({ 'hsm-name': wanted, move, data }, [alias]) {
      explained(() => checkAlias(alias), { ConfigError: '' }, UsageError);
      const { root } = placesWithData(data);
      const names = instancesIn(root);
      const instance = instanceNamed(names, wanted);
      const namesake = names.find((name) => name.toLowerCase() === alias);
      if (namesake !== undefined) {
        const recovered =
          namesake === instance
            ? ''
            : `. If '${instance}' has taken its place and its keys were seen to work, delete and purge '${namesake}' ` +
              `(az keyvault delete, az keyvault purge), then set the alias`;
        throw new CommandError(`'${alias}' is the name of the instance '${namesake}' itself${recovered}`);
      }
      const book = readAliases(root);
      const before = book[alias]?.instance;
      const running = readRunningState(root);
      const serves = before !== undefined && (running?.instances[before]?.port ?? 0) !== 0;
      if (before !== undefined && before !== instance && serves && !move) {
        throw new CommandError(`'${before}' serves under '${alias}' now; add --move to take it away from there`);
      }
      const uncovered = uncoveredInData(root, alias, running !== undefined);
      if (uncovered !== undefined) {
        const when = running === undefined ? '' : ' (it is taken up within 20 s)';
        throw new CommandError(`nothing was set: ${uncovered}${when}, then set the alias`);
      }
      const since = new Date().toISOString();
      const isApplied =
        (before === instance && running?.refusedAliases[alias] === undefined) ||
        (await apply(
          root,
          { ...book, [alias]: { instance, since, ...(before === undefined ? {} : { before }) } },
          (state) => state.aliases[alias] === instance && isSettled(state, instance),
        ));
      const applied = isApplied && readRunningState(root)?.instances[instance]?.activation !== 'Stopped';
      const uri = instanceOrigin(namesOfData(root), alias);
      const from = before === undefined || before === instance ? '' : `, and '${before}' no longer does`;
      return {
        json: { alias, instance, before: before ?? null, uri, applied },
        text: `'${instance}' ${applied ? 'answers' : 'will answer, once it runs,'} at ${uri}${from}\n`,
      };
    },
  }),
  command({
    name: 'alias list',
    summary: 'show the further names of instances',
    explains,
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom alias list', 'strongroom alias list --json'],
    run({ data }) {
      const { root } = placesWithData(data);
      const state = readRunningState(root);
      const rows = Object.entries(readAliases(root)).map(([alias, { instance, since, before }]) => ({
        alias,
        instance,
        since,
        before: before ?? null,
        uri: instanceOrigin(namesOfData(root), alias),
        refused: state?.refusedAliases[alias] ?? null,
        serves: state?.aliases[alias] === instance && (state.instances[instance]?.port ?? 0) !== 0,
      }));
      const lines = rows.map(({ alias, instance, since, before, uri, serves, refused }) => {
        const from = before === null ? '' : ` (before: ${before})`;
        const why = refused === null ? '' : `  leads nowhere: ${refused}\n`;
        return `${alias.padEnd(24)} ${instance}${from} since ${since}${serves ? '' : ', not serving'}\n  ${uri}\n${why}`;
      });
      return { json: rows, text: lines.join('') || 'no aliases\n' };
    },
  }),
  command({
    name: 'alias remove',
    summary: 'let no instance answer under an alias any more',
    ...one,
    details: `
Key identifiers under the alias stop working at once. To move it to another instance, use 'alias set': it is never gone in
between. Nothing is restarted for it, and what is unlocked stays so.`,
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom alias remove payments'],
    async run({ data }, [alias]) {
      const { root } = placesWithData(data);
      const { [alias]: removed, ...rest } = readAliases(root);
      if (removed === undefined) throw new CommandError(`there is no alias '${alias}'`);
      const { instance } = removed;
      await apply(root, rest, (state) => !(alias in state.aliases) && isSettled(state, instance));
      return { json: { alias, instance }, text: `'${instance}' does not answer under '${alias}' any more\n` };
    },
  }),
];

/** It answers under its names, or will when its operator starts it. */
function isSettled({ instances }: RunningState, instance: string): boolean {
  const { port = 1, activation = '' } = instances[instance] ?? {};
  return port !== 0 || activation === 'Stopped';
}

const PATIENCE_MS = 60_000;

/**
 * Writes the book and waits until whatever runs goes by it.
 * @param isDone said of a copy that runs
 * @returns whether one does
 */
async function apply(root: string, aliases: Aliases, isDone: (state: RunningState) => boolean): Promise<boolean> {
  await writeAliases(root, aliases);
  const late = `it is written down, but the service does not go by it after ${PATIENCE_MS / 1000} s; see what it has printed`;
  return (await untilRunning(root, isDone, PATIENCE_MS, late)) !== undefined;
}
