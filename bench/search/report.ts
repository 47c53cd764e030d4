// Searches of a long log as text: each question by the command and by the service, beside the raw reading of the index.
import { isDisturbed } from '../machine/disturbance.ts';
import { median } from '../median.ts';
import { count, mib, ms, table } from '../table.ts';
import { PAGE, type QuestionResults, type SearchResults, type Times, wrongAnswers } from './results.ts';

export function searchReport(results: SearchResults): string {
  const { environment: on, entries, indexBytes, build, rawMs, isCold, questions, disturbance } = results;
  const wrong = new Set(wrongAnswers(results));
  const times = ({ coldMs, warmMs }: Times): string[] => [coldMs, median(warmMs), Math.max(...warmMs)].map(ms);
  const row = (each: QuestionResults): string[] => [
    each.name,
    String(each.found.command),
    ...times(each.command),
    ...times(each.service),
    (median(each.service.warmMs) / rawMs).toFixed(2),
    ms(each.service.heldMs),
    wrong.has(each) ? `wrong: ${each.finds} expected, ${each.found.service} by the service` : '',
  ];
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    `${count(entries)} entries, an index of ${(indexBytes / 2 ** 20).toFixed(1)} MiB, whose bytes are read in ${ms(rawMs)} (raw); the first ${PAGE} that fit`,
    ...(build === undefined
      ? []
      : [
          `The index was made in ${ms(build.ms)}, ${ms(build.cpuMs)} of processor time, with ${mib(build.mostKiB)} MiB at most`,
        ]),
    ...(isCold ? [] : ['Not cold: nothing here drops a file from the page cache']),
    ...(isDisturbed(disturbance) ? ['Disturbed: others took part of the cores'] : []),
    '',
    ...table(
      ['', 'found', 'command, cold', 'median', 'worst', 'service, cold', 'median', 'worst', '÷ raw', 'held', ''],
      questions.map(row),
    ),
    '',
  ].join('\n');
}
