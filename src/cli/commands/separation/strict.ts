// `strongroom separation strict`: from now on, what an administrator does to roles needs a second one.
import { command } from '../../command.ts';
import { answerSeparation, separationOptions } from './answer.ts';

export const strict = command({
  name: 'separation strict',
  summary: 'separate duties, for good',
  operands: '',
  details: `
From then on nobody gives a role to themselves, administrative roles and role definitions need a second person, grants have a
reason, and applications administer nothing: the development administrator, which is one, included. There is no way back.

Two people do it, who both have Managed HSM Administrator at / without an end: the command is refused at first and names an
approval, the other one approves it, and the command is repeated.`,
  options: separationOptions,
  examples: ['strongroom separation strict --as az', 'strongroom separation strict --as alice --hsm-name dev'],
  run: (values, _operands, terminal) => answerSeparation(values, terminal, { mode: 'strict' }),
});
