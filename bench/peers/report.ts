// The comparison as text, and whether every answer in it was right and recorded.
import { count, table } from '../table.ts';
import { PUBLISHED } from './peers.ts';
import type { PeerRow } from './rounds.ts';
import type { PeersResults } from './run.ts';

export function peersReport(results: PeersResults): string {
  const { environment: on, seconds, connections, services, rows } = results;
  const operations = [...new Set(rows.map(({ operation }) => operation))];
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}, commit ${on.commit}, ${on.time}`,
    `Load: ${connections} keep-alive connections, rounds of ${seconds} s taken in turns, generator on the same cores`,
    ...services.map(({ name, setting }) => `${name}: ${setting}`),
    `${PUBLISHED.name}: one partition of three, one key in use, not measured here; ${PUBLISHED.source}`,
    '',
    ...table(
      ['operation', 'service', 'ops/s', 'rounds', 'p50 ms', 'p99 ms', 'µs/op', 'ours is', ''],
      operations.flatMap((operation) => {
        const measured = rows.filter((row) => row.operation === operation);
        const ours = measured.find(({ service }) => service === 'Strongroom')?.opsPerSecond ?? Number.NaN;
        const published = PUBLISHED.perSecond.get(operation);
        return [
          ...measured.map((row) => cells(row, ours)),
          ...(published === undefined
            ? []
            : [[operation, PUBLISHED.name, count(published), '–', '–', '–', '–', times(ours / published), '']]),
        ];
      }),
    ),
    '',
  ].join('\n');
}

/** Whether a figure may be believed: every answer right, and recorded by whoever has a log. */
export function isSound({ served }: PeerRow): boolean {
  if (served === undefined) return true;
  const { wrong, errors, audit } = served;
  return wrong === 0 && Object.keys(errors).length === 0 && audit !== undefined && audit.entries >= audit.answers;
}

function cells(row: PeerRow, ours: number): readonly string[] {
  const { operation, service, opsPerSecond, slowest, fastest, served } = row;
  return [
    operation,
    service,
    count(opsPerSecond),
    `${count(slowest)}–${count(fastest)}`,
    served?.p50Ms.toFixed(2) ?? '–',
    served?.p99Ms.toFixed(2) ?? '–',
    served?.cpuMicros.toFixed(0) ?? '–',
    service === 'Strongroom' ? '' : times(ours / opsPerSecond),
    remarks(row),
  ];
}

function times(ratio: number): string {
  return `${ratio.toFixed(1)} ×`;
}

function remarks({ disturbed, served }: PeerRow): string {
  const found: string[] = disturbed ? ['disturbed'] : [];
  if (served !== undefined) {
    const { wrong, checked, errors, audit } = served;
    if (wrong > 0) found.push(`${wrong} of ${checked} answers WRONG`);
    for (const [what, number] of Object.entries(errors)) found.push(`${number}× ${what}`);
    if (audit === undefined) found.push('NO AUDIT LOG');
    else if (audit.entries < audit.answers) found.push(`TOO FEW audit entries: ${audit.entries} for ${audit.answers}`);
  }
  return found.join(', ');
}
