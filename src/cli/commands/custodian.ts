import type { Command } from '../command.ts';
import { acknowledge } from './custodian/acknowledge.ts';
import { answer } from './custodian/answer.ts';
import { challenge } from './custodian/challenge.ts';
import { fingerprint } from './custodian/fingerprint.ts';
import { handOver } from './custodian/hand-over.ts';
import { keygen } from './custodian/keygen.ts';
import { leave } from './custodian/leave.ts';
import { list } from './custodian/list.ts';
import { name as nameCustodian } from './custodian/name.ts';
import { open } from './custodian/open.ts';
import { restore as restorePaper } from './custodian/paper/restore.ts';
import { paper } from './custodian/paper.ts';
import { share } from './custodian/share.ts';
import { show as showPacket } from './custodian/show.ts';
import { submit } from './custodian/submit.ts';
import { tool } from './custodian/tool.ts';

export const commands: readonly Command[] = [
  keygen,
  fingerprint,
  paper,
  restorePaper,
  acknowledge,
  answer,
  share,
  showPacket,
  handOver,
  leave,
  open,
  tool,
  list,
  nameCustodian,
  challenge,
  submit,
];
