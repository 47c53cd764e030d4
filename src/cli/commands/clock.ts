// `strongroom clock …`: the time of a development instance, shown, moved forward, set back.
import { type Answer, type Command, CommandError, command } from '../command.ts';
import { durationText, readDuration } from '../duration.ts';
import { type InstanceValues, instanceAnswerOptions, openInstanceClient } from '../instance-client.ts';

export const commands: readonly Command[] = [
  command({
    name: 'clock advance',
    summary: "move a development instance's clock forward",
    operands: 'DURATION',
    wants: 'give one duration, for example 30d',
    details: `
Durations are 30d, 12h, 90m or 45s, and add up. What falls due on the way happens at once: purges, rotations, the end of
keys. Tokens, certificates and the audit log keep real time. Only instances of the dev profile have this. Where duties are
separated a person does it: --as alice.`,
    options: instanceAnswerOptions,
    examples: ['strongroom clock advance 30d', 'strongroom clock advance 12h --hsm-name dev --as alice'],
    run: (values, [duration]) => clock(values, { advanceSeconds: readDuration(duration) }),
  }),
  command({
    name: 'clock show',
    summary: "show a development instance's time",
    operands: '',
    options: instanceAnswerOptions,
    examples: ['strongroom clock show', 'strongroom clock show --json'],
    run: (values) => clock(values),
  }),
  command({
    name: 'clock reset',
    summary: 'set a development instance back to real time',
    operands: '',
    details: 'What has happened meanwhile stays: purged keys are gone, and keys made later than now have a date ahead.',
    options: instanceAnswerOptions,
    examples: ['strongroom clock reset'],
    run: (values) => clock(values, { reset: true }),
  }),
];

/** @param travel absent: only looks */
async function clock(values: InstanceValues, travel?: object): Promise<Answer> {
  const method = travel === undefined ? 'GET' : 'POST';
  const answer = await openInstanceClient(values).ask(method, '/strongroom/clock', travel);
  const { now, offsetSeconds } = answer as { readonly now?: unknown; readonly offsetSeconds?: unknown };
  if (typeof now !== 'number' || typeof offsetSeconds !== 'number') throw new CommandError('the answer is not a clock');
  const ahead = offsetSeconds === 0 ? 'real time' : `${durationText(offsetSeconds)} ahead of real time`;
  return { json: { now, offsetSeconds }, text: `${new Date(now * 1000).toISOString()}  (${ahead})\n` };
}
