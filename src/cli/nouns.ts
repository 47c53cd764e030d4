// The words that commands begin with, in the order in which help lists them. A file of commands, `commands/WORD.ts`, is loaded when its
// word was typed: here and nowhere else.
import type { Noun } from './command.ts';

/** With what the commands of each have in common, or what a command by itself does, so that the list of all loads none. */
const WORDS: readonly (readonly [noun: string, summary: string | undefined, alone?: string])[] = [
  ['start', undefined, 'run the service in the foreground'],
  ['status', undefined, 'show the running processes and instances'],
  ['unlock', undefined, 'open the sealed root keys of a locked instance'],
  ['config', 'the configuration of a production deployment'],
  ['instance', 'stop, start and restart one instance, or have it go on without its newest witnesses'],
  ['seal', "what an instance's root keys are sealed by"],
  ['env', undefined, 'print shell lines that connect clients to the running service'],
  ['alias', 'further names of instances, which can move to another'],
  ['application', 'certificates that applications of the development directory sign in with'],
  ['identity', 'managed identities of the development directory, for local programs'],
  ['federation', "tokens of other issuers, exchanged for an application's"],
  ['settings', 'settings of an instance'],
  ['separation', 'whether what administrators do takes two of them'],
  ['reason', undefined, 'print the shell line that makes az say why a role is given or a key in use is retired'],
  ['approval', 'what waits for a second administrator'],
  ['access', 'who may do what, and why a call was refused'],
  ['key', 'keys, as whoever looks after them sees them'],
  ['network', 'network rules: plan them, try them, keep them'],
  ['custodian', 'what custodians of a security domain do, and the register of them'],
  ['ceremony', 'activation, recovery and resharing, step by step, with a signed report'],
  ['backup', 'full backups of an HSM, and where they may be kept'],
  ['audit', 'the audit log: read it, verify it, keep its checkpoints'],
  ['witness', "a witness of others' audit logs, on a machine of its own"],
  ['sinks', 'where the logs are sent to'],
  [
    'usage',
    undefined,
    'show who used which key how often, what changed in roles, what failed, and what volume was unusual',
  ],
  ['alerts', 'what is told, to whom, and what is kept quiet'],
  ['rehearse', 'rehearsals of a recovery, and their signed records'],
  ['byok', 'keys of your own, wrapped for an HSM'],
  ['clock', "a development instance's clock"],
  ['release', 'secure key release: policies, tokens, authorities'],
  ['attestation', 'what an HSM signed about a key'],
  ['verify', 'all that verifies, for an auditor'],
];

export const nouns: readonly Noun[] = WORDS.map(([noun, summary, alone]) => ({
  noun,
  summary,
  alone,
  load: () => import(`./commands/${noun}.ts`) as ReturnType<Noun['load']>,
}));
