// `strongroom key …`: what stock clients do not say of a key.
import { having } from '../../formats/having.ts';
import { flag, integer, list, text } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import { type Command, command, UsageError } from '../command.ts';
import { counted } from '../counted.ts';
import { principalNames } from '../directory.ts';
import { type InstanceValues, instanceAnswerOptions, rootOf } from '../instance-client.ts';
import { table } from '../show.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const dependant = having({ principal: text, operation: text, count, first: text, last: text });
const read = having({
  name: text,
  days: count,
  guard: text,
  entries: count,
  gaveUp: flag,
  versions: list(having({ version: text, current: flag, enabled: flag, dependants: list(dependant) })),
});
type Values = InstanceValues & { readonly version: string | undefined };

const answered: Answered<ReturnType<typeof read>, Values> = {
  what: 'list of who uses a key',
  read,
  async shown({ name, days, guard, entries, gaveUp, versions }, values) {
    const nameOf = await principalNames(rootOf(values));
    const shown = versions.filter(({ version }) => values.version === undefined || version === values.version);
    if (shown.length === 0) throw new UsageError(`--version: key ${name} has no version ${values.version ?? ''}`);
    const rows = shown.flatMap(({ version, current, enabled, dependants }) => {
      const state = [enabled ? 'enabled' : 'disabled', ...(current ? ['current'] : [])].join(', ');
      const users = dependants.map(({ principal, operation, count: times, first, last }) => [
        version,
        state,
        nameOf(principal),
        operation,
        String(times),
        first,
        last,
      ]);
      return users.length > 0 ? users : [[version, state, 'nobody', '', '', '', '']];
    });
    const isUsed = shown.some(({ dependants }) => dependants.length > 0);
    const looked = gaveUp
      ? `; only the newest ${counted(entries, 'entry', 'entries')} of the log could be looked at`
      : '';
    return {
      text: table(['VERSION', 'STATE', 'USED BY', 'OPERATION', 'TIMES', 'FIRST', 'LAST'], rows),
      hint: `Of the last ${counted(days, 'day')}${looked}. The guard is ${guard} (setting StrongroomRetirementGuard).\n`,
      exit: isUsed ? 1 : gaveUp ? NOT_KNOWN : 0,
    };
  },
};

/** The exit code where nobody was found, and not all could be looked at. */
const NOT_KNOWN = 3;

export const commands: readonly Command[] = [
  command({
    name: 'key dependants',
    summary: 'list who used a key lately, before a version of it is disabled, expired or deleted',
    operands: 'NAME',
    wants: 'name one key',
    details: `
By version and operation, from the audit log; what was done a moment ago counts. Reading a key is not using it. For whoever may delete or
change the key, or read the log. The exit code is 0 when nobody used it, 1 when somebody did, 3 when nobody was found and not all of the
days could be looked at.`,
    options: {
      'version VERSION': 'only this version',
      'days N': 'how far to look back (default: the setting StrongroomRetirementGuardDays)',
      ...instanceAnswerOptions,
    },
    examples: ['strongroom key dependants tde-root-key', 'strongroom key dependants tde-root-key --days 90 --json'],
    run: asking(
      answered,
      ({ days, version }: Values & { readonly days: string | undefined }, [name]: readonly [string]) => {
        if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) throw new UsageError('name one key');
        if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days))
          throw new UsageError('--days is a whole number above 0');
        if (version !== undefined && !/^[0-9a-f]{32}$/.test(version))
          throw new UsageError('--version has 32 hexadecimal digits');
        return ['GET', `/strongroom/v1/keys/${name}/dependants${days === undefined ? '' : `?days=${days}`}`];
      },
    ),
  }),
];
