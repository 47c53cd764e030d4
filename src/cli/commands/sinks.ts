// `strongroom sinks …`: how far each log has been sent where.
import { BEHIND_S, isBehind, readStatuses, type SinkStatus } from '../../watcher/sinks/sink-status.ts';
import { command, dataOption, jsonOption } from '../command.ts';
import { placesWithData } from '../running.ts';
import { table } from '../show.ts';

export const commands = [
  command({
    name: 'sinks status',
    summary: 'show how far each log has been sent to each sink',
    details: `
A row for each log at each sink, from the files of the data directory: it works whether the service runs or not. A sink
is behind when an entry has waited for more than ${BEHIND_S} seconds; then the exit code is 1. Entries that a receiver
will never take are counted, and with --json named: they stay in the log.`,
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom sinks status', 'strongroom sinks status --json'],
    run(values) {
      const statuses = readStatuses(placesWithData(values.data), Date.now());
      const behind = statuses.filter(isBehind).map(({ sink, log }) => `${sink} (${log})`);
      return {
        json: statuses.map((status) => ({ ...status, isBehind: isBehind(status) })),
        text: statuses.length === 0 ? '' : table(HEADINGS, statuses.map(row)),
        hint: statuses.length === 0 ? "no log is sent anywhere: name 'sinks' in the configuration\n" : '',
        failure: behind.length === 0 ? undefined : `behind: ${behind.join(', ')}`,
      };
    },
  }),
];

const HEADINGS = ['SINK', 'LOG', 'SENT', 'BEHIND', 'OLDEST', 'REFUSED', 'LAST SUCCESS', 'LAST FAILURE'] as const;

function row({ sink, log, next, behind, refused, lastSuccess, lastFailure }: SinkStatus): readonly string[] {
  const failure = lastFailure === undefined ? '-' : `${lastFailure.at} ${lastFailure.why}`;
  const waits = behind.entries === 0 ? '-' : `${behind.seconds} s`;
  return [sink, log, String(next), String(behind.entries), waits, String(refused), lastSuccess ?? '-', failure];
}
