import type { Command } from '../command.ts';
import { open, showPacket } from './custodian/inspect.ts';
import { fingerprint, keygen, paper, restorePaper } from './custodian/keys.ts';
import { challenge, list, name, submit } from './custodian/register.ts';
import { share } from './custodian/share.ts';
import { acknowledge, answer, handOver, leave } from './custodian/statements.ts';
import { tool } from './custodian/tool.ts';

export const commands: readonly Command[] = [
  ...[keygen, fingerprint, paper, restorePaper],
  ...[acknowledge, answer, share, showPacket, handOver, leave, open, tool],
  ...[list, name, challenge, submit],
];
